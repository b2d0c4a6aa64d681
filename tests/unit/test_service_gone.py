from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from vqd.service.gone import Gone
from vqd.spool.layout import Spool
from vqd.store.store import Store

JOB = "20260101-000000-a"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path / "spool")


@pytest.fixture
def folder(spool: Spool, store: Store) -> Path:
    """The folder of a suspended job."""
    job_key = accept_a_job(store, JOB)
    store.write(lambda session: session.schedules.suspend(job_key, now=NOW))
    made = spool.active / JOB
    made.mkdir()
    return made


@pytest.fixture
def look(spool: Spool, store: Store) -> Callable[[], None]:
    gone = Gone(spool, store, on_change=lambda: None)

    def look() -> None:
        with store.reading() as session:
            unfinished = session.jobs.unfinished()
        gone.look(unfinished, spool.active_jobs(), now=NOW)

    return look


def test_a_held_job_whose_folder_was_deleted_is_cancelled_at_the_second_look(
    look: Callable[[], None], folder: Path, store: Store
) -> None:
    look()
    folder.rmdir()
    look()
    assert reason_of(store) is None
    look()
    assert reason_of(store) == "cancelled: its folder was deleted"


def test_a_folder_that_is_put_back_between_two_looks_changes_nothing(
    look: Callable[[], None], folder: Path, store: Store
) -> None:
    for _ in range(3):
        folder.rmdir()
        look()
        folder.mkdir()
        look()
    assert reason_of(store) is None


def test_a_share_that_is_away_deletes_no_job(
    look: Callable[[], None], folder: Path, spool: Spool, store: Store
) -> None:
    folder.rmdir()
    marker = spool.root / ".vqd-spool"
    marker.rename(spool.root / "marker")
    for _ in range(3):
        look()
    assert reason_of(store) is None


def reason_of(store: Store) -> str | None:
    with store.reading() as session:
        job = session.jobs.find(JOB)
    assert job is not None
    return job.reason
