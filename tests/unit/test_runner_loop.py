"""The loop when servers leave, a job is let go of, or the queue is lost in the middle of a tick."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from structlog.testing import capture_logs

from tests.builders import NOW, accept_a_job
from tests.waiting import wait_for
from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.lifecycle import JobState
from vqd.runner import patience, roster
from vqd.runner.dispatch import FolderGone
from vqd.runner.farm import Farm
from vqd.runner.figures import Counting
from vqd.runner.inputs import InputChecks
from vqd.runner.jobfolders import HomeAway, JobFolders
from vqd.runner.loop import Loop
from vqd.runner.publish import Publisher
from vqd.runner.room import Room
from vqd.runner.server import Server, ServerAddress
from vqd.runner.statuses import Statuses
from vqd.spool.layout import Spool
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks
from vqd.store.store import Session, Store

JOB = "20260101-000000-a"
OTHER = "20260101-000000-b"
NOBODY = "http://127.0.0.1:9"
LEAVING = ServerAddress("leaving", NOBODY)
STAYING = ServerAddress("staying", NOBODY)


def made(address: ServerAddress) -> Server:
    server = Server(address, InputChecks(), on_change=lambda: None)
    server.is_up = True
    return server


class House:
    """A loop over two servers; one of them leaves while the loop writes what it claims."""

    def __init__(self, store: Store, spool: Spool) -> None:
        self.farm = Farm(made, [LEAVING, STAYING])
        self._left = self.farm.places([STAYING])
        self.loop = Loop(
            store,
            spool,
            self.farm,
            Publisher(store, spool, on_change=lambda: None),
            woken=threading.Event(),
            stall_s=600.0,
            room=Room(store, lambda: Disks(None, None, Reserve()), on_change=lambda: None),
            windows={},
            is_fair=False,
            counting=Counting(),
            on_tick=lambda: None,
            clock=self._time,
        )

    def _time(self) -> float:
        self.farm.change(self._left)
        return NOW


@pytest.fixture
def house(store: Store, spool: Spool) -> Iterator[House]:
    accept_a_job(store, JOB, total=4)
    (spool.active / JOB).mkdir()
    house = House(store, spool)
    yield house
    house.loop.drain(0.0)


def test_what_was_claimed_is_begun_though_the_queue_is_lost_right_after(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_: Session, __: object) -> None:
        raise VqdError(STORE_UNREACHABLE, "The queue cannot be reached.")

    monkeypatch.setattr(roster, "keep_servers", lost)
    with suppress(VqdError):
        house.loop.tick(0.0)
    with store.reading() as session:
        claimed = {prompt.key for prompt in session.prompts.running()}
    assert len(claimed) == 4
    assert house.loop.live().keys() == claimed


def test_a_server_that_leaves_while_it_is_given_prompts_stays_until_they_are_over(
    house: House,
) -> None:
    house.loop.tick(0.0)
    given = {live.server for live in house.loop.live().values()}
    assert given == {"leaving", "staying"}
    assert house.farm.known.keys() == given


@pytest.mark.parametrize("is_forgotten", [True, False])
def test_what_its_home_let_go_of_meanwhile_is_concluded_no_more_and_others_go_on(
    house: House,
    store: Store,
    spool: Spool,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_forgotten: bool,
) -> None:
    monkeypatch.setattr(patience, "UNREACHABLE_S", 0.0)
    house.loop.tick(0.0)
    let_go(store, is_forgotten=is_forgotten)
    (spool.active / OTHER).mkdir()
    accept_a_job(store, OTHER, total=1)

    def is_dropped() -> bool:
        house.loop.tick(0.0)
        return all(key.job_key != 1 for key in house.loop.live())

    with capture_logs() as log:
        wait_for(is_dropped, within_s=60)
    assert sum(line["event"] == "prompt.disowned" for line in log) == 4
    with store.reading() as session:
        found = session.jobs.find(JOB)
    assert found is not None
    assert found.state == JobState.ASSEMBLING


def test_the_end_of_an_attempt_is_no_end_of_another_one_at_the_same_prompt(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "UNREACHABLE_S", 0.0)
    house.loop.tick(0.0)
    let_go(store, is_forgotten=True)
    accept_a_job(store, JOB, total=4)
    anew = {f"anew-{number}" for number in range(4)}
    for prompt_id in anew:
        store.write(partial(_claim_elsewhere, prompt_id=prompt_id))

    def is_dropped() -> bool:
        house.loop.tick(0.0)
        return not house.loop.live()

    wait_for(is_dropped, within_s=60)
    with store.reading() as session:
        assert {prompt.prompt_id for prompt in session.prompts.running()} == anew


def _claim_elsewhere(session: Session, *, prompt_id: str) -> None:
    session.prompts.claim("elsewhere", prompt_id, now=NOW)


@pytest.mark.parametrize("is_forgotten", [True, False])
@pytest.mark.parametrize("error", [HomeAway("paused"), FolderGone(JOB)])
def test_what_its_home_let_go_of_before_it_is_put_back_ends_no_loop(
    house: House,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    *,
    is_forgotten: bool,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(JobFolders, "active", refuse)
    house.loop.tick(0.0)
    let_go(store, is_forgotten=is_forgotten)
    house.loop.tick(1.0)
    with store.reading() as session:
        assert session.prompts.running() == []


@pytest.mark.parametrize("is_forgotten", [True, False])
def test_what_its_home_let_go_of_while_it_was_looked_for_is_not_taken_up(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch, *, is_forgotten: bool
) -> None:
    def lose(*_: object, **__: object) -> None:
        let_go(store, is_forgotten=is_forgotten)
        raise HomeAway("it is not in active/")

    store.write(lambda session: session.prompts.claim("staying", "p", now=NOW))
    monkeypatch.setattr(JobFolders, "active", lose)
    stopping = threading.Event()
    stopping.set()
    house.loop.run(stopping=stopping, longest_sleep_s=None)
    with store.reading() as session:
        assert session.prompts.running() == []


def let_go(store: Store, *, is_forgotten: bool) -> None:
    """Let a job be one that was never whole, whose prompts `is_forgotten` takes away, too."""
    store.write(lambda session: session.adopted.disown(JOB, now=NOW))
    if is_forgotten:
        store.forget_prompts(JOB)


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_how_a_job_is_is_told_where_it_is_at_home(
    house: House, spool: Spool, monkeypatch: pytest.MonkeyPatch, *, is_elsewhere: bool
) -> None:
    told: list[int] = []
    monkeypatch.setattr(JobFolders, "is_elsewhere", lambda *_: is_elsewhere)
    monkeypatch.setattr(JobFolders, "active", lambda *_, **__: spool.active / JOB)
    monkeypatch.setattr(Statuses, "tell", lambda _, job_keys, *__: told.extend(job_keys))
    house.loop.tick(0.0)
    assert house.loop.live()
    spool.pause()
    house.loop.tick(10.0)
    assert told == ([] if is_elsewhere else [1, 1])
