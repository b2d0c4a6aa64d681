"""Who else waits for the servers, and how much of that comes before a job is done."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import inf
from typing import Protocol

from vqd.domain.frozen import frozen
from vqd.domain.listing import ListedJob


@frozen
class InLine:
    """A job that may start, how many of its prompts wait, and whose turn it is among those of its
    priority: the lower comes first."""

    job_key: int
    priority: int
    workflow: str
    pending: int
    turn: float = 0.0


class Line(Protocol):
    """The jobs that may start, in the order in which the queue gives their prompts away."""

    def before_s(self, job: ListedJob, mean_s: float) -> float:
        """Give how long one server would take for the prompts of others that come before the last
        of a job, of which one takes `mean_s`. So long does one take, too, whose workflow was never
        measured."""


class _Work:
    """What jobs of an order take, by sums: of none, of the first, of the first two …"""

    def __init__(self, taken: Iterable[tuple[int, float | None]]) -> None:
        """Take of each how many prompts, and how long one takes; None if that is not known."""
        told = [*taken]
        self._known_s = _sums(0.0 if mean is None else many * mean for many, mean in told)
        self._unmeasured = _sums(many if mean is None else 0 for many, mean in told)

    def of(self, first: int, end: int, mean_s: float) -> float:
        """Give how long one server would take for that of the jobs from `first` to before `end`."""
        unmeasured = self._unmeasured[end] - self._unmeasured[first]
        return self._known_s[end] - self._known_s[first] + unmeasured * mean_s


class InTurn:
    """Jobs that go one after the other, by their priority and their turn."""

    def __init__(self, jobs: Iterable[InLine], means_s: Mapping[str, float]) -> None:
        """Take them, and how long a prompt of each workflow takes that was measured."""
        ordered = sorted(jobs, key=lambda one: (-one.priority, one.turn, one.job_key))
        self._places = [(-one.priority, one.turn, one.job_key) for one in ordered]
        self._work = _Work((one.pending, means_s.get(one.workflow)) for one in ordered)

    def before_s(self, job: ListedJob, mean_s: float) -> float:
        """Give what is of jobs before this one, and all of that."""
        ahead = bisect_left(self._places, (-job.priority, job.turn, job.job_key))
        return self._work.of(0, ahead, mean_s)


class Shared:
    """Jobs of which those of one priority share the servers, a prompt of each in turn.

    Until the last prompt of a job is made, each other one of its priority makes as many, or all
    that it has.
    """

    def __init__(self, jobs: Iterable[InLine], means_s: Mapping[str, float]) -> None:
        """Take them, and how long a prompt of each workflow takes that was measured."""
        ordered = sorted(jobs, key=lambda one: (-one.priority, one.pending))
        self._places = [(-one.priority, one.pending) for one in ordered]
        self._pending = {one.job_key: one.pending for one in ordered}
        self._work = _Work((one.pending, means_s.get(one.workflow)) for one in ordered)
        self._of_one_each = _Work((1, means_s.get(one.workflow)) for one in ordered)

    def before_s(self, job: ListedJob, mean_s: float) -> float:
        """Give what is of a higher priority, and the share of those of the same."""
        own = job.counts.pending
        no_longer = bisect_right(self._places, (-job.priority, own))
        equals = bisect_right(self._places, (-job.priority, inf))
        whole_s = self._work.of(0, no_longer, mean_s)
        shares_s = own * self._of_one_each.of(no_longer, equals, mean_s)
        itself_s = min(own, self._pending.get(job.job_key, 0)) * mean_s
        return max(0.0, whole_s + shares_s - itself_s)


def _sums(values: Iterable[float]) -> list[float]:
    return [*accumulate(values, initial=0.0)]
