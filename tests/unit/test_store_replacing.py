"""A backup takes the place of the queue; what was there is kept, and a crash changes nothing of
that."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.errors import VqdError
from vqd.store.backup import back_up
from vqd.store.replacing import restore, set_aside
from vqd.store.store import Store


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "queue.db"


@pytest.fixture
def backup(queue: Path, tmp_path: Path) -> Path:
    """A backup with one job, of a queue that has two by now, the second in its log alone."""
    store = Store(queue)
    accept_a_job(store, "20260101-000000-old")
    made = back_up(queue, tmp_path / "backups", now=NOW).path
    accept_a_job(store, "20260102-000000-new")
    with closing(sqlite3.connect(queue)) as reader:  # keeps the log when the store is closed
        reader.execute("SELECT * FROM jobs")
        store.close()
        for name in ("queue.db", "queue.db-wal"):
            shutil.copy(queue.with_name(name), queue.with_name(f"{name}.left"))
    for name in ("queue.db", "queue.db-wal"):
        queue.with_name(f"{name}.left").replace(queue.with_name(name))
    return made


def jobs_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [job for (job,) in connection.execute("SELECT job FROM jobs ORDER BY job")]


OLD = ["20260101-000000-old"]
BOTH = [*OLD, "20260102-000000-new"]


def test_what_is_restored_is_there_and_what_was_there_is_kept_with_its_log(
    queue: Path, backup: Path
) -> None:
    kept = restore(backup, queue, now=NOW).kept
    assert kept == queue.parent / "replaced-20260921-141320"
    assert sorted(path.name for path in queue.parent.iterdir()) == [queue.name, kept.name]
    assert jobs_in(queue) == OLD
    assert (kept / "queue.db-wal").stat().st_size > 0
    assert jobs_in(kept / "queue.db") == BOTH


def test_what_is_set_aside_is_kept_and_nothing_is_there(queue: Path, backup: Path) -> None:
    kept = set_aside(queue, now=NOW).kept
    assert kept is not None
    assert jobs_in(kept / "queue.db") == BOTH
    assert [path.name for path in queue.parent.iterdir()] == [kept.name]
    assert set_aside(queue, now=NOW).kept is None


def test_where_there_is_no_queue_a_backup_is_put(tmp_path: Path, queue: Path, backup: Path) -> None:
    elsewhere = tmp_path / "queue.db"
    assert restore(backup, elsewhere, now=NOW).kept is None
    assert jobs_in(elsewhere) == OLD


@pytest.mark.parametrize("lose", [Path.unlink, lambda queue: os.truncate(queue, 0)])
def test_a_log_whose_queue_is_gone_or_empty_is_kept(
    queue: Path, backup: Path, lose: Callable[[Path], None]
) -> None:
    lose(queue)
    store = Store(queue)
    assert store.is_new
    store.close()
    (kept,) = queue.parent.glob("replaced-*")
    assert [path.name for path in kept.iterdir()] == ["queue.db-wal"]


@pytest.mark.parametrize("kept_open", [False, True])
def test_a_queue_that_another_was_put_in_the_place_of_is_written_no_more_and_leaves_no_log_to_it(
    queue: Path, backup: Path, *, kept_open: bool
) -> None:
    failures: list[str] = []
    store = Store(queue, on_failure=lambda: failures.append("failed"))
    with closing(sqlite3.connect(queue)) as reader:
        if kept_open:
            reader.execute("SELECT * FROM jobs")
        shutil.copy(backup, queue.with_name("new"))
        queue.with_name("new").replace(queue)
        for _ in range(2):
            with pytest.raises(VqdError, match="another file is in its place") as raised:
                accept_a_job(store, "20260103-000000-lost")
        assert (raised.value.code, failures) == ("store_replaced", ["failed"])
        store.close()
    assert [path.name for path in queue.parent.glob("queue.*")] == [queue.name]
    assert jobs_in(queue) == OLD


def test_the_next_to_open_it_goes_on_with_what_was_begun(queue: Path, backup: Path) -> None:
    shutil.copy(backup, queue.with_name("queue.db.restored"))
    store = Store(queue)
    assert not store.is_new
    store.close()
    assert jobs_in(queue) == OLD
    (kept,) = queue.parent.glob("replaced-*")
    assert jobs_in(kept / "queue.db") == BOTH


def test_a_second_one_keeps_what_the_first_had_not_put_away_yet(queue: Path, backup: Path) -> None:
    restore(backup, queue, now=NOW)
    (first,) = queue.parent.glob("replaced-*")
    first.rename(queue.with_name("queue.replaced"))  # killed before it had its name
    restore(backup, queue, now=NOW + 1)
    kept = sorted(queue.parent.glob("replaced-*"))
    assert [jobs_in(one / "queue.db") for one in kept] == [BOTH, OLD]


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(8192)


def change(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM events")
        connection.commit()


def empty(path: Path) -> None:
    path.write_bytes(b"")
    path.with_suffix(".json").unlink()


def of_another(path: Path) -> None:
    path.unlink()
    path.with_suffix(".json").unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")


def of_a_newer_vqd(path: Path) -> None:
    path.with_suffix(".json").unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def no_database(path: Path) -> None:
    path.write_text("SQLite format 4?" * 1000)
    path.with_suffix(".json").unlink()


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (cut, "backup_damaged"),
        (change, "backup_damaged"),
        (empty, "backup_damaged"),
        (no_database, "backup_damaged"),
        (Path.unlink, "backup_missing"),
        (of_another, "store_not_vqd"),
        (of_a_newer_vqd, "store_too_new"),
    ],
    ids=["cut off", "changed", "empty", "no database", "gone", "another's", "of a newer vqd"],
)
def test_what_cannot_be_used_changes_nothing(
    queue: Path, backup: Path, harm: Callable[[Path], None], code: str
) -> None:
    harm(backup)
    with pytest.raises(VqdError) as caught:
        restore(backup, queue, now=NOW)
    assert caught.value.code == code
    assert sorted(path.name for path in queue.parent.iterdir()) == ["queue.db", "queue.db-wal"]
    assert jobs_in(queue) == BOTH


def test_a_queue_that_was_copied_by_hand_with_its_log_is_as_good(
    tmp_path: Path, queue: Path, backup: Path
) -> None:
    copied = Path(shutil.copytree(queue.parent, tmp_path / "copied"))
    restore(backup, queue, now=NOW)
    restore(copied / "queue.db", queue, now=NOW + 1)
    assert jobs_in(queue) == BOTH
