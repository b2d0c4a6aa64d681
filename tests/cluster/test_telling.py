"""Who tells people of a server, where several hosts share a queue."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.builders import NOW
from tests.cluster.company import Company
from vqd.domain.notice import HouseEvent, HouseWishes
from vqd.domain.place import Database
from vqd.domain.server import ServerRecord
from vqd.runner.house import House
from vqd.runner.roster import keep_servers
from vqd.store.store import Store

AFTER_S = 60.0
WISHES = HouseWishes(frozenset(HouseEvent), "studio", AFTER_S)


class Watch:
    """A host that looks at the house, and what it has told."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.store = store
        self.told: list[str] = []
        self._clock = clock
        self.look = House(
            store,
            WISHES,
            shortage=lambda: None,
            why_away=lambda: None,
            on_news=self._deliver,
            clock=clock,
            steady=clock,
        ).look

    def note(self, server: str, state: str, *, at: float) -> None:
        """Write how one of its servers is."""
        record = ServerRecord(server, f"http://{server}", state, "Connection refused.", None, at)
        self.store.write(lambda session: session.servers.note([record]))

    def _deliver(self) -> None:
        with self.store.reading() as session:
            notice = session.notices.due("studio", self._clock())
        assert notice is not None
        self.told.append(str(notice.event))
        self.store.write(lambda session: session.notices.sent(notice, now=self._clock()))


class Studio:
    """Three hosts with a server each, as time passes."""

    def __init__(self, company: Company, open_store: Callable[[str], Store]) -> None:
        self.now = NOW
        self._company = company
        self._of_a = company.join("a", home="a")
        for other in "bc":
            company.join(other, home=other)
        self.a, self.b, self.c = (Watch(open_store(name), lambda: self.now) for name in "abc")
        for watch, server in ((self.a, "gpu-a"), (self.b, "gpu-b"), (self.c, "gpu-c")):
            watch.note(server, "up", at=self.now)
        self.there = [self.a, self.b, self.c]

    def wait(self, seconds: float) -> None:
        """Let time pass, with a look of each host that is there now and then."""
        until = self.now + seconds
        while self.now < until:
            self.now += 20
            for watch in self.there:
                watch.look()

    def lose_a(self) -> None:
        """Let the host a be gone, which one of the others finds out."""
        self.there = [self.b, self.c]
        self._company.end(self._of_a, since_s=0)
        self.b.store.write(lambda session: session.servers.lose(["a"], now=self.now))

    def bring_back_a(self, server: str) -> None:
        """Let the host a be there again, whose server is `up` or `down`."""
        self._of_a = self._company.join("a", home="a")
        self.a.note("gpu-a", server, at=self.now)
        self.there = [self.a, self.b, self.c]

    @property
    def told(self) -> list[list[str]]:
        return [self.a.told, self.b.told, self.c.told]


@pytest.fixture
def studio(company: Company, database: str) -> Iterator[Studio]:
    with ExitStack() as stack:
        yield Studio(
            company, lambda home: stack.enter_context(Store(Database(database, home=home)))
        )


def test_a_server_that_is_down_is_told_of_by_the_host_that_drives_it_alone(studio: Studio) -> None:
    studio.wait(AFTER_S)
    studio.a.note("gpu-a", "down", at=studio.now)
    studio.wait(3 * AFTER_S)
    assert studio.told == [["server_down"], [], []]
    studio.a.note("gpu-a", "up", at=studio.now)
    studio.wait(3 * AFTER_S)
    assert studio.told == [["server_down", "server_back"], [], []]


def test_the_servers_of_a_host_that_is_gone_are_told_of_by_one_of_the_others_each_time(
    studio: Studio,
) -> None:
    for round_begins_with in ([], ["server_down", "server_back"]):
        studio.lose_a()
        studio.wait(20 * AFTER_S)
        assert studio.told == [[], [*round_begins_with, "server_down"], []]
        studio.bring_back_a("up")
        studio.wait(20 * AFTER_S)
        assert studio.told == [[], [*round_begins_with, "server_down", "server_back"], []]


def test_who_told_of_another_s_server_tells_it_no_second_time_after_a_restart(
    studio: Studio,
) -> None:
    studio.lose_a()
    studio.wait(2 * AFTER_S)
    studio.b.store.write(lambda session: keep_servers(session, ["gpu-b"]))
    studio.wait(20 * AFTER_S)
    assert studio.told == [[], ["server_down"], []]


def test_a_server_that_was_told_to_be_down_before_its_host_was_gone_is_not_told_again(
    studio: Studio,
) -> None:
    studio.a.note("gpu-a", "down", at=studio.now)
    studio.wait(3 * AFTER_S)
    studio.lose_a()
    studio.wait(20 * AFTER_S)
    assert studio.told == [["server_down"], [], []]


def test_a_server_that_was_down_too_shortly_to_be_told_of_is_told_of_once_its_host_is_gone(
    studio: Studio,
) -> None:
    studio.a.note("gpu-a", "down", at=studio.now)
    studio.wait(AFTER_S / 3)
    studio.lose_a()
    studio.wait(20 * AFTER_S)
    assert studio.told == [[], ["server_down"], []]


def test_a_server_that_another_told_of_is_told_no_second_time_when_its_host_is_back(
    studio: Studio,
) -> None:
    studio.lose_a()
    studio.wait(3 * AFTER_S)
    studio.bring_back_a("down")
    studio.wait(20 * AFTER_S)
    assert studio.told == [[], ["server_down"], []]
    studio.a.note("gpu-a", "up", at=studio.now)
    studio.wait(3 * AFTER_S)
    assert studio.told == [[], ["server_down", "server_back"], []]
    studio.a.note("gpu-a", "down", at=studio.now)
    studio.wait(20 * AFTER_S)
    assert studio.told == [["server_down"], ["server_down", "server_back"], []]
