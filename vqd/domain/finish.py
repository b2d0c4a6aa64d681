"""When a job will be done, by how long prompts of its workflow took."""

from collections.abc import Container, Iterable, Mapping, Sequence
from heapq import heapify, heapreplace
from math import sqrt

from vqd.domain.frozen import frozen
from vqd.domain.line import InLine, InTurn, Line, Shared
from vqd.domain.listing import ListedJob
from vqd.domain.server import ServerRecord

REMEMBERED = 20
"""A workflow's mean and variance follow about so many of its newest prompts."""
_EIGHT_OF_TEN = 1.28
"""Standard deviations on either side between which eight of ten lie."""
_OVERDUE = 0.1
"""Of the time that a prompt has taken already, what it is given once it takes longer than usual."""
_YEAR_10000 = 253_402_300_800.0
"""A time from which on no calendar tells; what was measured is not right then."""
_TURNS_COUNTED = 4
"""The last turns of each server, of which each is placed by itself."""


@frozen
class Pace:
    """How long a prompt of a workflow takes on a server: mean and variance of those that were
    measured, in seconds. How long they waited before is not counted."""

    mean_s: float
    variance: float = 0.0
    measured: int = 1

    def spread_s(self, prompts: float) -> float:
        """Give how far off the time may be that so many take one after the other: by how
        differently they take, and by how well the mean is known.

        It is as if one more had been measured that was off by half of the mean: a few that were
        alike do not prove that all are.
        """
        known = min(self.measured, REMEMBERED)
        variance = (self.variance * known + (0.5 * self.mean_s) ** 2) / (known + 1)
        return _EIGHT_OF_TEN * sqrt(prompts * variance + prompts**2 * variance / known)


@frozen
class Finish:
    """When a job will be done, in UTC seconds: eight of ten end between `early_at` and `late_at`,
    if the servers that are there stay and nothing more urgent comes."""

    early_at: float
    expected_at: float
    late_at: float


@frozen
class OnServer:
    """A prompt that was given to a server `claimed_at`; it may wait there behind another."""

    server: str
    job_key: int
    workflow: str
    claimed_at: float


class Outlook:
    """The queue and the servers at a moment, by which the finish of any job can be told.

    What is reckoned: the servers that are up and have what the job needs work at once, each on one
    prompt after the other; first what they were given already, then what comes before the job,
    evenly, then the job's own. What comes before, or runs in turn with the job (`Shared`), counts
    whole, whichever servers it runs on, and for as long as prompts of its workflow took, or of this
    one where that is not known.
    """

    def __init__(
        self,
        paces: Mapping[str, Pace],
        line: Iterable[InLine],
        given: Iterable[OnServer],
        servers: Sequence[ServerRecord],
        ended_at: Mapping[str, float],
        now: float,
        *,
        is_fair: bool = False,
    ) -> None:
        """Take it as it is at `now`; `ended_at` is when each server ended its newest prompt, and
        it `is_fair` where jobs of one priority share the servers."""
        self._paces = paces
        self._servers = servers
        self._now = now
        self._given: dict[str, list[tuple[OnServer, float]]] = {}
        for one in sorted(given, key=lambda one: one.claimed_at):
            before = self._given.setdefault(one.server, [])
            began_at = max(one.claimed_at, ended_at.get(one.server, 0.0))
            before.append((one, 0.0 if before else now - began_at))
        means_s = {workflow: pace.mean_s for workflow, pace in paces.items()}
        self._line: Line = Shared(line, means_s) if is_fair else InTurn(line, means_s)

    def finish(self, job: ListedJob, unable: Container[str] = ()) -> Finish | None:
        """Give when a job will be done; None if that cannot be told: it is held or over, no prompt
        of its workflow was measured, or no server is there for it.

        Servers that are `unable` lack a node class or a model that each of its prompts requires.
        """
        pace = self._paces.get(job.workflow)
        is_going = job.counts.pending + job.counts.running > 0 and job.cancel_requested_at is None
        if pace is None or not is_going:
            return None
        if job.hold is not None and job.counts.pending:
            return None
        able = [
            one.server
            for one in self._servers
            if one.takes_prompts and one.capability.fits(job.needs) and one.server not in unable
        ]
        if not able:
            return None
        finish = self._reckoned(job, pace, able[: job.max_parallel])
        return finish if finish.late_at < _YEAR_10000 else None

    def _reckoned(self, job: ListedJob, pace: Pace, servers: Sequence[str]) -> Finish:
        own_s, free_s = 0.0, []
        for server in servers:
            busy_s = 0.0
            for one, passed_s in self._given.get(server, ()):
                busy_s += _left_s(self._pace(one.workflow, pace).mean_s, passed_s)
                own_s = max(own_s, busy_s) if one.job_key == job.job_key else own_s
            free_s.append(busy_s)
        if job.counts.pending:
            share_s = self._line.before_s(job, pace.mean_s) / len(free_s)
            last_s = _last_s([one + share_s for one in free_s], job.counts.pending, pace.mean_s)
            own_s = max(own_s, last_s)
        turns = max(1.0, own_s / pace.mean_s) if pace.mean_s else 1.0
        spread_s = pace.spread_s(turns)
        return Finish(
            self._now + max(0.0, own_s - spread_s),
            self._now + own_s,
            self._now + own_s + spread_s,
        )

    def _pace(self, workflow: str, own: Pace) -> Pace:
        return self._paces.get(workflow, own)


def _left_s(mean_s: float, passed_s: float) -> float:
    """Give how long a prompt still takes that has taken `passed_s`."""
    return mean_s - passed_s if passed_s < mean_s else _OVERDUE * passed_s


def _last_s(free_s: Sequence[float], prompts: int, mean_s: float) -> float:
    """Give when the last of `prompts` ends, each on the server that is free first."""
    placed = min(prompts, _TURNS_COUNTED * len(free_s))
    evenly_s = (prompts - placed) * mean_s / len(free_s)
    frees = [one + evenly_s for one in free_s]
    heapify(frees)
    last_s = 0.0
    for _ in range(placed):
        last_s = frees[0] + mean_s
        heapreplace(frees, last_s)
    return last_s
