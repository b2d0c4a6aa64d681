"""watch: the queue as it changes; a board on a terminal, lines for everybody else."""

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from types import FrameType

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.codes import EXIT_FAILED, EXIT_TERMINATED
from vqd.cli.completing import job_names
from vqd.cli.helping import examples
from vqd.cli.jobtable import about, over_of
from vqd.cli.outlasting import outlasting
from vqd.cli.table import is_terminal
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.names import printable
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.queue import QueueShape

_MOST_FOLLOWED = 12
"""Jobs of which it is shown where their prompts are."""


@click.command(
    epilog=examples(
        "vqd watch", "vqd watch beach", "vqd watch --json | jq .state", "vqd watch > log"
    )
)
@click.argument("job", required=False, shell_complete=job_names)
@click.option(
    "--every",
    "every_s",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.2, 3600),
    metavar="SECONDS",
    help="How often the queue is looked at.",
)
@json_option
@ends_in_words
@asks_queue
def watch(way: Way, job: str | None, every_s: float, *, as_json: bool) -> None:
    """Show the queue as it changes, or one JOB until it is over. Ctrl-C ends it.

    On a terminal it is a board of jobs and servers; into a pipe or a file, and with --json, it is a
    line for each change of a job.
    """
    name = None if job is None else way.job(job).job
    with _signals() as got:
        if is_terminal() and not as_json:
            _show_board(way, name, _Turns(every_s, got))
        else:
            _tell_lines(way, name, _Turns(every_s, got), as_json=as_json)
    if got:
        sys.exit(0 if got[0] == signal.SIGINT else EXIT_TERMINATED)
    if name is not None:
        sys.exit(_say_end(outlasting(partial(way.job, name)), as_json=as_json))


@frozen
class _Turns:
    """Looks at the queue, one after the other, until a signal comes."""

    every_s: float
    got: Sequence[int]

    def __iter__(self) -> Iterator[None]:
        """Give each turn when it is time for it."""
        pause = threading.Event()
        while not self.got:
            yield
            pause.wait(self.every_s)


def _show_board(way: Way, name: str | None, turns: _Turns) -> None:
    from rich.console import Console
    from rich.live import Live

    from vqd.cli.board import Board

    console = Console(highlight=False)
    with Live(console=console, screen=True, auto_refresh=False, transient=True) as live:
        board = Board(way.queue(), {}, time.time())
        for _ in turns:
            try:
                queue = way.queue()
                jobs = _jobs(way, queue, name)
                running = {one.job: way.running(one.job) for one in _followed(jobs)}
                board = Board(queue, running, time.time(), jobs=jobs)
            except VqdError as error:  # it may come back: the last board stays, and says so
                board = board.lost(str(error))
            live.update(board, refresh=True)
            if name is not None and board.is_over:
                return


def _jobs(way: Way, queue: QueueShape | None, name: str | None) -> Sequence[JobShape]:
    """Give the jobs that are shown: all that are not over, or one."""
    if name is not None:
        return [way.job(name)]
    return (queue or way.queue()).jobs


def _followed(jobs: Sequence[JobShape]) -> Sequence[JobShape]:
    return [job for job in jobs if job.counts.running][:_MOST_FOLLOWED]


def _tell_lines(way: Way, name: str | None, turns: _Turns, *, as_json: bool) -> None:
    told: dict[str, JobShape] = {}
    for _ in turns:
        jobs, closed = outlasting(partial(_looked, way, name, told))
        for job in [*jobs, *closed]:
            if told.get(job.job) != job:
                _tell(job, as_json=as_json)
            told[job.job] = job
        told = {key: job for key, job in told.items() if job.state not in CLOSED_STATES}
        if name is not None and jobs[0].state in CLOSED_STATES:
            return


def _looked(
    way: Way, name: str | None, told: dict[str, JobShape]
) -> tuple[Sequence[JobShape], Sequence[JobShape]]:
    """Give the jobs that are shown, and those that closed since they were told of."""
    jobs = _jobs(way, None, name)
    return jobs, [*_closed(way, told, jobs)]


def _closed(way: Way, told: dict[str, JobShape], jobs: Sequence[JobShape]) -> Iterator[JobShape]:
    """Give the jobs that were open when they were told of and are not any more."""
    for gone in {*told} - {job.job for job in jobs}:
        try:
            yield way.job(gone)
        except VqdError as error:
            if error.code != "unknown_job":
                raise


def _tell(job: JobShape, *, as_json: bool) -> None:
    if as_json:
        print_json(job, in_line=True)
    else:
        over = f"{over_of(job)}/{job.counts.total}"
        said = about(job, time.time())
        at = datetime.now().astimezone()
        click.echo(printable(f"{at:%H:%M:%S}  {job.job}  {job.state}  {over}  {said}").rstrip())
    sys.stdout.flush()


def _say_end(job: JobShape, *, as_json: bool) -> int:
    if is_terminal() and not as_json:
        said = f"{job.job}  {job.state}  {over_of(job)}/{job.counts.total}  {job.reason or ''}"
        click.echo(printable(said).rstrip())
    return 0 if job.state == JobState.DONE else EXIT_FAILED


@contextmanager
def _signals() -> Iterator[Sequence[int]]:
    """Let Ctrl-C, SIGTERM and SIGHUP end what is within, so that the terminal is left as it was;
    gives those that came."""
    got: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal wants it
        got.append(number)
        raise KeyboardInterrupt  # what is lost in a finalizer is seen at the next turn

    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in ending}
    try:
        yield got
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
