"""Judges which jobs may start, in the loop's own transaction, when the time for it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vqd.domain.schedule import Capability, Conditions, judge
from vqd.domain.window import Window
from vqd.runner.server import Server
from vqd.store.store import Session

JUDGED_AT_A_TIME = 250
"""So many jobs are judged in one transaction; the rest in the next, which follows at once."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A job that was judged: `hold` says why it may not start; `is_news` that it is another why."""

    job_key: int
    hold: str | None
    is_news: bool


class Judging:
    """Knows the windows and what the servers have. Used by the loop's thread alone."""

    def __init__(self, windows: Mapping[str, Window], servers: Sequence[Server]) -> None:
        self._windows = windows
        self._servers = servers
        self._judged_by: tuple[Capability, ...] | None = None

    @property
    def is_stale(self) -> bool:
        """Tell whether the servers have become others since jobs were judged by them."""
        return self._capabilities != self._judged_by

    def judge(self, session: Session, now: float) -> list[Judged]:
        """Judge the jobs that are due; `now` is UTC seconds."""
        capabilities = self._capabilities
        if capabilities != self._judged_by:
            session.schedules.judge_all_again()
            self._judged_by = capabilities
        conditions = Conditions(self._windows, capabilities)
        due = session.schedules.unjudged(now, JUDGED_AT_A_TIME)
        return [_judged(session, job_key, conditions, now) for job_key in due]

    @property
    def _capabilities(self) -> tuple[Capability, ...]:
        return tuple(server.capability for server in self._servers)


def _judged(session: Session, job_key: int, conditions: Conditions, now: float) -> Judged:
    standing = session.schedules.standing(job_key)
    why = "it was not done by its deadline (retry.deadline)"
    if standing.is_overdue(now) and session.cancel(job_key, now=now, why=why):
        return Judged(job_key, None, is_news=True)
    session.schedules.forget_done(job_key, standing.awaited)
    judgement = judge(standing, conditions, now)
    is_news = session.schedules.judged(job_key, judgement, now=now)
    return Judged(job_key, judgement.hold, is_news)
