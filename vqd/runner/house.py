"""Tells of the house: an empty queue, servers and a share that go and come back, disks that fill.

What is told has been so for a while (`after_s`): of what flaps nothing is told. Of a subject of
which something bad was told, nothing bad is for a quarter of an hour; then it is, if it is so
still. That a server is back, or that there is room again, is told only after the opposite was. What
was told is in the store, so that it is told once whatever restarts meanwhile.

Where hosts share a queue each tells of its own servers; one that is gone cannot, so the first of
the others that finds its servers down tells of them. Whoever told that one is down tells when it is
back, and nobody else tells it again meanwhile, its own host neither.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from math import inf

import structlog

from vqd.domain.frozen import frozen
from vqd.domain.host import Host, forsaken
from vqd.domain.names import printable
from vqd.domain.notice import Closed, HouseEvent, HouseNews, HouseWishes
from vqd.domain.server import ServerRecord
from vqd.domain.times import duration
from vqd.runner.beside import Beside
from vqd.spool.space import Shortage
from vqd.store.house import Told
from vqd.store.store import Session, Store

LOOK_EVERY_S = 5.0
QUIET_S = 900.0
"""How long nothing more is told of a subject once something bad was."""

_QUEUE = "queue"
_DISK = "disk"
_SHARE = "share"
_GOOD = frozenset({HouseEvent.SERVER_BACK, HouseEvent.DISK_ENOUGH, HouseEvent.SHARE_BACK})

_log = structlog.get_logger(__name__)


@frozen
class _Fact:
    """How a subject is by now, since when (UTC seconds), and what would be told of it."""

    subject: str
    event: HouseEvent
    news: HouseNews
    since_at: float


class House(Beside):
    """Looks at the house every few seconds, and writes notices of what is worth telling.

    `shortage` gives what there is too little of on the disks, None if there is enough, and
    `why_away` why the spool is not there, None if it is; neither waits long. `clock` gives UTC
    seconds, `steady` monotonic ones. `on_news` is called when there is a notice to deliver.
    """

    def __init__(
        self,
        store: Store,
        wishes: HouseWishes,
        *,
        shortage: Callable[[], Shortage | None],
        why_away: Callable[[], str | None],
        on_news: Callable[[], None],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("house", self.look)
        self._store = store
        self._wishes = wishes
        self._shortage = shortage
        self._why_away = why_away
        self._on_news = on_news
        self._clock = clock
        self._steady = steady
        self._seen: dict[str, tuple[HouseEvent, float]] = {}

    def look(self) -> float:
        """Tell what is worth telling by now; give the seconds until it should look again."""
        now, hosts = self._clock(), self._store.hosts()
        with self._store.reading() as session:
            told = session.house.told()
            facts = [*_of_servers(session, hosts, told, now), *_of_queue(session, told)]
        if _QUEUE not in told:
            begun = HouseEvent.QUEUE_EMPTY
            self._store.write(lambda session: session.house.begin(_QUEUE, begun, now=now))
        away = self._why_away()
        facts.append(_of_share(away, told, now))
        if away is None:
            facts.append(_of_disk(self._shortage(), told, now))
        self._seen = {fact.subject: self._seen_so(fact) for fact in facts}
        due = [fact for fact in facts if self._is_steady(fact) and _is_news(fact, told, now)]
        for fact in due:
            self._tell(fact, now)
        return min(LOOK_EVERY_S, self._wishes.after_s)

    def _seen_so(self, fact: _Fact) -> tuple[HouseEvent, float]:
        """Give since when a subject was seen to be as it is now."""
        seen = self._seen.get(fact.subject)
        return seen if seen and seen[0] is fact.event else (fact.event, self._steady())

    def _is_steady(self, fact: _Fact) -> bool:
        return self._steady() - self._seen[fact.subject][1] >= self._wishes.after_s

    def _tell(self, fact: _Fact, now: float) -> None:
        is_wanted = fact.event in self._wishes.events
        to = self._wishes.to if is_wanted else None

        def tell(session: Session) -> bool:
            if _is_told_elsewhere(fact, session.house.lost_elsewhere()):
                return False  # by a host that looked at the same time
            session.house.tell(
                fact.subject,
                fact.event,
                fact.news,
                to=to,
                since_at=fact.since_at,
                quiet_until=None if fact.event in _GOOD else now + QUIET_S,
                now=now,
            )
            return True

        if self._store.write(tell) and is_wanted:
            _log.info("house.told", notice=fact.event, to=to, said=fact.news.said)
            self._on_news()


def subjects(servers: Iterable[str]) -> list[str]:
    """Name all that is told of where these are the servers."""
    return [_QUEUE, _DISK, _SHARE, *map(_server_subject, servers)]


def _server_subject(server: str) -> str:
    return f"server {server}"


def _is_news(fact: _Fact, told: Mapping[str, Told], now: float) -> bool:
    before = told.get(fact.subject)
    if fact.event in _GOOD:
        return before is not None and before.event is not fact.event
    if before is None:
        return True
    is_quiet = now < before.quiet_until <= now + QUIET_S  # else the clock was set back
    is_other = fact.event is HouseEvent.QUEUE_EMPTY or before.event is not fact.event
    return is_other and not is_quiet


def _of_servers(
    session: Session, hosts: Collection[Host], told: Mapping[str, Told], now: float
) -> Iterator[_Fact]:
    servers, lost_elsewhere = session.servers.all(), session.house.lost_elsewhere()
    up = sum(server.takes_prompts for server in servers)
    theirs = {server.server for server in session.servers.elsewhere()} - forsaken(servers, hosts)
    for server in servers:
        fact = _of_server(server, told, now, f"{up} of {len(servers)}")
        is_told_here = _is_told_down(told.get(fact.subject))
        is_left = server.server in theirs or _is_told_elsewhere(fact, lost_elsewhere)
        if is_told_here or not is_left:
            yield fact


def _of_server(server: ServerRecord, told: Mapping[str, Told], now: float, taking: str) -> _Fact:
    subject, since_at = _server_subject(server.server), server.since_at or now
    if server.takes_prompts:
        event, said = HouseEvent.SERVER_BACK, "It takes prompts again"
        return _over(subject, event, said, told.get(subject), since_at, server=server.server)
    said = f"It has taken no prompts for {duration(max(0.0, now - since_at))}"
    said += f": {printable(server.said.rstrip('.'))}" if server.said else ""
    said += f". Servers that take some: {taking}."
    return _Fact(subject, HouseEvent.SERVER_DOWN, HouseNews(said, server.server), since_at)


def _is_told_down(before: Told | None) -> bool:
    return before is not None and before.event is HouseEvent.SERVER_DOWN


def _is_told_elsewhere(fact: _Fact, lost_elsewhere: Mapping[str, float]) -> bool:
    """Tell whether another host told of a server that it is down since it has been so."""
    return lost_elsewhere.get(fact.subject, -inf) >= fact.since_at


def _of_queue(session: Session, told: Mapping[str, Told]) -> Iterator[_Fact]:
    before = told.get(_QUEUE)
    if before is None or not session.house.is_idle():
        return
    closed = session.house.closed_since(before.since_at)
    if closed is None:
        return
    held = session.house.held()
    news = HouseNews(_said_of(closed, held), seconds=closed.seconds, closed=closed, held=held)
    yield _Fact(_QUEUE, HouseEvent.QUEUE_EMPTY, news, closed.last_at)


def _said_of(closed: Closed, held: int) -> str:
    said = f"{_counted(sum(closed.jobs.values()), 'job')} ({_listed(closed.jobs)}), "
    said += f"{_counted(sum(closed.prompts.values()), 'prompt')} ({_listed(closed.prompts)})"
    said += f" in {duration(closed.seconds)}."
    if held:
        said += f" {_counted(held, 'job')} in the queue {'waits' if held == 1 else 'wait'}."
    return said


def _of_disk(short: Shortage | None, told: Mapping[str, Told], now: float) -> _Fact:
    if short is None:
        event, said = HouseEvent.DISK_ENOUGH, "There is room again"
        return _over(_DISK, event, said, told.get(_DISK), now)
    news = HouseNews(f"Nothing new is begun: {short}.")
    return _Fact(_DISK, HouseEvent.DISK_LOW, news, now)


def _of_share(away: str | None, told: Mapping[str, Told], now: float) -> _Fact:
    if away is None:
        event, said = HouseEvent.SHARE_BACK, "It is there again"
        return _over(_SHARE, event, said, told.get(_SHARE), now)
    news = HouseNews(f"Nothing is taken or sent until it is back: {printable(away)}.")
    return _Fact(_SHARE, HouseEvent.SHARE_AWAY, news, now)


def _over(
    subject: str,
    event: HouseEvent,
    said: str,
    before: Told | None,
    since_at: float,
    *,
    server: str | None = None,
) -> _Fact:
    """Give that what was told `before` is over; it lasted 0 s where the clock was set back."""
    lasted_s = round(max(0.0, since_at - before.since_at), 1) if before else 0.0
    news = HouseNews(f"{said}, after {duration(lasted_s)}.", server, lasted_s)
    return _Fact(subject, event, news, since_at)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)
