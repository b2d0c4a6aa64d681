"""status: what runs and what waits. Light to import, so that it starts quickly."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.completing import job_names
from vqd.cli.helping import examples
from vqd.cli.hosttable import daemon_down, hosts_amiss
from vqd.cli.jobtable import print_jobs
from vqd.cli.table import STATE_COLOURS, Cell, print_table
from vqd.cli.told import print_json
from vqd.cli.when import in_words
from vqd.domain.names import printable
from vqd.spool.layout import PAUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vqd.cli.way import Way
    from vqd.service.shapes.jobs import JobShape
    from vqd.service.shapes.prompts import JobDetailShape
    from vqd.service.shapes.queue import QueueShape

_MOST_JOBS = 50
"""Jobs that `status` shows; those that run come first, and then the oldest."""
_MOST_WAITING = 20
"""Lines of what waits in the inbox that `status` shows; those that assemble come first."""


@click.command(epilog=examples("vqd status", "vqd status beach", "vqd status --json | jq .jobs"))
@click.argument("job", required=False, shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def status(way: Way, job: str | None, *, as_json: bool) -> None:
    """Show what runs and what waits, or how far one JOB is."""
    if as_json:
        print_json(way.queue() if job is None else way.job(job))
    elif job is None:
        _print_queue(way.queue())
    else:
        _print_job(way.job(job), time.time())


def _print_queue(seen: QueueShape) -> None:
    for line in _headline(seen):
        click.echo(printable(line))
    rows: list[list[Cell | str]] = [
        [
            *([server.host or ""] if seen.hosts else []),
            server.name,
            Cell(server.state, STATE_COLOURS.get(server.state)),
            server.version or "",
            server.said or "",
        ]
        for server in seen.servers
    ]
    print_table(rows, wrapped=True)
    _print_open(seen.jobs, time.time())
    _print_waiting(seen.waiting)
    if not (seen.jobs or seen.waiting):
        click.echo("nothing is waiting, nothing runs")


def _headline(seen: QueueShape) -> Iterator[str]:
    """Give what concerns all of the queue."""
    if seen.daemon is False:
        yield daemon_down(seen.hosts)
    if seen.away is not None:
        yield f"share away: {seen.away}; nothing is taken or sent"
    if seen.paused:
        yield PAUSED
    if seen.parked:
        yield f"parked: {seen.parked}; it goes on by itself"
    if seen.settings_said:
        yield f"settings: {seen.settings_said}"
    if seen.hosts:
        yield f"hosts: {', '.join(host.name for host in seen.hosts)}"
    yield from hosts_amiss(seen.hosts)


def _print_open(jobs: list[JobShape], now: float) -> None:
    print_jobs(sorted(jobs, key=lambda job: job.state != "running")[:_MOST_JOBS], now)
    if (more := len(jobs) - _MOST_JOBS) > 0:
        click.echo(f"… and {more:,} more: vqd list --search NAME finds one")


def _print_waiting(waiting: list[str]) -> None:
    if waiting:
        click.echo("not taken yet:")
    for line in sorted(waiting, key=_is_minor)[:_MOST_WAITING]:
        click.echo(f"  {printable(line)}")
    if len(waiting) > _MOST_WAITING:
        click.echo(f"  … and {len(waiting) - _MOST_WAITING} more: inbox/_vqd/WAITING.txt")


def _is_minor(line: str) -> bool:
    return not any(sign in line for sign in (": assembling: ", ": hot folder, away: "))


def _print_job(job: JobDetailShape, now: float) -> None:
    print_jobs([job], now)
    rows = [
        [
            f"prompt {one.prompt}",
            one.server,
            f"node {one.node}" if one.node else "",
            one.step or "",
            f"{one.percent} %" if one.node else "",
        ]
        for one in job.running
    ]
    print_table(rows, indent="  ", right=frozenset({3}))
    if job.finish is not None:
        click.echo(f"  done {in_words(job.finish, now)}")
