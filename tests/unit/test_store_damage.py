"""A queue that a disk or a program damaged, at every place: it is refused with what mends it, or is
what it was, or an earlier state of that; and never opened half."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import accept_a_job
from vqd.domain.errors import VqdError
from vqd.store.store import Store

JOBS = 6
PAGE = 4096


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A queue that was closed: all of it lies in its file."""
    return a_queue(tmp_path / "closed")


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A queue whose daemon was killed: nearly all of it lies in its log."""
    return a_queue(tmp_path / "killed", is_killed=True)


def a_queue(folder: Path, *, is_killed: bool = False) -> Path:
    folder.mkdir()
    queue = folder / "queue.db"
    store = Store(queue)
    for number in range(JOBS):
        accept_a_job(store, f"20260101-00000{number}-a", total=10)
    left = folder.with_name("left")
    shutil.copytree(folder, left)
    store.close()
    if is_killed:
        shutil.rmtree(folder)
        left.rename(folder)
        queue.with_name("queue.db-shm").unlink()
    return queue


def fresh(queue: Path) -> Path:
    """Give a copy to be damaged."""
    copy = queue.parent.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(queue.parent, copy)
    return copy / queue.name


def opened(queue: Path) -> int | str:
    """Give how many jobs are in a queue, each whole; or the code that it is refused with."""
    try:
        store = Store(queue)
    except VqdError as error:
        return error.code
    store.close()
    with closing(sqlite3.connect(queue)) as connection:
        counts = connection.execute(
            "SELECT count(*) FROM prompts GROUP BY job_key ORDER BY job_key"
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert [count for (count,) in counts] == [10] * len(counts)
    return len(counts)


def test_one_that_was_cut_off_anywhere_is_refused(closed: Path) -> None:
    size = closed.stat().st_size
    for cut in (100, 512, 1000, *range(PAGE, size, PAGE), size - PAGE // 2):
        copy = fresh(closed)
        os.truncate(copy, cut)
        assert opened(copy) == "store_damaged", cut


def test_one_that_is_empty_is_made_anew(closed: Path) -> None:
    os.truncate(closed, 0)
    assert opened(closed) == 0


@pytest.mark.parametrize("rubbish", [b"\0", b"\xa5"])
def test_one_with_rubbish_in_any_page_is_refused(closed: Path, rubbish: bytes) -> None:
    for page in range(closed.stat().st_size // PAGE):
        copy = fresh(closed)
        with copy.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(rubbish * PAGE)
        assert opened(copy) == "store_damaged", page


def test_of_a_log_that_was_cut_off_or_damaged_anywhere_what_comes_before_that_is_there(
    killed: Path,
) -> None:
    log = killed.with_name("queue.db-wal")
    size = log.stat().st_size
    found: list[int | str] = []
    for cut in range(0, size, size // 30):
        copy = fresh(killed)
        os.truncate(copy.with_name(log.name), cut)
        found.append(opened(copy))
        copy = fresh(killed)
        with copy.with_name(log.name).open("r+b") as file:
            file.seek(cut)
            file.write(b"\xa5" * 50)
        assert opened(copy) == found[-1], cut
    assert found == sorted(found, key=str)
    assert found[0] == 0
    assert found[-1] in (JOBS - 1, JOBS)


def test_one_whose_log_is_gone_is_an_earlier_one(killed: Path) -> None:
    killed.with_name("queue.db-wal").unlink()
    assert opened(killed) == 0


def test_one_that_was_being_made_when_a_crash_came_is_made_anew(tmp_path: Path) -> None:
    queue = tmp_path / "made" / "queue.db"
    queue.parent.mkdir()
    with closing(sqlite3.connect(queue, isolation_level=None)) as making:
        making.execute("PRAGMA cache_size = 1")
        making.execute("BEGIN IMMEDIATE")
        making.execute("CREATE TABLE jobs (job)")
        for _ in range(100):
            making.execute("INSERT INTO jobs VALUES (randomblob(10000))")
        copy = fresh(queue)
    assert copy.stat().st_size > PAGE
    assert opened(copy) == 0


def test_damage_that_a_reader_meets_is_told_as_such_and_ends_who_writes(closed: Path) -> None:
    failures: list[str] = []
    with closing(Store(closed, on_failure=lambda: failures.append("failed"))) as store:
        with closed.open("r+b") as file:
            file.seek(PAGE)
            file.write(b"\xa5" * (closed.stat().st_size - PAGE))
        for _ in range(2):
            with (
                pytest.raises(VqdError, match="vqd restore BACKUP") as raised,
                store.reading() as session,
            ):
                session.jobs.find("20260101-000003-a")
    assert (raised.value.code, failures) == ("store_damaged", ["failed"])
