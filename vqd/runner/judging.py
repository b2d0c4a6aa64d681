"""Judges which jobs may start, in the loop's own transaction, when the time for it has come."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from vqd.domain.frozen import frozen
from vqd.domain.needs import Capability
from vqd.domain.requirement import NeedsClass
from vqd.domain.schedule import Conditions, Judgement, Standing, judge
from vqd.domain.server import ServerRecord
from vqd.domain.times import written
from vqd.domain.window import Window
from vqd.runner.fitting import Fitting, Served
from vqd.runner.server import Server
from vqd.store.store import Session

JUDGED_AT_A_TIME = 250
"""So many jobs are judged in one transaction; the rest in the next, which follows at once."""
DOWN_SAID_S = 10.0
"""How long a server is down before a job is said to wait for it: a restart takes about so long."""
_MOST_NAMED = 4


@frozen
class Judged:
    """A job that was judged: `hold` says why it may not start; `is_news` that it is another why.

    It `stops` if what waits of it on a server is to be taken off it.
    """

    job_key: int
    hold: str | None
    is_news: bool
    stops: bool = False


class Seen(Served, Protocol):
    """A server, as far as it matters for what may start."""

    @property
    def is_up(self) -> bool:
        """Whether it answers."""


@frozen
class Elsewhere:
    """A server that another daemon drives, which tells of it."""

    record: ServerRecord

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.server

    @property
    def capability(self) -> Capability:
        """What it has."""
        return self.record.capability

    @property
    def is_up(self) -> bool:
        """Whether it answered when it was seen last."""
        return self.record.state != "down"


class Judging:
    """Knows the windows and what the servers have. Used by the loop's thread alone."""

    def __init__(
        self, windows: Mapping[str, Window], servers: Collection[Server], fitting: Fitting
    ) -> None:
        self._windows = windows
        self._servers = servers
        self._fitting = fitting
        self._judged_by: object = None
        self._down_since: dict[str, float] = {}
        self._elsewhere: list[Elsewhere] = []

    def is_stale(self, session: Session, now: float) -> bool:
        """Tell whether the servers have become others since jobs were judged by them, or jobs may
        start for which no server is there."""
        self._look_elsewhere(session)
        if self._servers_at(now) != self._judged_by:
            return True
        return next(self._unserved(session, now), None) is not None

    def change(self, windows: Mapping[str, Window]) -> None:
        """Judge every job again where these are other windows."""
        if windows != self._windows:
            self._windows = windows
            self.judge_anew()

    def judge_anew(self) -> None:
        """Let every job be judged again: what was judged last was not written."""
        self._judged_by = None

    def next_at(self, now: float) -> float | None:
        """Give when the next of the servers that went down lately is said to be down; None if
        there is no such server. Times are UTC seconds."""
        said_at = (since + DOWN_SAID_S for since in self._down_since.values())
        return min((at for at in said_at if at > now), default=None)

    def judge(self, session: Session, now: float) -> list[Judged]:
        """Judge the jobs that are due, and those that no server is there for; `now` is UTC
        seconds."""
        self._look_elsewhere(session)
        if self._servers_at(now) != self._judged_by:
            session.schedules.judge_all_again()
            self._judged_by = self._servers_at(now)
        for one in self._unserved(session, now):
            session.classes.judge(one.key)
        conditions = Conditions(self._windows, [server.capability for server in self._all])
        due = session.schedules.unjudged(now, JUDGED_AT_A_TIME)
        return [self._judged(session, job_key, conditions, now) for job_key in due]

    def _unserved(self, session: Session, now: float) -> Iterator[NeedsClass]:
        there = [server for server in self._all if self._is_there(server, now)]
        for one in session.classes.ready_at_home():
            if not any(self._fitting.served(session, server, one).requires for server in there):
                yield one

    @property
    def _all(self) -> list[Seen]:
        return [*self._servers, *self._elsewhere]

    def _look_elsewhere(self, session: Session) -> None:
        self._elsewhere = [Elsewhere(one) for one in session.servers.elsewhere()]

    def _is_there(self, server: Seen, now: float) -> bool:
        """Tell whether a server is up, or down for so short a time that nobody is told."""
        if server.is_up:
            self._down_since.pop(server.name, None)
            return True
        return now - self._down_since.setdefault(server.name, now) < DOWN_SAID_S

    def _judged(self, session: Session, job_key: int, conditions: Conditions, now: float) -> Judged:
        standing = session.schedules.standing(job_key)
        why = "it was not done by its deadline (retry.deadline)"
        if standing.is_overdue(now) and session.cancel(job_key, now=now, why=why):
            return Judged(job_key, None, is_news=True)
        session.schedules.forget_done(job_key, standing.awaited)
        judgement = judge(standing, conditions, now)
        if judgement.hold is None:
            judgement = self._by_servers(session, standing, judgement, now)
        is_news = session.schedules.judged(job_key, judgement, now=now)
        stops = judgement.hold is not None and not judgement.is_of_servers
        return Judged(job_key, judgement.hold, is_news, stops)

    def _by_servers(
        self, session: Session, standing: Standing, judgement: Judgement, now: float
    ) -> Judgement:
        """Hold a job that no server is there for, and could otherwise start."""
        needs_class = NeedsClass(0, standing.needs, standing.requires)
        meeting = [one for one in self._all if one.capability.fits(standing.needs)]
        able = [one for one in meeting if self._fitting.served(session, one, needs_class).requires]
        if not meeting or not standing.requires or any(self._is_there(one, now) for one in able):
            return judgement
        if able:
            said = _said_down(able, self._told_down_since(session), now)
            return replace(judgement, hold=said, is_of_servers=True)
        nowhere = "no server"
        if len(meeting) < len(self._all):
            nowhere = "no server that has what it needs"
        said = self._fitting.said_lacking(session, meeting, standing.requires[0], nowhere)
        return replace(judgement, hold=said, is_of_servers=True, is_lack=True)

    def _told_down_since(self, session: Session) -> Mapping[str, float]:
        """Give since when each server is down, which may be before this process began."""
        told = {
            one.server: one.since_at
            for one in session.servers.all()
            if one.state == "down" and one.since_at is not None
        }
        return {**self._down_since, **told}

    def _servers_at(self, now: float) -> object:
        servers = [(one.capability, self._is_there(one, now)) for one in self._all]
        return servers, self._fitting.version


def _said_down(servers: Sequence[Seen], since: Mapping[str, float], now: float) -> str:
    times = [(server.name, written(since[server.name], None, now)) for server in servers]
    if len(times) == 1:
        ((name, at),) = times
        return f"waits for server {name}, which is down since {at}"
    named = ", ".join(f"{name} (since {at})" for name, at in times[:_MOST_NAMED])
    more = f" and {len(times) - _MOST_NAMED} more" if len(times) > _MOST_NAMED else ""
    return f"waits for servers that are down: {named}{more}"
