"""Folders that are called as a job of another daemon on the queue: they are jobs of their own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.builders import NOW, accept_a_job
from tests.daemons import Daemon, manifest_of
from tests.samples import picture_job
from vqd.domain.lifecycle import JobState
from vqd.domain.place import Database
from vqd.store.store import Session, Store

WITHIN_S = 180

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def daemon(tmp_path: Path, database: str) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", database=database, servers=[{"url": "builtin"}])
    yield made
    made.close()


@pytest.mark.parametrize("is_over", [False, True])
def test_a_drop_that_got_the_name_of_another_s_in_the_same_instant_is_made_by_another_name(
    daemon: Daemon, tmp_path: Path, database: str, *, is_over: bool
) -> None:
    """Each looked whether the name was free before either had it."""
    job = "20260101-000000-plates"
    with Store(Database(database, home="elsewhere")) as theirs:
        job_key = accept_a_job(theirs, job)
        if is_over:
            theirs.write(lambda session: close(session, job_key))
    picture_job(tmp_path / "plates", pictures=1).rename(daemon.spool.active / job)

    daemon.start()

    done = daemon.wait_done("plates", within_s=WITHIN_S)
    assert done.name != job
    assert [line["prompt"] for line in manifest_of(done)] == [1]
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT home FROM vqd.jobs WHERE job_key = %s", (job_key,))
        assert rows.fetchone() == ("elsewhere",)


def close(session: Session, job_key: int) -> None:
    """Have a job be cancelled and over."""
    session.cancel(job_key, now=NOW, why="asked")
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW)


def test_the_folder_of_a_job_that_was_made_elsewhere_is_made_here_by_another_name(
    daemon: Daemon, tmp_path: Path, database: str
) -> None:
    daemon.start()
    picture_job(tmp_path / "plates", pictures=1).rename(daemon.spool.inbox / "plates")
    done = daemon.wait_done("plates", within_s=WITHIN_S)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE vqd.jobs SET home = 'elsewhere'")

    done.rename(daemon.spool.inbox / done.name)

    again = daemon.wait_done("plates", within_s=WITHIN_S)
    assert again.name != done.name
    assert [line["prompt"] for line in manifest_of(again)] == [1]
