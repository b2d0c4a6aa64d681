"""Daemons that share a queue in PostgreSQL: each serves a spool of its own, drives servers of its
own, and helps the others."""

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture_job
from tests.waiting import wait_for

JOB = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [700x500, 710x500, 720x500, 730x500, 740x500, 750x500]
    method: [lanczos, area]
"""
PICTURES = 2
PROMPTS = 24
WITHIN_S = 180

pytestmark = pytest.mark.timeout(600)


class House:
    """Two daemons, `a` and `b`, of which each reaches the other's spool."""

    def __init__(
        self, folder: Path, database: str, *, tags: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        folder.mkdir()
        self.a, self.b = (
            Daemon(
                folder / name,
                database=database,
                servers=[
                    {"url": "builtin", "name": f"gpu-{name}", "tags": [*(tags or {}).get(name, ())]}
                ],
                spools=[str(folder / other / "spool")],
                lease_s=5,
            )
            for name, other in (("a", "b"), ("b", "a"))
        )

    def close(self) -> None:
        """End both however they are."""
        for daemon in (self.a, self.b):
            daemon.close()


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    made = House(tmp_path / "house", database)
    yield made
    made.close()


def drop(
    daemon: Daemon, folder: Path, name: str, *, job: str = JOB, pictures: int = PICTURES
) -> None:
    picture_job(folder / name, pictures=pictures, job=job).rename(daemon.spool.inbox / name)


def concluded(daemon: Daemon, outcome: str = "succeeded") -> list[int]:
    """Give the number of each prompt that a daemon carried out."""
    lines = daemon.logged("prompt.concluded")
    return [line["prompt"] for line in lines if line["outcome"] == outcome]


def gone(daemon: Daemon) -> list[str]:
    """Name the servers of hosts that were taken for gone, as a daemon's machine shows them."""
    hosts = json.loads(daemon.vqd("servers", "--json").stdout)["hosts"]
    return [server for host in hosts if host["state"] == "gone" for server in host["servers"]]


def assert_whole(house: House, done: Path) -> None:
    """Every prompt succeeded once, and every output is there."""
    lines = manifest_of(done)
    assert sorted(line["prompt"] for line in lines) == list(range(1, PROMPTS + 1))
    assert len({line["output"] for line in lines}) == PROMPTS
    for line in lines:
        made = (done / line["output"]).read_bytes()
        assert sha256(made).hexdigest() == line["sha256"]
    succeeded = sorted(concluded(house.a) + concluded(house.b))
    assert succeeded == sorted({*succeeded})


def begin(house: House, folder: Path, *, pictures: int = PICTURES) -> None:
    """Let both carry out a job of `a`, of which much is left to do."""
    for daemon in (house.a, house.b):
        daemon.start()
    for daemon in (house.a, house.b):
        daemon.wait_up()
    drop(house.a, folder, "wide", pictures=pictures)
    wait_for(lambda: concluded(house.a) and concluded(house.b), within_s=WITHIN_S)


def test_a_job_is_carried_out_by_the_servers_of_both_and_closed_where_it_was_dropped(
    house: House, tmp_path: Path
) -> None:
    begin(house, tmp_path)

    done = house.a.wait_done("wide", within_s=WITHIN_S)

    assert_whole(house, done)
    assert {line["server"] for line in manifest_of(done)} == {"gpu-a", "gpu-b"}
    assert not [*house.b.spool.done.iterdir(), *house.b.spool.active.iterdir()]
    servers = house.b.vqd("servers").stdout
    assert "gpu-a" in servers
    assert "gpu-b" in servers


def test_a_daemon_that_was_frozen_ends_and_what_it_had_is_made_by_the_other(
    house: House, tmp_path: Path
) -> None:
    begin(house, tmp_path)
    assert house.b.process is not None
    house.b.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: gone(house.a) == ["gpu-b"], within_s=WITHIN_S, what="that b is gone")
    done = house.a.wait_done("wide", within_s=WITHIN_S)

    house.b.process.send_signal(signal.SIGCONT)

    assert house.b.process.wait(WITHIN_S) == 75
    assert house.b.logged("host.swept")
    assert_whole(house, done)


def test_a_job_whose_home_is_killed_is_made_by_the_other_and_closed_when_that_is_back(
    house: House, tmp_path: Path, database: str
) -> None:
    begin(house, tmp_path)
    house.a.kill()
    wait_for(lambda: _made(database) == PROMPTS, within_s=WITHIN_S, what="all of the job")

    house.a.start()

    assert_whole(house, house.a.wait_done("wide", within_s=WITHIN_S))


def _made(database: str) -> int:
    with psycopg.connect(database) as connection:
        [found] = connection.execute("SELECT succeeded FROM vqd.jobs").fetchall()
    return int(found[0])


def test_a_job_that_only_the_other_can_serve_is_carried_out_there(
    tmp_path: Path, database: str
) -> None:
    house = House(tmp_path / "house", database, tags={"b": ["scaling"]})
    try:
        for daemon in (house.a, house.b):
            daemon.start()
        drop(house.a, tmp_path, "wide", job=f"{JOB}schedule: {{needs: {{tags: [scaling]}}}}\n")

        done = house.a.wait_done("wide", within_s=WITHIN_S)
    finally:
        house.close()

    assert_whole(house, done)
    assert {line["server"] for line in manifest_of(done)} == {"gpu-b"}


def test_what_is_cancelled_is_stopped_wherever_it_runs(
    house: House, tmp_path: Path, database: str
) -> None:
    begin(house, tmp_path, pictures=50)
    [active] = house.a.spool.active.iterdir()

    (active / "CANCEL").touch()

    folder = house.a.wait_closed("wide", within_s=WITHIN_S)
    assert status_of(folder)["state"] == "cancelled"
    with psycopg.connect(database) as connection:
        held = connection.execute("SELECT count(*) FROM vqd_leases.procrastinate_jobs")
        assert held.fetchone() == (0,)
