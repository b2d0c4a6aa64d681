"""workflows: which there are, what each takes, what is wrong with them, and new ones."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from vqd.cli.app import EXIT_FAULTS, ends_in_words, json_option, settings_option
from vqd.cli.table import Cell, print_table
from vqd.cli.workflow_page import as_json, print_page
from vqd.domain.errors import Problem, VqdError
from vqd.domain.names import printable
from vqd.domain.workflow import Workflow
from vqd.service.workflows import (
    Workflows,
    WorkflowView,
    converted_definition,
    new_definition,
    open_workflows,
    write_definition,
)
from vqd.settings import load_settings

NO_SERVER = "no server has been seen yet"
_STATES = {"ok": "green", "broken": "red", "nowhere": "yellow", "unknown": None}
_folder_option = click.option(
    "-o",
    "--output",
    "folder",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for the two files; this one without it.",
)
_object_info_option = click.option(
    "--object-info",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What a server answered on /object_info, instead of what the daemon saw.",
)
_name_option = click.option("--name", help="The workflow's name; else that of the file.")
_force_option = click.option("--force", is_flag=True, help="Replace files that are there.")


@click.group()
def workflows() -> None:
    """Look at workflows, check them, and make new ones."""


@workflows.command("list")
@settings_option
@json_option
@ends_in_words
def list_workflows(settings_file: Path | None, *, as_json: bool) -> None:
    """List all workflows."""
    with _open(settings_file) as opened:
        views = opened.all()
    if as_json:
        _print_json([_summary(view) for view in views])
        return
    rows = [_row(view) for view in views]
    print_table(rows, header=("NAME", "LABEL", "GROUP", "VERSION", "INPUTS", "STATE"))


@workflows.command()
@click.argument("name")
@settings_option
@json_option
@ends_in_words
def show(name: str, settings_file: Path | None, *, as_json: bool) -> None:
    """Show what the workflow NAME takes and makes, and a whole job for it."""
    with _open(settings_file) as opened:
        view = opened.get(name)
    if as_json:
        _print_json({**_summary(view), **_details(view)})
    elif view.workflow is not None:
        print_page(view, view.workflow)
    _print_faults(view)
    sys.exit(EXIT_FAULTS if view.problems else 0)


@workflows.command()
@click.argument("names", nargs=-1, metavar="[NAME]…")
@settings_option
@json_option
@ends_in_words
def check(names: tuple[str, ...], settings_file: Path | None, *, as_json: bool) -> None:
    """Check the definitions named, or all: against their graphs, and against every server seen.

    Ends with 3 if a definition is broken, or can run on none of the servers that were seen.
    """
    with _open(settings_file) as opened:
        views = opened.all(names)
    if as_json:
        _print_json([{**_summary(view), **_checks(view)} for view in views])
    else:
        print_table([_check_row(view) for view in views])
        for view in views:
            _print_faults(view)
            _print_servers(view)
    sys.exit(EXIT_FAULTS if any(view.state in ("broken", "nowhere") for view in views) else 0)


@workflows.command()
@click.argument("graph", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_object_info_option
@_name_option
@_folder_option
@_force_option
@settings_option
@ends_in_words
def new(
    graph: Path,
    object_info: Path | None,
    name: str | None,
    folder: Path,
    settings_file: Path | None,
    *,
    force: bool,
) -> None:
    """Write a definition for GRAPH, as ComfyUI exports a graph or its page saves one."""
    store_path = _store_path(settings_file)
    made = new_definition(graph, store_path=store_path, object_info=object_info, name=name)
    _tell_written(made.files.workflow, write_definition(made, folder, source=graph, force=force))


@workflows.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_object_info_option
@_name_option
@_folder_option
@_force_option
@settings_option
@ends_in_words
def convert(
    old: Path,
    object_info: Path | None,
    name: str | None,
    folder: Path,
    settings_file: Path | None,
    *,
    force: bool,
) -> None:
    """Write the definition that OLD, one of video_queue, becomes. What changes is told."""
    store_path = _store_path(settings_file)
    made = converted_definition(old, store_path=store_path, object_info=object_info, name=name)
    written = write_definition(made, folder, source=old, force=force)
    for note in made.notes:
        word = "left out" if note.code == "unknown_key" else "note"
        click.echo(f"{word}: {note.in_full}", err=True)
    _tell_written(made.files.workflow, written)


@contextmanager
def _open(settings_file: Path | None) -> Iterator[Workflows]:
    settings = load_settings(settings_file)
    with open_workflows(settings.workflows, settings.store_path) as opened:
        yield opened


def _store_path(settings_file: Path | None) -> Path | None:
    """Give where the store is; None where nothing is set up, which a definition does not need."""
    try:
        return load_settings(settings_file).store_path
    except VqdError:
        if settings_file is not None:
            raise
        return None


def _row(view: WorkflowView) -> list[Cell | str]:
    workflow = view.workflow
    state = Cell(_state(view), _STATES[view.state])
    if workflow is None:
        return [view.name, "", "", "", "", state]
    inputs = ", ".join(
        f"{slot.name}{'' if slot.required else '?'}" for slot in workflow.inputs.values()
    )
    return [view.name, workflow.label, workflow.group, str(workflow.version), inputs, state]


def _check_row(view: WorkflowView) -> list[Cell | str]:
    state = Cell(view.state, _STATES[view.state])
    match view.state:
        case "ok":
            return [state, view.name, f"on {', '.join(view.able)}"]
        case "unknown":
            return [state, view.name, NO_SERVER]
        case "nowhere":
            return [state, view.name, f"not on {', '.join(view.servers)}"]
        case _:
            return [state, view.name, f"{len(view.problems)} to mend"]


def _state(view: WorkflowView) -> str:
    match view.state:
        case "broken":
            more = f" (and {len(view.problems) - 1} more)" if len(view.problems) > 1 else ""
            return f"broken: {view.problems[0]}{more}"
        case "unknown":
            return f"unknown: {NO_SERVER}"
        case "nowhere":
            return "on no server: vqd workflows check says why"
        case _:
            return "ok"


def _print_faults(view: WorkflowView) -> None:
    for problem in view.problems:
        click.echo(f"error: {problem.in_full} [{problem.code}]", err=True)


def _print_servers(view: WorkflowView) -> None:
    for server, found in view.servers.items():
        told: list[tuple[str, tuple[Problem, ...]]] = [
            ("error", found.faults),
            ("note", found.notes),
            ("drifted", view.drift.get(server, ())),
        ]
        for word, problems in told:
            for problem in problems:
                where = printable(f"{server}: {problem.in_full}")
                click.echo(f"{word}: {where} [{problem.code}]", err=True)


def _tell_written(workflow: Workflow, written: tuple[Path, ...]) -> None:
    for path in written:
        click.echo(f"wrote {path}")
    counts = (("input", workflow.inputs), ("parameter", workflow.params))
    told = ", ".join(f"{len(ones)} {word}{'' if len(ones) == 1 else 's'}" for word, ones in counts)
    click.echo(f"{told}; read it once, then: vqd workflows check {workflow.name}")


def _summary(view: WorkflowView) -> dict[str, Any]:
    workflow = view.workflow
    return {
        "name": view.name,
        "label": workflow.label if workflow else None,
        "group": workflow.group if workflow else None,
        "version": workflow.version if workflow else None,
        "inputs": [*workflow.inputs] if workflow else [],
        "state": view.state,
        "able": [*view.able],
        "problems": [_problem(problem) for problem in view.problems],
    }


def _details(view: WorkflowView) -> dict[str, Any]:
    return as_json(view.workflow) if view.workflow else {}


def _checks(view: WorkflowView) -> dict[str, Any]:
    return {
        "servers": {
            server: {
                "faults": [_problem(problem) for problem in found.faults],
                "notes": [_problem(problem) for problem in found.notes],
                "drifted": [_problem(problem) for problem in view.drift.get(server, ())],
            }
            for server, found in view.servers.items()
        }
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "where": problem.where,
        "line": problem.line,
        "key": problem.key,
        "said": problem.said,
        "allowed": problem.allowed,
        "hint": problem.hint,
    }


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
