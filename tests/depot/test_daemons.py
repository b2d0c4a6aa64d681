"""Daemons that share a queue and no disk: the files of their jobs travel by the depot."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from tests.daemons import Daemon, manifest_of
from tests.depot.store import S3Store, settings_of
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.domain.depot import DepotAddress

JOB = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [1600x1200, 2000x1500]
"""
PICTURES, PROMPTS = 20, 40
WITHIN_S = 180
pytestmark = pytest.mark.timeout(600)


class House:
    """Two daemons, `a` and `b`, of which neither reaches anything of the other's."""

    def __init__(self, folder: Path, database: str, address: DepotAddress) -> None:
        folder.mkdir()
        self.a, self.b = (
            Daemon(
                folder / name,
                database=database,
                servers=[{"url": "builtin", "name": f"gpu-{name}"}],
                lease_s=5,
                **settings_of(address),
            )
            for name in ("a", "b")
        )

    def close(self) -> None:
        """End both however they are."""
        for daemon in (self.a, self.b):
            daemon.close()


@pytest.fixture
def house(tmp_path: Path, database: str, address: DepotAddress) -> Iterator[House]:
    made = House(tmp_path / "house", database, address)
    yield made
    made.close()


@pytest.fixture
def house_by_s3(tmp_path: Path, database: str, s3: S3Store) -> Iterator[House]:
    made = House(tmp_path / "house", database, s3.address(tmp_path, prefix=tmp_path.name))
    yield made
    made.close()


def concluded(daemon: Daemon, outcome: str = "succeeded") -> list[int]:
    """Give the number of each prompt of the job that a daemon carried out."""
    lines = daemon.logged("prompt.concluded")
    wide = [line for line in lines if line["job"].endswith("-wide")]
    return [line["prompt"] for line in wide if line["outcome"] == outcome]


def begin(house: House, folder: Path) -> None:
    """Let both carry out a job of `a`, of which much is left to do."""
    for daemon in (house.a, house.b):
        daemon.start()
    for daemon in (house.a, house.b):
        daemon.wait_up()
    picture_job(folder / "wide", pictures=PICTURES, job=JOB).rename(house.a.spool.inbox / "wide")
    wait_for(lambda: concluded(house.a) and concluded(house.b), within_s=WITHIN_S)


def assert_whole(house: House, done: Path) -> None:
    """Every prompt succeeded once, and its output is there with what tells of it, and no other."""
    lines = manifest_of(done)
    assert sorted(line["prompt"] for line in lines) == list(range(1, PROMPTS + 1))
    for line in lines:
        made = (done / line["output"]).read_bytes()
        assert sha256(made).hexdigest() == line["sha256"]
        assert (done / f"{line['output']}.yaml").is_file()
        assert line["sign"] is not None
        assert all(file["sign"] is not None for file in line["files"].values())
    outputs = {path for path in (done / "outputs").rglob("*") if path.suffix == ".png"}
    assert outputs == {done / line["output"] for line in lines}
    succeeded = concluded(house.a) + concluded(house.b)
    assert len(succeeded) == len({*succeeded})
    assert house.b.closed("wide") is None
    assert not [*house.b.spool.active.iterdir()]
    attempts = house.b.folder / "state" / "depot" / "attempts"
    wait_for(lambda: not [*attempts.glob("*")], within_s=WITHIN_S, what="the end of all attempts")


def test_a_job_is_carried_out_by_both_and_every_output_comes_home_once(
    house: House, tmp_path: Path
) -> None:
    begin(house, tmp_path)

    done = house.a.wait_done("wide", within_s=WITHIN_S)

    assert_whole(house, done)
    assert {line["server"] for line in manifest_of(done)} == {"gpu-a", "gpu-b"}


def test_whoever_is_killed_in_the_middle_every_output_comes_home_once(
    house_by_s3: House, tmp_path: Path, s3: S3Store
) -> None:
    house = house_by_s3
    begin(house, tmp_path)

    house.b.kill()
    house.a.kill()
    house.a.start()

    done = house.a.wait_done("wide", within_s=WITHIN_S)
    house.b.start()  # whose attempts left something here, and perhaps in the depot
    assert_whole(house, done)
    house.a.stop()
    house.a.start()  # which sweeps what no job needs any more
    wait_for(lambda: not _left(s3, tmp_path), within_s=WITHIN_S, what="an empty depot")


def test_while_the_depot_is_away_each_makes_its_own_and_the_rest_goes_on_when_it_is_back(
    house_by_s3: House, tmp_path: Path, s3: S3Store, database: str
) -> None:
    house = house_by_s3
    begin(house, tmp_path)
    s3.go_away()
    try:
        wait_for(lambda: house.b.logged("depot.away"), within_s=WITHIN_S)
        own = picture_job(tmp_path / "own", pictures=1)
        own.rename(house.b.spool.inbox / "own")
        house.b.wait_done("own", within_s=WITHIN_S)
        wait_for(lambda: _waiting(database) == 0, within_s=WITHIN_S, what="the rest, made by a")
    finally:
        s3.come_back()

    assert_whole(house, house.a.wait_done("wide", within_s=WITHIN_S))
    wait_for(lambda: house.b.logged("depot.back"), within_s=WITHIN_S)


def _waiting(database: str) -> int:
    with psycopg.connect(database) as connection:
        [found] = connection.execute("SELECT sum(pending) FROM vqd.jobs").fetchall()
    return int(found[0])


def _left(s3: S3Store, tmp_path: Path) -> list[str]:
    return [name for name in s3.names() if name.startswith(f"{tmp_path.name}/")]
