"""Jobs as lists tell of them, which of them are asked for, and in which order. Light to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import JobState
from vqd.domain.needs import Needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vqd.domain.errors import Problem

Place = tuple[float, ...]
"""Where a job is in an order: what it is ordered by, its key last."""


class Order(StrEnum):
    """In which order jobs are listed."""

    NEWEST = "newest"
    """The last that came first."""
    TURN = "turn"
    """What starts sooner first; only of jobs that are not over."""
    ENDED = "ended"
    """What ended last first; only of jobs that are over."""


@frozen
class JobFilter:
    """The jobs that are in one of `states` (any, if there are none), of a workflow, with every one
    of `labels`, and with `name` as a part of their names; listed in an `order`."""

    states: frozenset[JobState] = frozenset()
    workflow: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    order: Order = Order.NEWEST


@frozen
class Counts:
    """A job's prompts by state; `total` is their sum. Of those that succeeded, `kept` were made in
    an earlier life of the job, before its folder came back."""

    total: int
    pending: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    kept: int = 0

    @property
    def over(self) -> int:
        """Count the prompts that will not change by themselves."""
        return self.succeeded + self.failed + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job as lists tell of it. `job` is its folder's name.

    Among those of its `priority` the lower `turn` starts sooner; `hold` says why nothing of it may
    start now. What it `needs` of a server, and `max_parallel`, the most of its prompts that run at
    once, decide how soon it is done. The outputs of so many prompts are `on_the_way` home by the
    depot. `home` is the mark of the spool where it was dropped, where daemons share the queue, and
    `host` what people call its machine, where there are several. Times are UTC seconds.
    """

    job_key: int
    job: str
    workflow: str
    state: JobState
    counts: Counts
    priority: int
    turn: float = 0.0
    accepted_at: float
    started_at: float | None = None
    finished_at: float | None = None
    cancel_requested_at: float | None = None
    reason: str | None = None
    hold: str | None = None
    problems: tuple[Problem, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    drift: tuple[str, ...] = ()
    needs: Needs = field(default_factory=Needs)
    max_parallel: int | None = None
    on_the_way: int = 0
    home: str = ""
    host: str = ""

    @property
    def why(self) -> str | None:
        """Say why it ended as it did, or why it does not start, is not laid out or not closed."""
        if self.state is JobState.PUBLISHING and self.hold:
            return self.hold
        if self.reason or self.counts.pending:
            return self.reason or self.hold
        return None if self.counts.running else self.arriving

    @property
    def arriving(self) -> str | None:
        """Say what of it is on its way home; None if nothing is."""
        if not self.on_the_way:
            return None
        one, many = "the outputs of a prompt are", f"the outputs of {self.on_the_way:,} prompts are"
        return f"{one if self.on_the_way == 1 else many} on their way home"

    @property
    def ends_as(self) -> JobState:
        """Tell how the job closes, by what became of its prompts."""
        if self.cancel_requested_at is not None and self.counts.succeeded < self.counts.total:
            return JobState.CANCELLED
        if self.problems or self.counts.failed or not self.counts.total:
            return JobState.FAILED
        return JobState.CANCELLED if self.counts.cancelled else JobState.DONE
