"""workflows: which there are, what each takes, what is wrong with them, and new ones."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from vqd.cli.app import Verbs, ends_in_words, json_option, settings_option
from vqd.cli.asking import asks_queue
from vqd.cli.codes import EXIT_FAULTS
from vqd.cli.completing import workflow_names
from vqd.cli.helping import examples
from vqd.cli.loading import settings_of
from vqd.cli.table import Cell, print_table
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.cli.workflow_page import job_lines, print_page
from vqd.domain.errors import Problem, VqdError
from vqd.domain.names import printable
from vqd.domain.place import Place
from vqd.domain.workflow import Workflow
from vqd.service.shapes.shape import problem_of, problem_shape
from vqd.service.shapes.workflows import (
    CheckedShape,
    FoundShape,
    WorkflowDetailShape,
    WorkflowPageShape,
    WorkflowShape,
    workflow_shape,
    written_shape,
)
from vqd.service.workflows import (
    Workflows,
    WorkflowView,
    converted_definition,
    new_definition,
    open_workflows,
    write_definition,
)
from vqd.settings.site import load_site

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


@click.group(cls=Verbs)
def workflows() -> None:
    """Look at workflows, check them, and make new ones."""


@workflows.command("list", epilog=examples("vqd workflows list"))
@json_option
@ends_in_words
@asks_queue
def list_workflows(way: Way, *, as_json: bool) -> None:
    """List all workflows."""
    listed = way.workflows()
    if as_json:
        print_json(listed)
        return
    rows = [_row(workflow) for workflow in listed]
    print_table(rows, header=("NAME", "LABEL", "GROUP", "VERSION", "INPUTS", "STATE"))


@workflows.command(epilog=examples("vqd workflows show image-scale"))
@click.argument("name", shell_complete=workflow_names)
@json_option
@ends_in_words
@asks_queue
def show(way: Way, name: str, *, as_json: bool) -> None:
    """Show what the workflow NAME takes and makes, and a whole job for it."""
    workflow = way.workflow(name)
    if as_json:
        told = {key: getattr(workflow, key) for key in WorkflowDetailShape.__match_args__}
        job = "\n".join(job_lines(workflow)) + "\n"
        print_json(WorkflowPageShape(**told, job=job))
    elif workflow.state != "broken":
        print_page(workflow)
    for problem in workflow.problems:
        click.echo(f"error: {problem_of(problem).in_full} [{problem.code}]", err=True)
    sys.exit(EXIT_FAULTS if workflow.problems else 0)


@workflows.command(epilog=examples("vqd workflows check", "vqd workflows check image-scale"))
@click.argument("names", nargs=-1, metavar="[NAME]…", shell_complete=workflow_names)
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
        print_json([_checked(view) for view in views])
    else:
        print_table([_check_row(view) for view in views])
        for view in views:
            _print_faults(view)
            _print_servers(view)
    sys.exit(EXIT_FAULTS if any(view.state in ("broken", "nowhere") for view in views) else 0)


@workflows.command(epilog=examples("vqd workflows new wan-i2v.json -o workflows/"))
@click.argument("graph", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_object_info_option
@_name_option
@_folder_option
@_force_option
@settings_option
@json_option
@ends_in_words
def new(
    graph: Path,
    object_info: Path | None,
    name: str | None,
    folder: Path,
    settings_file: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write a definition for GRAPH, as ComfyUI exports a graph or its page saves one."""
    queue_place = _queue_place(settings_file)
    made = new_definition(graph, queue_place=queue_place, object_info=object_info, name=name)
    written = write_definition(made, folder, source=graph, force=force)
    _tell_written(made.files.workflow, made.notes, written, as_json=as_json)


@workflows.command(epilog=examples("vqd workflows convert old/upscale.yaml -o workflows/"))
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_object_info_option
@_name_option
@_folder_option
@_force_option
@settings_option
@json_option
@ends_in_words
def convert(
    old: Path,
    object_info: Path | None,
    name: str | None,
    folder: Path,
    settings_file: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write the definition that OLD, one of video_queue, becomes. What changes is told."""
    queue_place = _queue_place(settings_file)
    made = converted_definition(old, queue_place=queue_place, object_info=object_info, name=name)
    written = write_definition(made, folder, source=old, force=force)
    _tell_written(made.files.workflow, made.notes, written, as_json=as_json)


@contextmanager
def _open(settings_file: Path | None) -> Iterator[Workflows]:
    settings = settings_of(settings_file)
    with open_workflows(settings.workflows, settings.queue_place) as opened:
        yield opened


def _queue_place(settings_file: Path | None) -> Place | None:
    """Give where the store is; None where nothing is set up, which a definition does not need."""
    try:
        return load_site(settings_file).queue_place
    except VqdError:
        if settings_file is not None:
            raise
        return None


def _row(workflow: WorkflowShape) -> list[Cell | str]:
    return [
        workflow.name,
        workflow.label or "",
        workflow.group or "",
        "" if workflow.version is None else str(workflow.version),
        ", ".join(workflow.inputs),
        Cell(_state(workflow), _STATES.get(workflow.state)),
    ]


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


def _state(workflow: WorkflowShape) -> str:
    match workflow.state:
        case "broken":
            count = len(workflow.problems)
            more = f" (and {count - 1} more)" if count > 1 else ""
            return f"broken: {problem_of(workflow.problems[0])}{more}"
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


def _tell_written(
    workflow: Workflow, notes: Sequence[Problem], written: Sequence[Path], *, as_json: bool
) -> None:
    if as_json:
        print_json(written_shape(workflow, notes, written))
        return
    for note in notes:
        word = "left out" if note.code == "unknown_key" else "note"
        click.echo(f"{word}: {note.in_full}", err=True)
    for path in written:
        click.echo(printable(f"wrote {path}"))
    counts = (("input", workflow.inputs), ("parameter", workflow.params))
    told = ", ".join(f"{len(ones)} {word}{'' if len(ones) == 1 else 's'}" for word, ones in counts)
    click.echo(f"{told}; read it once, then: vqd workflows check {workflow.name}")


def _checked(view: WorkflowView) -> CheckedShape:
    shape = workflow_shape(view)
    return CheckedShape(
        **{key: getattr(shape, key) for key in WorkflowShape.__match_args__},
        servers={
            server: FoundShape(
                faults=[*map(problem_shape, found.faults)],
                notes=[*map(problem_shape, found.notes)],
                drifted=[*map(problem_shape, view.drift.get(server, ()))],
            )
            for server, found in view.servers.items()
        },
    )
