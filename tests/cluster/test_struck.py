"""A host that is killed each time it lays its job's folder out, while another goes on beside it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cluster.test_daemons import JOB, House, assert_whole, drop
from tests.crashes import PATHS
from tests.daemons import Daemon, status_of
from tests.e2e.test_reload import change
from tests.waiting import wait_for

WITHIN_S = 180
STRUCK_AT = (
    "after publisher: rename to JOB/inputs",
    "before publisher: replace to JOB/STATUS.yaml",
    "before publisher: rename to done/JOB",
    "before publisher: rename to done/JOB",
    "after publisher: rename to done/JOB",
)
TELLS = "notify: {events: [done, failed], to: studio}\n"
NOBODY = {"studio": {"url": "http://127.0.0.1:9/"}}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    made = House(tmp_path / "house", database)
    for daemon in (made.a, made.b):
        change(daemon, notify=NOBODY)
    yield made
    made.close()


def test_a_job_whose_home_is_killed_each_time_it_closes_it_ends_all_the_same_and_once(
    house: House, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.b.start()
    drop(house.a, tmp_path, "wide", job=f"{JOB}{TELLS}")
    with monkeypatch.context() as struck:
        struck.setenv("PYTHONPATH", PATHS)
        for point in STRUCK_AT:
            struck.setenv("CRASH_AT", point)
            assert how_it_ends(house.a, point) == -signal.SIGKILL
    hosts = "SELECT count(*) FROM vqd_leases.lease_hosts"
    wait_for(lambda: times(database, hosts) == 1, within_s=WITHIN_S, what="that b is alone")

    house.a.start()

    done = house.a.wait_done("wide", within_s=WITHIN_S)
    assert_whole(house, done)
    assert status_of(done)["state"] == "done"
    assert [*house.a.spool.done.iterdir()] == [done]
    assert not [*house.a.spool.active.iterdir(), *house.a.spool.failed.iterdir()]
    assert not house.b.logged("job.closed")
    assert times(database, "SELECT count(*) FROM vqd.events WHERE kind = 'job.done'") == 1
    assert times(database, "SELECT count(*) FROM vqd.notices WHERE event = 'done'") == 1


def how_it_ends(daemon: Daemon, point: str) -> int:
    """Start a daemon that is struck at a point, and give how it ended."""
    daemon.start(may_end=True)
    process = daemon.process
    assert process is not None
    wait_for(lambda: process.poll() is not None, within_s=WITHIN_S, what=point)
    return int(process.returncode)


def times(database: str, query: str) -> int:
    """Ask the queue how often something is there."""
    with psycopg.connect(database) as connection:
        [(count,)] = connection.execute(query.encode()).fetchall()
    return int(count)
