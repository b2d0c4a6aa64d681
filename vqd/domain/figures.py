"""Figures: what the daemon counted since it started, and how deep its queue is. They are gone with
the daemon, and nothing is decided by them."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import JobState, Move
from vqd.domain.outcome import FailureCode

RUN_BOUNDS_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""Of one prompt: a picture is scaled in tenths of a second, a long clip made in an hour."""
JOB_BOUNDS_S = (
    *(1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0),
    *(3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 259200.0),
)
"""Of a job: until its first prompt runs, and from then until it is closed."""
INTAKE_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Of a drop: half a second on a local disk, ten seconds and more on a share."""


class Histogram:
    """Counts values by how large they are. One thread may add while others read."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Make an empty one; each of the rising `bounds` is the largest value of its bucket."""
        self.bounds = tuple(bounds)
        self.total = 0.0
        """The sum of all values."""
        self._counts = [0] * (len(bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value; one below 0, which only a clock that was set back can give, as 0."""
        value = max(0.0, value)
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def counts(self) -> Sequence[int]:
        """How many values lie in each bucket; the last is for those above every bound."""
        return tuple(self._counts)


@frozen
class Depth:
    """The open jobs of one state and priority, and their prompts that are not over.

    `oldest_at` is when the first of those was accepted that nothing holds, UTC seconds; None where
    each is held.
    """

    state: JobState
    priority: int
    jobs: int
    pending: int
    running: int
    oldest_at: float | None


@frozen
class Work:
    """What became of the work: attempts by workflow and how they ended, prompts by workflow and the
    move that ended them, closed jobs by workflow (empty for one that could not be read) and state.

    `prompt_s` are execution times by workflow, `busy_s` their sums by server; `job_wait_s` goes
    from a job's acceptance to its first prompt, `job_run_s` from there to its close.
    """

    attempts: Mapping[tuple[str, FailureCode | None], int] = field(default_factory=dict)
    prompts: Mapping[tuple[str, Move], int] = field(default_factory=dict)
    jobs: Mapping[tuple[str, JobState], int] = field(default_factory=dict)
    prompt_s: Mapping[str, Histogram] = field(default_factory=dict)
    busy_s: Mapping[str, float] = field(default_factory=dict)
    job_wait_s: Histogram = field(default_factory=lambda: Histogram(JOB_BOUNDS_S))
    job_run_s: Histogram = field(default_factory=lambda: Histogram(JOB_BOUNDS_S))


@frozen
class Intake:
    """How drops are seen and taken: `lag_s` goes from the last change of each to its acceptance.

    `looked_at` is when everything was looked at last, UTC seconds. So many folders are watched
    `by_events`, and so many `by_looks`.
    """

    lag_s: Histogram = field(default_factory=lambda: Histogram(INTAKE_BOUNDS_S))
    looked_at: float | None = None
    by_events: int = 0
    by_looks: int = 0


@frozen
class Figures:
    """How to ask for what was counted. Any thread may."""

    work: Callable[[], Work] = Work
    intake: Callable[[], Intake] = Intake
