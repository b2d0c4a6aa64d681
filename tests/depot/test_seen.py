"""What people see of a job whose files travel by the depot, while daemons and the depot go away."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.daemons import Daemon, status_of
from tests.depot.store import S3Store
from tests.depot.test_daemons import WITHIN_S, House, assert_whole, begin
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def house(tmp_path: Path, database: str, s3: S3Store) -> Iterator[House]:
    made = House(tmp_path / "house", database, s3.address(tmp_path, prefix=tmp_path.name))
    yield made
    made.close()


def job(daemon: Daemon) -> dict[str, Any]:
    """The job, as the status on a daemon's machine tells of it."""
    [told] = json.loads(daemon.vqd("status", "--json").stdout)["jobs"]
    assert isinstance(told, dict)
    return told


def explained(daemon: Daemon) -> str:
    """Why it is where it is, in one line."""
    return " ".join(daemon.vqd("explain", "wide").stdout.split())


def test_outputs_that_are_on_their_way_to_a_host_that_is_gone_are_told_of_and_come_when_it_is_back(
    house: House, tmp_path: Path
) -> None:
    begin(house, tmp_path)
    house.a.kill()

    wait_for(lambda: job(house.b)["counts"]["pending"] == 0, within_s=WITHIN_S, what="all made")
    wait_for(lambda: job(house.b)["counts"]["running"] == 0, within_s=WITHIN_S, what="all made")
    told = job(house.b)
    assert told["on_the_way"]
    assert told["reason"].endswith("on their way home")
    wait_for(lambda: "is gone" in explained(house.b), within_s=WITHIN_S, what="that a is gone")
    assert "on their way home by the depot, and host" in explained(house.b)

    house.a.start()

    assert_whole(house, house.a.wait_done("wide", within_s=WITHIN_S))


def test_a_depot_that_is_away_is_told_of_wherever_somebody_looks_until_it_is_back(
    house: House, tmp_path: Path, s3: S3Store
) -> None:
    begin(house, tmp_path)
    s3.go_away()
    try:
        for daemon in (house.a, house.b):
            wait_for(partial(_tells_of_both, daemon), within_s=WITHIN_S, what="both hosts' word")
        wait_for(partial(_are_cut_off, house.a), within_s=WITHIN_S, what="both hosts' reasons")
        wait_for(lambda: "the depot has been away" in explained(house.a), within_s=WITHIN_S)
    finally:
        s3.come_back()

    done = house.a.wait_done("wide", within_s=WITHIN_S)
    assert status_of(done)["reason"] is None
    assert_whole(house, done)
    wait_for(lambda: "depot" not in house.b.vqd("status").stdout, within_s=WITHIN_S)


def _tells_of_both(daemon: Daemon) -> bool:
    return daemon.vqd("status").stdout.count("the depot has been away for") == 2


def _are_cut_off(daemon: Daemon) -> bool:
    hosts = json.loads(daemon.vqd("servers", "--json").stdout)["hosts"]
    return all("Could not connect" in (host["depot_away"] or "") for host in hosts)
