"""A daemon that asks after what ran when it was killed, while PostgreSQL does not answer."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cutter import Cutter
from tests.daemons import Daemon, manifest_of
from tests.faults.test_killed_at_each_step import Held
from tests.proxy import Proxy
from tests.samples import picture_job
from tests.waiting import wait_for

NAMES = ("first", "second")
WITHIN_S = 120
WHOSE_THEY_ARE = b"FROM procrastinate_jobs WHERE lock = ANY"
OF_WHICH_JOB = b" AS on_the_way FROM jobs WHERE job_key = $1"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def cutter(database: str) -> Iterator[Cutter]:
    with Cutter(database) as made:
        yield made


@pytest.fixture
def daemon(tmp_path: Path, cutter: Cutter, proxy: Proxy) -> Iterator[Daemon]:
    """A daemon that hears of its queue through the cutter, with a server that outlives it."""
    servers = [{"url": proxy.url, "name": "far"}]
    made = Daemon(tmp_path / "house", database=cutter.url, servers=servers)
    yield made
    made.close()


def _running(database: str) -> int:
    with psycopg.connect(database) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM vqd.prompts WHERE state = 'running'"
        ).fetchall()
    return int(count)


@pytest.mark.parametrize(
    ("word", "let_by"), [(WHOSE_THEY_ARE, 0), (OF_WHICH_JOB, 0), (OF_WHICH_JOB, 1)]
)
def test_what_ran_is_made_once_though_the_queue_was_cut_off_as_it_was_asked_after(
    daemon: Daemon, database: str, cutter: Cutter, proxy: Proxy, tmp_path: Path, word: bytes,
    let_by: int,
) -> None:  # fmt: skip
    held = Held()
    daemon.start()
    proxy.tampers("POST /prompt", held.before, held.before)
    for name in NAMES:
        picture_job(tmp_path / name, pictures=1).rename(daemon.spool.inbox / name)
    wait_for(lambda: _running(database) == 2, within_s=WITHIN_S, what="a prompt of each job")
    daemon.kill()
    held.let_go()

    cutter.cut_at(word, is_passed_on=False, let_by=let_by)
    daemon.start()

    for name in NAMES:
        done = daemon.wait_done(name, within_s=WITHIN_S)
        assert [line["prompt"] for line in manifest_of(done)] == [1]
    assert cutter.cuts == 1
    [rescued] = daemon.logged("prompts.rescued")[-1:]
    assert rescued["requeued"] == 0
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT count(*) FROM vqd_leases.procrastinate_jobs")
        assert left.fetchone() == (0,)
