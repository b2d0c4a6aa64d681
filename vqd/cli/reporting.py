"""report: the page that shows what a job made, made again."""

from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option, settings_option, spool_option
from vqd.cli.completing import job_names
from vqd.cli.folders import job_folder
from vqd.cli.helping import examples
from vqd.cli.told import print_json
from vqd.domain.names import printable
from vqd.service.reports import make_report
from vqd.service.shapes.answers import ReportShape
from vqd.settings.load import load_settings
from vqd.spool.layout import Spool


@click.command(epilog=examples("vqd report beach"))
@click.argument("job", shell_complete=job_names)
@spool_option
@settings_option
@json_option
@ends_in_words
def report(job: str, spool_dir: Path | None, settings_file: Path | None, *, as_json: bool) -> None:
    """Make the report of a JOB again, from its folder; a part of its name is enough.

    It needs no daemon and no queue. A job that is not over shows what it has made so far.
    """
    if spool_dir is not None:
        page = make_report(job_folder(Spool(spool_dir), job))
    else:
        settings = load_settings(settings_file)
        folder = job_folder(Spool(settings.spool), job)
        kept = settings.state_dir / "thumbnails"
        page = make_report(folder, kept, roots=settings.input_roots)
    if as_json:
        print_json(ReportShape(page.parent.name, str(page)), in_line=True)
    else:
        click.echo(printable(str(page)))
