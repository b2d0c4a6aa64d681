from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.notice import HouseEvent, HouseNews, HouseWishes, Notice
from vqd.domain.server import ServerRecord
from vqd.runner.house import QUIET_S, House, subjects
from vqd.spool.space import Shortage
from vqd.store.store import Session, Store

AFTER_S = 60.0
ALL = HouseWishes(frozenset(HouseEvent), "studio", AFTER_S)
LOW = Shortage(Path("/srv/vqd"), "/srv/vqd has 2 MB free", "make room there")


class Watched:
    """A house that is looked at as time passes, and what it has told."""

    def __init__(self, store: Store, wishes: HouseWishes = ALL) -> None:
        self.store = store
        self.wishes = wishes
        self.now = NOW
        self.shortage: Shortage | None = None
        self.away: str | None = None
        self.said = "Connection refused."
        self.notices: list[Notice] = []
        self.restart()

    def restart(self) -> None:
        """Look with nothing remembered, as after a restart of the daemon."""
        self.house = House(
            self.store,
            self.wishes,
            shortage=lambda: self.shortage,
            why_away=lambda: self.away,
            on_news=self._deliver,
            clock=lambda: self.now,
            steady=lambda: self.now - NOW,
        )
        self.house.look()

    def _deliver(self) -> None:
        """Take what is to be delivered, as a courier does."""
        with self.store.reading() as session:
            notice = session.notices.due("studio", self.now)
        assert notice is not None
        self.store.write(lambda session: session.notices.sent(notice, now=self.now))
        self.notices.append(notice)

    def server(self, state: str, name: str = "gpu1") -> None:
        """Let a server be in that state from now on."""
        record = ServerRecord(name, "http://gpu1", state, self.said, None, self.now)
        self.store.write(lambda session: session.servers.note([record]))
        self.house.look()

    def wait(self, seconds: float) -> None:
        """Let so much time pass, with a look now and then."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 20)
            self.house.look()

    @property
    def told(self) -> list[str]:
        """The event of each notice so far."""
        return [str(notice.event) for notice in self.notices]

    @property
    def news(self) -> HouseNews:
        """What the newest notice tells."""
        news = self.notices[-1].news
        assert isinstance(news, HouseNews)
        return news


@pytest.fixture
def watched(store: Store) -> Watched:
    return Watched(store)


def end(session: Session, job_key: int, state: JobState, now: float) -> None:
    session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=now)
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, state, None, now=now)


def close_a_job(watched: Watched, job: str = "a", state: JobState = JobState.DONE) -> None:
    watched.now += 1
    job_key = accept_a_job(watched.store, job)
    watched.store.write(lambda session: end(session, job_key, state, watched.now))
    watched.house.look()


def test_a_server_that_is_down_for_a_while_is_told_of_once_and_so_is_its_return(
    watched: Watched,
) -> None:
    watched.server("up", "gpu0")
    watched.server("down")
    watched.wait(AFTER_S - 5)
    assert watched.told == []
    watched.wait(5)
    watched.wait(3595)
    assert watched.told == ["server_down"]
    assert watched.news.server == "gpu1"
    assert watched.news.said == (
        "It has taken no prompts for 60 s: Connection refused. Servers that take some: 1 of 2."
    )
    watched.server("up")
    watched.wait(AFTER_S - 5)
    assert watched.told == ["server_down"]
    watched.wait(3600)
    assert watched.told == ["server_down", "server_back"]
    assert watched.news.seconds == AFTER_S - 5 + 3600


@pytest.mark.parametrize("state", ["down", "resting"])
def test_a_server_that_takes_no_prompts_is_down(watched: Watched, state: str) -> None:
    watched.server(state)
    watched.wait(AFTER_S)
    assert watched.told == ["server_down"]


def test_a_server_that_speaks_gibberish_is_told_of_all_the_same(watched: Watched) -> None:
    watched.said = "it said \x1b[2J\n"
    watched.server("down")
    watched.wait(AFTER_S)
    assert r"it said \x1b[2J\n. Servers that take some: 0 of 1." in watched.news.said


def test_a_server_that_is_avoided_still_takes_prompts(watched: Watched) -> None:
    watched.server("avoided")
    watched.wait(2 * AFTER_S)
    assert watched.told == []


def test_of_a_server_that_flaps_nothing_is_told(watched: Watched) -> None:
    for _ in range(20):
        watched.server("down")
        watched.wait(AFTER_S - 10)
        watched.server("up")
        watched.wait(AFTER_S - 10)
    assert watched.told == []


def test_of_a_server_that_flaps_slowly_is_told_four_times_an_hour_at_most(
    watched: Watched,
) -> None:
    for _ in range(12):
        watched.server("down")
        watched.wait(150)
        watched.server("up")
        watched.wait(150)
    assert 2 <= watched.told.count("server_down") <= 4
    assert watched.told[::2] == ["server_down"] * watched.told.count("server_down")


def test_a_server_that_is_down_again_is_told_of_after_the_quiet_if_it_still_is(
    watched: Watched,
) -> None:
    for state in ("down", "up", "down"):
        watched.server(state)
        watched.wait(AFTER_S)
    assert watched.told == ["server_down", "server_back"]
    watched.wait(QUIET_S)
    assert watched.told == ["server_down", "server_back", "server_down"]


def test_what_was_told_is_told_no_second_time_after_a_restart(watched: Watched) -> None:
    watched.server("down")
    watched.wait(AFTER_S)
    watched.restart()
    watched.wait(2 * QUIET_S)
    assert watched.told == ["server_down"]
    watched.restart()
    watched.server("up")
    watched.wait(AFTER_S)
    assert watched.told == ["server_down", "server_back"]


def test_a_restart_lets_a_server_be_down_for_a_while_before_it_is_told_of(
    watched: Watched,
) -> None:
    watched.server("down")
    watched.now += 86_400
    watched.restart()
    watched.wait(AFTER_S - 5)
    assert watched.told == []


def test_a_queue_that_is_empty_tells_what_became_of_it(watched: Watched) -> None:
    close_a_job(watched)
    watched.now += 600
    close_a_job(watched, "b", JobState.FAILED)
    watched.wait(AFTER_S)
    assert watched.told == ["queue_empty"]
    closed = watched.news.closed
    assert closed is not None
    assert closed.jobs == {"done": 1, "failed": 1, "cancelled": 0}
    assert closed.prompts == {"succeeded": 0, "failed": 0, "cancelled": 4, "kept": 0}
    assert closed.seconds == 602
    assert watched.news.said == ("2 jobs (1 done, 1 failed), 4 prompts (4 cancelled) in 10 min.")
    watched.wait(4 * QUIET_S)
    assert watched.told == ["queue_empty"]


def test_a_queue_of_which_something_is_next_is_not_empty_and_what_waits_is_counted(
    watched: Watched,
) -> None:
    close_a_job(watched)
    job_key = accept_a_job(watched.store, "next")
    watched.wait(2 * AFTER_S)
    assert watched.told == []
    watched.store.write(lambda session: session.schedules.suspend(job_key, now=watched.now))
    watched.wait(2 * AFTER_S)
    assert watched.told == ["queue_empty"]
    assert watched.news.held == 1
    assert "1 job in the queue waits." in watched.news.said


def test_a_queue_that_empties_every_minute_is_told_of_four_times_an_hour_with_all_that_closed(
    watched: Watched,
) -> None:
    for number in range(30):
        close_a_job(watched, str(number))
        watched.wait(100)
    watched.wait(2 * QUIET_S)
    assert watched.told == ["queue_empty"] * 5
    jobs = [
        notice.news.closed.jobs["done"]
        for notice in watched.notices
        if isinstance(notice.news, HouseNews) and notice.news.closed
    ]
    assert sum(jobs) == 30


def test_what_closed_before_anybody_asked_is_not_told(store: Store) -> None:
    job_key = accept_a_job(store)
    store.write(lambda session: end(session, job_key, JobState.DONE, NOW - 10))
    watched = Watched(store)
    watched.wait(QUIET_S)
    assert watched.told == []


def test_what_closed_before_a_kill_is_told_after_it(watched: Watched) -> None:
    close_a_job(watched)
    watched.restart()
    watched.wait(AFTER_S)
    assert watched.told == ["queue_empty"]


def test_a_disk_that_is_low_is_told_of_and_so_is_room(watched: Watched) -> None:
    watched.shortage = LOW
    watched.wait(2 * AFTER_S)
    assert watched.told == ["disk_low"]
    assert watched.news.said == "Nothing new is begun: /srv/vqd has 2 MB free: make room there."
    watched.shortage = None
    watched.wait(2 * AFTER_S)
    assert watched.told == ["disk_low", "disk_enough"]


def test_a_share_that_is_away_is_told_of_and_of_its_disk_nothing_till_it_is_back(
    watched: Watched,
) -> None:
    watched.shortage = LOW
    watched.wait(2 * AFTER_S)
    watched.shortage, watched.away = None, "its marker .vqd-spool is missing"
    watched.wait(2 * AFTER_S)
    assert watched.told == ["disk_low", "share_away"]
    assert watched.news.said == (
        "Nothing is taken or sent until it is back: its marker .vqd-spool is missing."
    )
    watched.away = None
    watched.wait(2 * AFTER_S)
    assert watched.told == ["disk_low", "share_away", "share_back", "disk_enough"]


def test_only_what_was_asked_for_is_told(store: Store) -> None:
    watched = Watched(store, HouseWishes(frozenset({HouseEvent.SERVER_BACK}), "studio", AFTER_S))
    watched.server("down")
    watched.wait(AFTER_S)
    watched.server("up")
    watched.wait(AFTER_S)
    assert watched.told == ["server_back"]


def test_a_clock_that_is_set_back_silences_nothing_for_long(watched: Watched) -> None:
    watched.server("down")
    watched.wait(AFTER_S)
    watched.now -= 86_400
    watched.restart()
    watched.server("up")
    watched.wait(2 * AFTER_S)
    watched.server("down")
    watched.wait(2 * AFTER_S)
    assert watched.told == ["server_down", "server_back", "server_down"]


def test_what_was_told_of_a_server_that_the_settings_do_not_name_is_forgotten(
    watched: Watched,
) -> None:
    watched.server("down")
    watched.wait(AFTER_S)
    watched.store.write(lambda session: session.house.keep_only(subjects(["gpu2"])))
    with watched.store.reading() as session:
        assert [*session.house.told()] == ["queue"]
