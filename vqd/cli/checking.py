"""check: what a job would run, where and for how long, or everything that is wrong with it."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.codes import EXIT_FAULTS
from vqd.cli.helping import examples
from vqd.cli.jobpath import hot_defaults_at
from vqd.cli.table import Cell, print_table, styled
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.documents.sizes import size_told
from vqd.domain.graph import Value
from vqd.domain.names import printable
from vqd.domain.times import duration
from vqd.service.shapes.check import CheckShape, HotFolderShape, NeedsShape, PointShape
from vqd.service.shapes.shape import ProblemShape, problem_of

SHOWN_POINTS = 5
_LONGEST_VALUE = 32


@click.command(
    epilog=examples(
        "vqd check beach.yaml", "vqd check beach/ --points 20", "vqd check beach/ --graph 3"
    )
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--points",
    "shown",
    default=SHOWN_POINTS,
    show_default=True,
    type=click.IntRange(0, 100),
    help="How many of its prompts are shown.",
)
@click.option("--graph", "number", type=int, metavar="N", help="Print the graph of prompt N alone.")
@json_option
@ends_in_words
@asks_queue
def check(way: Way, path: Path, shown: int, number: int | None, *, as_json: bool) -> None:
    """Say what a job would run, or everything that is wrong with it. PATH is a job file or folder,
    or a hot folder.

    Nothing is run and nothing is changed.
    """
    if number is not None:
        _print_graph(way.graph(path, number))
        return
    defaults = hot_defaults_at(path)
    if defaults is not None:
        sys.exit(_tell_hot(way.hot_folder(defaults), as_json=as_json))
    told = way.check(path, points=shown)
    if as_json:
        print_json(told)
    else:
        _print(told)
    sys.exit(EXIT_FAULTS if told.problems else 0)


def _tell_hot(hot: HotFolderShape, *, as_json: bool) -> int:
    """Tell what drops in a hot folder become; gives the exit code."""
    if as_json:
        print_json(hot)
    elif hot.problems:
        _print_faults(hot.problems)
        click.echo(f"{len(hot.problems)} to mend; what is dropped here waits.")
    else:
        click.echo(printable(f"hot folder: {hot.kinds} become jobs of {hot.workflow}"))
    return EXIT_FAULTS if hot.problems else 0


def _print_graph(graph: str) -> None:
    click.echo(graph, nl=False)
    said = "in angle brackets stands what is only known when the prompt is sent"
    click.echo(styled(Cell(said, is_faint=True)), err=True)


def _print_faults(problems: Sequence[ProblemShape]) -> None:
    for problem in problems:
        click.echo(f"error: {problem_of(problem).in_full} [{problem.code}]")


def _print(told: CheckShape) -> None:
    if told.problems:
        _print_faults(told.problems)
        click.echo(f"{len(told.problems)} to mend; nothing would run.")
        return
    about = f"{_count(told.prompts, 'prompt')} of {told.workflow}, " + _count(
        len(told.inputs), "input"
    )
    click.echo(printable(f"{told.name}: {about}"))
    for said in told.drift:
        click.echo(printable(f"drift: {said}"))
    for said in told.left_out:
        click.echo(printable(f"left out: no input takes {said}"))
    _print_points(told)
    click.echo()
    print_table([*_facts(told)])
    for server, faults in told.servers.items():
        for problem in faults:
            said = printable(f"{server}: {problem_of(problem).in_full}")
            click.echo(f"{said} [{problem.code}]", err=True)


def _print_points(told: CheckShape) -> None:
    if not told.points:
        return
    has_seed = any(point.seed is not None for point in told.points)
    names = [*_varying(told)]
    head = ["#", *(["INPUT"] if told.points[0].inputs else []), *(name.upper() for name in names)]
    rows = [_row(point, names, has_seed=has_seed) for point in told.points]
    click.echo()
    print_table(
        rows, header=[*head, *(["SEED"] if has_seed else []), "OUTPUT"], right=frozenset({0})
    )
    if told.prompts > len(told.points):
        more = f"… and {told.prompts - len(told.points):,} more (--points, --graph N)"
        click.echo(styled(Cell(more, is_faint=True)))


def _row(point: PointShape, names: Sequence[str], *, has_seed: bool) -> list[Cell | str]:
    inputs = [", ".join(point.inputs.values())] if point.inputs else []
    values = [_shown(point.params[name]) if name in point.params else "" for name in names]
    seed = [str(point.seed)] if has_seed else []
    return [str(point.prompt), *inputs, *values, *seed, f"outputs/{point.output}"]


def _varying(told: CheckShape) -> Iterator[str]:
    """Give the parameters that vary, but for the seed, which has a column of its own."""
    for name in dict.fromkeys(name for point in told.points for name in point.params):
        values = [point.params.get(name) for point in told.points]
        is_seed = values == [point.seed for point in told.points]
        if not is_seed and (name in told.axes or len({*values}) > 1):
            yield name


def _facts(told: CheckShape) -> Iterator[list[Cell | str]]:
    if told.kept is not None:
        yield from _kept(told, told.kept)
    same = "  ".join(f"{name}={_shown(value)}" for name, value in told.params.items())
    if same:
        yield [_fact("same in all"), same]
    if told.quote:
        yield [_fact("start"), Cell(told.quote, "yellow")]
    if told.proof:
        yield [_fact("proof"), "made first, then it waits for APPROVE"]
    yield [_fact("servers"), _servers(told)]
    yield [_fact("time"), _time(told)]
    yield [_fact("space"), _space(told.needs)]


def _space(needs: NeedsShape) -> Cell:
    free = "" if needs.free_bytes is None else f", of {size_told(needs.free_bytes)} free"
    if needs.bytes is None:
        said = f"unknown: this workflow has no outputs yet{free}"
    else:
        last = _count(needs.measured, "prompt")
        said = f"about {size_told(needs.bytes)}{free}, by its last {last}"
    if needs.shortage is None:
        return Cell(said)
    return Cell(f"{said}; it would be parked: {needs.shortage}", "red")


def _kept(told: CheckShape, kept: int) -> Iterator[list[Cell | str]]:
    """Say what need not be made again, and of the first prompts that must, why."""
    to_run = told.prompts - kept
    yield [_fact("kept"), f"{kept:,} kept, {to_run:,} to run"]
    for one in told.to_run[:SHOWN_POINTS]:
        yield ["", f"#{one.prompt}: {one.why}"]
    if to_run > SHOWN_POINTS:
        yield ["", f"… and {to_run - SHOWN_POINTS:,} more (--json)"]


def _fact(name: str) -> Cell:
    return Cell(name, is_faint=True)


def _time(told: CheckShape) -> str:
    if told.needs.seconds is None:
        return "unknown: no prompt of this workflow was carried out yet"
    seconds = told.needs.seconds / max(1, len(told.able))
    about = f"about {duration(seconds)}" if seconds >= 1 else "less than a second"
    return f"{about} on {len(told.able)} servers" if len(told.able) > 1 else about


def _servers(told: CheckShape) -> Cell:
    if not told.servers:
        return Cell("unknown: no server has been seen yet")
    if told.able:
        return Cell(", ".join(told.able), "green")
    then = "it would wait" if told.would_wait else "it would be refused"
    return Cell(f"none of {', '.join(told.servers)} can run it; {then}", "yellow")


def _shown(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
