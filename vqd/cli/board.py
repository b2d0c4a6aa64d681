"""The board of `vqd watch`: servers and jobs, as large as the terminal is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from vqd.cli.hosttable import hosts_amiss
from vqd.cli.jobtable import over_of
from vqd.cli.table import STATE_COLOURS
from vqd.cli.when import seconds_of
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.domain.names import printable
from vqd.domain.times import duration
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import RunningShape
from vqd.service.shapes.queue import QueueShape

_WIDE = 90
"""Columns from which there is room for a bar and for a server's version."""
_BAR = 16


@frozen
class Board:
    """A queue at one moment; `running` are the prompts on servers, by job, `now` is UTC seconds,
    `jobs` those that are shown."""

    queue: QueueShape
    running: Mapping[str, Sequence[RunningShape]]
    now: float
    jobs: Sequence[JobShape] = ()
    away: str = ""

    def lost(self, why: str) -> "Board":
        """Give the same board where nothing newer can be had."""
        return replace(self, away=why)

    @property
    def is_over(self) -> bool:
        """Tell whether every job that is shown is over."""
        return all(job.state in CLOSED_STATES for job in self.jobs)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, cut where the terminal ends."""
        is_wide = options.max_width >= _WIDE
        rows = console.height
        parts: list[RenderableType] = [
            *self._heading(),
            self._servers(is_wide=is_wide),
            self._jobs(is_wide=is_wide),
        ]
        lines = [
            line
            for part in parts
            for line in console.render_lines(part, options.update(height=None), pad=False)
        ]
        if len(lines) > rows:
            more = Text(f"… and {len(lines) - rows + 1} more lines", style="dim")
            lines = [*lines[: rows - 1], *console.render_lines(more, options, pad=False)]
        for at, line in enumerate(lines):
            yield from line
            if at < len(lines) - 1:
                yield Segment.line()

    def _heading(self) -> Iterator[Text]:
        at = datetime.fromtimestamp(self.now).astimezone()
        yield Text(f"vqd  {at:%H:%M:%S}  {self._counts()}", style="bold", no_wrap=True)
        for said in self._stops():
            yield Text(printable(said), style="yellow")
        yield Text("")

    def _counts(self) -> str:
        running = sum(job.counts.running for job in self.queue.jobs)
        pending = sum(job.counts.pending for job in self.queue.jobs)
        return f"{len(self.queue.jobs)} jobs, {running} prompts run, {pending} wait"

    def _stops(self) -> Iterator[str]:
        queue = self.queue
        if self.away:
            yield f"not as it is now: {self.away}"
        if queue.daemon is False:
            yield "the daemon is not running: vqd run"
        if queue.away:
            yield f"share away: {queue.away}"
        if queue.paused:
            yield "paused: vqd resume lets everything go on"
        if queue.parked:
            yield f"parked: {queue.parked}"
        yield from hosts_amiss(queue.hosts)
        if queue.waiting:
            yield f"{len(queue.waiting)} in the inbox are not taken yet: vqd status"

    def _servers(self, *, is_wide: bool) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for server in self.queue.servers:
            said = server.said or (server.version if is_wide else "") or ""
            table.add_row(_cell(server.name), _state(server.state), _cell(said))
        if self.queue.servers:
            table.add_row("")
        return table

    def _jobs(self, *, is_wide: bool) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
        table.add_column(no_wrap=True)
        if is_wide:
            table.add_column(no_wrap=True, width=_BAR)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=4)
        for job in self.jobs:
            bar = [_bar(job)] if is_wide else []
            over = Text(f"{over_of(job)}/{job.counts.total}")
            table.add_row(
                _cell(_short(job.job)), _state(job.state), *bar, over, _cell(self._about(job))
            )
            for one in self.running.get(job.job, ()):
                empty = [""] if is_wide else []
                table.add_row("", "", *empty, Text(f"#{one.prompt}", style="dim"), _where(one))
        if not self.jobs:
            table.add_row(Text("nothing is waiting, nothing runs", style="dim"))
        return table

    def _about(self, job: JobShape) -> str:
        told = [f"{job.counts.failed} failed"] if job.counts.failed else []
        if job.finish is not None:
            left_s = round(seconds_of(job.finish.expected) - self.now)
            told.append(f"about {duration(max(1, left_s))} left")
        elif job.reason:
            told.append(job.reason)
        return ", ".join(told)


def _short(job: str) -> str:
    """Give the name that its owner gave a job, without when it came."""
    return job.split("-", 2)[-1] if job[:1].isdigit() else job


def _cell(text: str) -> Text:
    return Text(printable(text), no_wrap=True, overflow="ellipsis")


def _state(state: str) -> Text:
    return Text(printable(state), style=STATE_COLOURS.get(state, ""))


def _bar(job: JobShape) -> Text:
    share = over_of(job) / job.counts.total if job.counts.total else 0
    full = round(share * _BAR)
    colour = "red" if job.counts.failed else "green"
    return Text("━" * full, style=colour).append("─" * (_BAR - full), style="dim")


def _where(one: RunningShape) -> Text:
    step = f" {one.step}" if one.step else ""
    percent = f" {one.percent}%" if one.node else ""
    return Text(printable(f"{one.server}{percent}{step}"), style="cyan", no_wrap=True)
