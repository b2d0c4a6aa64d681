"""Following a job until it is over."""

import threading
import time
from functools import partial
from pathlib import Path

import click

from vqd.cli.codes import EXIT_FAILED
from vqd.cli.outlasting import outlasting
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.cli.when import seconds_of
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.names import printable
from vqd.domain.times import duration
from vqd.service.shapes.answers import ProgressShape

LOOK_EVERY_S = 0.25


def follow(way: Way, job: str, *, as_json: bool) -> int:
    """Show a job's progress until it is over; gives the exit code."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    ask = partial(way.progress, job)
    pause = threading.Event()
    console = Console(stderr=True)
    name = Column(no_wrap=True, overflow="ellipsis", max_width=console.width // 3)
    columns = (  # of these the bar alone gives way where a terminal is narrow
        TextColumn("{task.description}", table_column=name),
        BarColumn(),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TimeElapsedColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=console, disable=as_json) as progress:
        bar = progress.add_task(escape(printable(job)), total=None, said="")
        while (told := outlasting(ask)) is None or told.state not in CLOSED_STATES:
            if told is not None:
                said = escape(printable(said_of(told, time.time())))
                progress.update(bar, total=told.total, completed=told.over, said=said)
            pause.wait(LOOK_EVERY_S)
        progress.update(bar, total=told.total, completed=told.total, said="")
    return _end(told, as_json=as_json)


def said_of(told: ProgressShape, now: float) -> str:
    """Say beside the bar where the first prompt is that runs, and how long all still takes; or why
    nothing runs. `now` is UTC seconds."""
    if told.on is None:
        return told.reason or told.state
    if told.expected_at is None:
        return told.on
    left_s = seconds_of(told.expected_at) - now
    return f"{told.on}, about {duration(max(1, round(left_s)))} left"


def _end(told: ProgressShape, *, as_json: bool) -> int:
    if as_json:
        print_json(told)
    else:
        click.echo(printable(f"{told.state}  {told.folder or told.job}"))
        if told.folder is not None:
            page = "report.html" if told.state == JobState.DONE else "WHY.txt"
            click.echo(printable(f"      {Path(told.folder) / page}"))
    return 0 if told.state == JobState.DONE else EXIT_FAILED
