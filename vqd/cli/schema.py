"""schema: what an editor needs to complete and check what people write, and a program to read
STATUS.yaml."""

import json
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, settings_option
from vqd.cli.completing import workflow_names
from vqd.cli.helping import examples
from vqd.cli.loading import settings_of
from vqd.documents.json_schema import Schema
from vqd.service import schemas
from vqd.settings.model import settings_schema
from vqd.spool.statusschema import status_schema


@click.command(
    epilog=examples("vqd schema job > job.schema.json", "vqd schema job --workflow wan-i2v")
)
@click.argument("kind", type=click.Choice(["job", "workflow", "settings", "status"]))
@click.option(
    "--workflow",
    "name",
    metavar="NAME",
    shell_complete=workflow_names,
    help="Only job files that ask for this one.",
)
@settings_option
@ends_in_words
def schema(kind: str, name: str | None, settings_file: Path | None) -> None:
    """Print the JSON Schema of a job file, a workflow definition, the settings or STATUS.yaml.

    An editor with the YAML language server reads it from a file whose first line is:

        # yaml-language-server: $schema=job.schema.json
    """
    if name is not None and kind != "job":
        raise click.UsageError("--workflow goes with `vqd schema job`.")
    made = _schema(kind) if name is None else _job_schema_for(name, settings_file)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


def _schema(kind: str) -> Schema:
    match kind:
        case "job":
            return schemas.job_schema()
        case "workflow":
            return schemas.workflow_schema()
        case "status":
            return status_schema()
        case _:
            return settings_schema()


def _job_schema_for(name: str, settings_file: Path | None) -> Schema:
    settings = settings_of(settings_file)
    return schemas.job_schema_for(
        name, workflows=settings.workflows, queue_place=settings.queue_place
    )
