"""check: what a job would run, where and for how long, or everything that is wrong with it."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import click

from vqd.cli.app import EXIT_FAULTS, ends_in_words, json_option, settings_option
from vqd.cli.drafting import hot_defaults_at, job_file_at, opened
from vqd.cli.table import Cell, print_table, styled
from vqd.documents.sizes import size_told
from vqd.domain.errors import Faults
from vqd.domain.graph import Value
from vqd.domain.job import PlannedPrompt
from vqd.domain.names import printable
from vqd.service.preview import Preview
from vqd.settings import Settings, load_settings
from vqd.spool.space import Disks, Shortage

SHOWN_POINTS = 5
_LONGEST_VALUE = 32


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--points",
    "shown",
    default=SHOWN_POINTS,
    show_default=True,
    type=click.IntRange(0),
    help="How many of its prompts are shown.",
)
@click.option("--graph", "number", type=int, metavar="N", help="Print the graph of prompt N alone.")
@settings_option
@json_option
@ends_in_words
def check(
    path: Path, shown: int, number: int | None, settings_file: Path | None, *, as_json: bool
) -> None:
    """Say what a job would run, or everything that is wrong with it. PATH is a job file or folder,
    or a hot folder.

    Nothing is run and nothing is changed.
    """
    settings = load_settings(settings_file)
    defaults = hot_defaults_at(path)
    if defaults is not None:
        sys.exit(_check_hot(settings, defaults, as_json=as_json))
    with opened(settings) as previews:
        preview = previews.preview(job_file_at(path), now=time.time())
    disks = settings.look_at_disks()
    if number is not None:
        _print_graph(preview, number)
    elif as_json:
        click.echo(json.dumps(_as_json(preview, shown, disks), indent=2, ensure_ascii=False))
    else:
        _print(preview, shown, disks)
    sys.exit(EXIT_FAULTS if preview.draft.problems else 0)


def _check_hot(settings: Settings, defaults: Path, *, as_json: bool) -> int:
    """Tell what drops in a hot folder become; gives the exit code."""
    with opened(settings) as previews:
        hot = previews.hot_job(defaults)
    if as_json:
        problems = [asdict(problem) for problem in hot.problems]
        facts = {"hot_folder": True, "workflow": hot.workflow, "extensions": hot.extensions}
        click.echo(json.dumps({**facts, "problems": problems}, indent=2, ensure_ascii=False))
    else:
        for problem in hot.problems:
            click.echo(f"error: {problem.in_full} [{problem.code}]")
        if hot.problems:
            click.echo(f"{len(hot.problems)} to mend; what is dropped here waits.")
        else:
            click.echo(f"hot folder: {hot.kinds} become jobs of {hot.workflow}")
    return EXIT_FAULTS if hot.problems else 0


def _print_graph(preview: Preview, number: int) -> None:
    if preview.draft.problems:
        raise Faults(preview.draft.problems)
    click.echo(preview.graph_text(number), nl=False)
    said = "in angle brackets stands what is only known when the prompt is sent"
    click.echo(styled(Cell(said, is_faint=True)), err=True)


def _print(preview: Preview, shown: int, disks: Disks) -> None:
    draft = preview.draft
    for problem in draft.problems:
        click.echo(f"error: {problem.in_full} [{problem.code}]")
    if draft.problems:
        click.echo(f"{len(draft.problems)} to mend; nothing would run.")
        return
    about = f"{_count(preview.total, 'prompt')} of {draft.workflow}, " + _count(
        len(draft.inputs), "input"
    )
    click.echo(printable(f"{draft.name}: {about}"))
    for said in _drift(preview):
        click.echo(printable(f"drift: {said}"))
    _print_points(preview, shown)
    click.echo()
    print_table([*_facts(preview, disks)])
    for server, faults in preview.servers.items():
        for problem in faults:
            click.echo(printable(f"{server}: {problem.in_full} [{problem.code}]"), err=True)


def _drift(preview: Preview) -> tuple[str, ...]:
    planned = preview.draft.planned
    return planned.plan.drift if planned else ()


def _print_points(preview: Preview, shown: int) -> None:
    prompts = [*islice(preview.prompts(), shown)]
    if not prompts:
        return
    has_seed = any(prompt.seed is not None for prompt in prompts)
    names = [*_varying(preview, prompts)]
    head = ["#", *(["INPUT"] if prompts[0].inputs else []), *(name.upper() for name in names)]
    rows = [_row(prompt, names, has_seed=has_seed) for prompt in prompts]
    click.echo()
    print_table(
        rows, header=[*head, *(["SEED"] if has_seed else []), "OUTPUT"], right=frozenset({0})
    )
    if preview.total > len(prompts):
        more = f"… and {preview.total - len(prompts):,} more (--points, --graph N)"
        click.echo(styled(Cell(more, is_faint=True)))


def _row(prompt: PlannedPrompt, names: Sequence[str], *, has_seed: bool) -> list[Cell | str]:
    inputs = [", ".join(prompt.inputs.values())] if prompt.inputs else []
    values = [_shown(prompt.params[name]) if name in prompt.params else "" for name in names]
    seed = [str(prompt.seed)] if has_seed else []
    return [str(prompt.number), *inputs, *values, *seed, f"outputs/{prompt.stem}"]


def _varying(preview: Preview, prompts: Sequence[PlannedPrompt]) -> Iterator[str]:
    """Give the parameters that vary, but for the seed, which has a column of its own."""
    axes = preview.draft.planned.plan.axes if preview.draft.planned else {}
    for name in dict.fromkeys(name for prompt in prompts for name in prompt.params):
        values = [prompt.params.get(name) for prompt in prompts]
        is_seed = values == [prompt.seed for prompt in prompts]
        if not is_seed and (name in axes or len({*values}) > 1):
            yield name


def _facts(preview: Preview, disks: Disks) -> Iterator[list[Cell | str]]:
    assert preview.draft.planned is not None
    plan, usual = preview.draft.planned.plan, preview.usual
    if preview.kept is not None:
        yield from _kept(preview)
    same = "  ".join(f"{name}={_shown(value)}" for name, value in plan.params.items())
    if same:
        yield [_fact("same in all"), same]
    if preview.quote:
        yield [_fact("start"), Cell(preview.quote, "yellow")]
    if plan.has_proof:
        yield [_fact("proof"), "made first, then it waits for APPROVE"]
    yield [_fact("servers"), _servers(preview)]
    yield [_fact("time"), _time(preview)]
    free = f", of {size_told(disks.spool.free_bytes)} free" if disks.spool else ""
    if usual.bytes is None:
        said = f"unknown: this workflow has no outputs yet{free}"
    else:
        needed = size_told(usual.bytes * preview.to_run)
        said = f"about {needed}{free}, by its last {_count(usual.measured, 'prompt')}"
    short = _shortage(preview, disks)
    if short is not None:
        said += f"; it would be parked: {short}"
    yield [_fact("space"), Cell(said, "red" if short else None)]


def _shortage(preview: Preview, disks: Disks) -> Shortage | None:
    """Say what there is too little of for all that a job makes; None if there is enough."""
    return disks.shortage(planned_bytes=(preview.usual.bytes or 0.0) * preview.to_run)


def _kept(preview: Preview) -> Iterator[list[Cell | str]]:
    """Say what need not be made again, and of the first prompts that must, why."""
    yield [_fact("kept"), f"{preview.kept:,} kept, {preview.to_run:,} to run"]
    for number, why in preview.changed[:SHOWN_POINTS]:
        yield ["", f"#{number}: {why}"]
    if preview.to_run > SHOWN_POINTS:
        yield ["", f"… and {preview.to_run - SHOWN_POINTS:,} more (--json)"]


def _fact(name: str) -> Cell:
    return Cell(name, is_faint=True)


def _time(preview: Preview) -> str:
    if preview.usual.seconds is None:
        return "unknown: no prompt of this workflow was carried out yet"
    seconds = preview.usual.seconds * preview.to_run / max(1, len(preview.able))
    about = f"about {_duration(seconds)}" if seconds >= 1 else "less than a second"
    return f"{about} on {len(preview.able)} servers" if len(preview.able) > 1 else about


def _servers(preview: Preview) -> Cell:
    if not preview.servers:
        return Cell("unknown: no server has been seen yet")
    if preview.able:
        return Cell(", ".join(preview.able), "green")
    then = "it would wait" if preview.would_wait else "it would be refused"
    return Cell(f"none of {', '.join(preview.servers)} can run it; {then}", "yellow")


def _as_json(preview: Preview, shown: int, disks: Disks) -> dict[str, Any]:
    draft, usual = preview.draft, preview.usual
    plan = draft.planned.plan if draft.planned else None
    return {
        "name": draft.name,
        "workflow": draft.workflow,
        "prompts": preview.total,
        "axes": dict(plan.axes) if plan else {},
        "params": dict(plan.params) if plan else {},
        "inputs": list(draft.inputs),
        "points": [_point(prompt) for prompt in islice(preview.prompts(), shown)],
        "servers": {
            server: [asdict(problem) for problem in faults]
            for server, faults in preview.servers.items()
        },
        "able": list(preview.able),
        "needs": {
            "bytes": _times(usual.bytes, preview.to_run),
            "seconds": _times(usual.seconds, preview.to_run),
            "measured": usual.measured,
            "free_bytes": disks.spool.free_bytes if disks.spool else None,
            "shortage": str(_shortage(preview, disks) or "") or None,
        },
        "kept": preview.kept,
        "to_run": [{"prompt": number, "why": why} for number, why in preview.changed],
        "quote": preview.quote,
        "drift": list(_drift(preview)),
        "problems": [asdict(problem) for problem in draft.problems],
    }


def _point(prompt: PlannedPrompt) -> dict[str, Any]:
    return {
        "prompt": prompt.number,
        "output": prompt.stem,
        "inputs": dict(prompt.inputs),
        "params": dict(prompt.params),
        "seed": prompt.seed,
    }


def _times(one: float | None, total: int) -> float | None:
    return None if one is None else round(one * total, 3)


def _shown(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
