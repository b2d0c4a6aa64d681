"""Hosts that are gone: nobody counts on their servers, and in time nobody is told of them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.builders import accept_a_job
from tests.cluster.company import LEASE_S, Company
from tests.cluster.test_daemons import House
from tests.waiting import wait_for
from vqd.domain.place import Database
from vqd.leases.member import joined
from vqd.runner.forgetting import Forgetting
from vqd.store.store import Store

DAY_S = 86_400.0
KEEP_S = 7 * DAY_S
JOB = "20260101-000000-a"
WITHIN_S = 120


@pytest.fixture
def ours(company: Company, database: str) -> Iterator[Store]:
    """The queue as one of the hosts writes it."""
    del company  # which laid it out
    place = Database(database, home="ours")
    with ExitStack() as stack:
        member = stack.enter_context(joined(place, identity="ours", name="a", lease_s=LEASE_S))
        yield stack.enter_context(Store(place, member.gate))


def hosts(store: Store) -> list[str]:
    return sorted(host.name for host in store.hosts())


def servers(store: Store) -> list[str]:
    with store.reading() as session:
        return [one.server for one in session.servers.all()]


def test_a_host_is_forgotten_once_it_is_gone_for_long_and_its_servers_with_it(
    company: Company, ours: Store
) -> None:
    company.end(company.join("b", "gpu2"), since_s=8 * DAY_S)
    company.end(company.join("c", "gpu3"), since_s=6 * DAY_S)
    company.silence(company.join("d", "gpu4"), 30 * DAY_S)

    Forgetting(ours, KEEP_S).forget()

    assert hosts(ours) == ["a", "c", "d"]
    assert servers(ours) == ["gpu3", "gpu4"]


def test_a_host_that_comes_back_after_it_was_forgotten_is_known_again(
    company: Company, ours: Store
) -> None:
    company.end(company.join("b", "gpu2"), since_s=8 * DAY_S)
    Forgetting(ours, KEEP_S).forget()

    company.join("b", "gpu2")

    assert hosts(ours) == ["a", "b"]
    assert servers(ours) == ["gpu2"]
    Forgetting(ours, KEEP_S).forget()
    assert hosts(ours) == ["a", "b"]


def test_a_host_for_which_a_job_waits_is_never_forgotten(
    company: Company, ours: Store, database: str
) -> None:
    company.end(company.join("b", "gpu2"), since_s=99 * DAY_S)
    with Store(Database(database, home="home-of-b")) as theirs:
        accept_a_job(theirs, JOB)

    Forgetting(ours, KEEP_S).forget()

    assert hosts(ours) == ["a", "b"]
    assert servers(ours) == ["gpu2"]


def test_one_daemon_alone_has_nobody_to_forget(store: Store) -> None:
    Forgetting(store, 0.0).forget()
    with store.reading() as session:
        assert session.jobs.open_homes() == set()


@pytest.mark.timeout(600)
def test_the_servers_of_a_host_that_ended_or_was_killed_are_down_until_it_is_back(
    tmp_path: Path, database: str
) -> None:
    house = House(tmp_path / "house", database)
    try:
        for end in (house.b.stop, house.b.kill):
            for daemon in (house.a, house.b):
                if daemon.process is None or daemon.process.poll() is not None:
                    daemon.start()
            wait_for(lambda: states(database) == ["up", "up"], within_s=WITHIN_S)

            end()

            wait_for(lambda: states(database) == ["up", "down"], within_s=WITHIN_S)
            told = json.loads(house.a.vqd("models", "all", "--json").stdout)
            assert told["servers"] == ["gpu-a"]
    finally:
        house.close()


def states(database: str) -> list[str]:
    """The state of each server as it is written down, by name."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT state FROM vqd.servers ORDER BY server").fetchall()
    return [str(state) for (state,) in rows]
