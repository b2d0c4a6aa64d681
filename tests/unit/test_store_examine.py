"""Whether a queue is whole is found out without a trace, and what helps is said."""

import sqlite3
from pathlib import Path

import pytest

from tests.builders import accept_a_job
from vqd.domain.finding import Finding, Level
from vqd.store.examine import examine_store
from vqd.store.store import Store


def examined(path: Path, within_s: float = 5) -> list[Finding]:
    return [*examine_store(path, within_s=within_s)]


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    path = tmp_path / "queue.db"
    store = Store(path)
    accept_a_job(store)
    store.close()
    return path


def test_a_whole_queue_is_told_to_be_so(queue: Path) -> None:
    (found,) = examined(queue)
    assert (found.level, found.code) == (Level.OK, "store_whole")


def test_one_that_was_never_made_is_no_fault(tmp_path: Path) -> None:
    (found,) = examined(tmp_path / "queue.db")
    assert (found.level, found.code) == (Level.OK, "store_missing")


@pytest.mark.parametrize("offset", [0, 2 * 4096])
def test_a_damaged_one_is_moved_aside_by_what_is_said(queue: Path, offset: int) -> None:
    with queue.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 4096 * 4)
    found = examined(queue)[0]
    assert (found.level, found.code) == (Level.WRONG, "store_damaged")
    aside = queue.parent / "damaged"
    assert found.cure[1] == f"mkdir {aside} && mv {queue}* {aside}/"


def test_what_a_disk_refused_the_daemon_is_told(queue: Path) -> None:
    store = Store(queue)
    store.write(lambda session: session.refusals.note("/srv/vqd/done cannot be written: quota"))
    store.close()
    _, found = examined(queue)
    assert (found.level, found.code) == (Level.WARN, "refused")
    assert "/srv/vqd/done cannot be written: quota" in found.said


def test_a_queue_of_another_vqd_asks_for_that_vqd(queue: Path) -> None:
    connection = sqlite3.connect(queue)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    (found,) = examined(queue)
    assert (found.code, found.cure) == ("store_too_new", ("pip install --upgrade vqd",))


def test_a_large_one_is_looked_at_for_as_long_as_there_is_time(queue: Path) -> None:
    connection = sqlite3.connect(queue)
    connection.execute("CREATE TABLE filler (number INTEGER)")
    connection.execute(
        "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 100000)"
        " INSERT INTO filler SELECT x FROM n"
    )
    connection.commit()
    connection.close()
    assert [one.code for one in examined(queue)] == ["store_whole"]
    (found,) = examined(queue, within_s=-1)
    assert (found.level, found.code) == (Level.OK, "store_large")
