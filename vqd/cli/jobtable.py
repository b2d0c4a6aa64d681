"""Jobs in columns, for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from vqd.cli.table import STATE_COLOURS, Cell, columns, print_table
from vqd.cli.when import seconds_of
from vqd.domain.times import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vqd.service.shapes.jobs import JobShape

_WIDE = 80
"""Columns from which there is room for when a job was accepted, which its name says, too."""


def print_jobs(jobs: Sequence[JobShape], now: float) -> None:
    """Print each job on a line: its state, how much of it is over, since when, and why."""
    is_wide = columns() >= _WIDE
    rows = [_row(job, now, is_wide=is_wide) for job in jobs]
    print_table(rows, right=frozenset({2}), wrapped=True)


def over_of(job: JobShape) -> int:
    """Count the prompts of a job that are over, however they ended."""
    return job.counts.succeeded + job.counts.failed + job.counts.cancelled


def about(job: JobShape, now: float) -> str:
    """Say what is to be said of a job beside its state: what failed, why it waits, when it is
    done."""
    counts = job.counts
    finish = job.finish
    told = (
        f"at home on {job.host}" if job.host else "",
        f"{counts.kept} kept" if counts.kept else "",
        f"{counts.failed} failed" if counts.failed else "",
        job.reason or "",
        f"done about {written(seconds_of(finish.expected), None, now)}" if finish else "",
    )
    return "  ".join(part for part in told if part)


def _row(job: JobShape, now: float, *, is_wide: bool) -> list[Cell | str]:
    when = datetime.fromtimestamp(seconds_of(job.accepted_at)).astimezone()
    return [
        job.job,
        Cell(job.state, STATE_COLOURS.get(job.state)),
        f"{over_of(job)}/{job.counts.total}",
        *([f"{when:%Y-%m-%d %H:%M:%S}"] if is_wide else []),
        Cell(about(job, now), "red" if job.counts.failed else None),
    ]


def print_prompts(prompts: Iterable[tuple[int, str, Mapping[str, Any], Sequence[str]]]) -> None:
    """Print each prompt's number, state, values, and what it made or failed of."""
    rows: list[list[Cell | str]] = [
        [
            f"{number:>5}",
            Cell(state, STATE_COLOURS.get(state)),
            "  ".join((" ".join(f"{name}={value}" for name, value in values.items()), *said)),
        ]
        for number, state, values, said in prompts
    ]
    print_table(rows, wrapped=True)
