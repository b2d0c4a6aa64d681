"""Whom PostgreSQL tells, as a queue changes, that something may start: they sleep until then."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.outcome import Succeeded
from vqd.domain.place import Database
from vqd.domain.schedule import Schedule
from vqd.leases.heart import CHANGED
from vqd.store.store import Store

ALL, HOME = "", "here"
LAST = "nothing before this is on its way"


class Listener:
    """Hears what all who share a queue are told."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute(f"LISTEN {CHANGED}")

    def heard(self) -> list[str]:
        """Give what was told since this was asked last, in the order of its commits."""
        self.connection.execute("SELECT pg_notify(%s, %s)", (CHANGED, LAST))
        heard = list[str]()
        for told in self.connection.notifies(timeout=30):
            if told.payload == LAST:
                return heard
            heard.append(told.payload)
        raise AssertionError(f"of {heard} nobody heard the end")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with closing(Store(Database(database, home=HOME))) as opened:
        yield opened


@pytest.fixture
def listener(database: str, store: Store) -> Iterator[Listener]:
    made = Listener(database)
    with closing(made.connection):
        yield made


def run_one(store: Store, listener: Listener) -> list[list[str]]:
    """Run the next prompt; gives what was told as it began and as it ended."""
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    begun = listener.heard()
    store.write(lambda session: session.prompts.succeed(prompt.key, Succeeded((), 1.0), now=NOW))
    return [begun, listener.heard()]


def test_of_a_job_whose_inputs_come_to_lie_in_the_depot_all_are_told(
    store: Store, listener: Listener
) -> None:
    job_key = accept_a_job(store)
    assert ALL in listener.heard()
    store.write(lambda session: session.depot.stock(job_key, "f" * 64))
    assert listener.heard() == [ALL]


def test_of_a_job_that_may_run_no_more_at_once_all_are_told_once_it_may(
    store: Store, listener: Listener
) -> None:
    accept_a_job(store, total=2, schedule=Schedule(max_parallel=1))
    listener.heard()
    begun, ended = run_one(store, listener)
    assert begun == [HOME]
    assert sorted(ended) == [ALL, HOME]
    assert run_one(store, listener) == [[HOME], [HOME]]  # nothing of it waits any more


def test_of_a_job_that_may_run_more_at_once_its_home_alone_is_told(
    store: Store, listener: Listener
) -> None:
    accept_a_job(store, total=3, schedule=Schedule(max_parallel=2))
    listener.heard()
    assert run_one(store, listener) == [[HOME], [HOME]]
