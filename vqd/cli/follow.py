"""Following a job by its STATUS.yaml, so that it works from any machine that mounts the share."""

import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import yaml

from vqd.cli.app import EXIT_FAILED
from vqd.documents.opening import opened
from vqd.domain.schedule import duration
from vqd.spool.drops import STATUS
from vqd.spool.layout import Spool

LOOK_EVERY_S = 0.25
_MOST_BYTES = 4 << 20


def follow(spool: Spool, job: str, *, as_json: bool) -> int:
    """Show a job's progress until it is over; gives the exit code."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

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
        bar = progress.add_task(job, total=None, said="")
        while (folder := _closed(spool, job)) is None:
            status = read_status(spool.active / job)
            if status is not None:
                counts = status["counts"]
                over = counts["succeeded"] + counts["failed"] + counts["cancelled"]
                progress.update(
                    bar, total=counts["total"], completed=over, said=said_of(status, time.time())
                )
            pause.wait(LOOK_EVERY_S)
        status = read_status(folder) or {}
        counts = status.get("counts", {})
        progress.update(bar, total=counts.get("total"), completed=counts.get("total"), said="")
    return _end(folder, status, as_json=as_json)


def read_status(folder: Path) -> dict[str, Any] | None:
    """Give what a job's STATUS.yaml says, None while there is none of vqd's.

    It lies where anybody may put something else: no link is followed, and no more is read than vqd
    would have written.
    """
    try:
        with opened(folder / STATUS) as file:
            said = yaml.safe_load(file.read(_MOST_BYTES))
    except (OSError, yaml.YAMLError, RecursionError):
        return None
    return said if isinstance(said, dict) and "counts" in said else None


def _closed(spool: Spool, job: str) -> Path | None:
    for folder in (spool.done, spool.failed):
        if (folder / job).is_dir():
            return folder / job
    return None


def said_of(status: dict[str, Any], now: float) -> str:
    """Say beside the bar where the first prompt is that runs, and how long all still takes; or why
    nothing runs. `now` is UTC seconds."""
    running = status.get("running") or []
    if not running:
        return str(status.get("reason") or status.get("state"))
    first = running[0]
    where = f" {first['percent']}%" if first.get("node") else f" {first.get('step') or ''}"
    return f"{first['server']}{where.rstrip()}{_left(status, now)}"


def _left(status: dict[str, Any], now: float) -> str:
    """Say how long it will still take, by what the daemon reckoned."""
    expected = (status.get("finish") or {}).get("expected")
    if expected is None:
        return ""
    left_s = datetime.fromisoformat(expected).timestamp() - now
    return f", about {duration(max(1, round(left_s)))} left"


def _end(folder: Path, status: dict[str, Any], *, as_json: bool) -> int:
    state = status.get("state")
    if as_json:
        click.echo(json.dumps({"folder": str(folder), **status}, default=str))
    else:
        click.echo(f"{state}  {folder}")
        report = folder / ("report.html" if state == "done" else "WHY.txt")
        click.echo(f"      {report}")
    return 0 if state == "done" else EXIT_FAILED
