"""A backup is the queue as it was at one instant, whole, told of, and there by one rename."""

import fcntl
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.builders import NOW, accept_a_job
from tests.mounts import small_disk
from tests.waiting import wait_for
from vqd import __version__
from vqd.domain.errors import VqdError
from vqd.store.backup import Backup, back_up, backups_in, told_of
from vqd.store.connection import open_for_reading
from vqd.store.counters import miscounted
from vqd.store.integrity import faults_of
from vqd.store.schema import version_of
from vqd.store.store import Store


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def jobs_in(backup: Path) -> int:
    with closing(open_for_reading(backup)) as connection:
        assert list(faults_of(connection)) == list(miscounted(connection)) == []
        return int(connection.execute("SELECT count(*) FROM jobs").fetchone()[0])


def test_what_is_backed_up_is_told_beside_it(store: Store, queue: Path, folder: Path) -> None:
    accept_a_job(store)
    made = back_up(queue, folder, now=NOW)
    assert made.path == folder / "queue-20260921-141320.db"
    assert (made.vqd, made.jobs, made.open_jobs) == (__version__, 1, 1)
    assert made.bytes == made.path.stat().st_size
    assert told_of(made.path) == made
    assert {path.name for path in folder.iterdir()} == {made.path.name, f"{made.path.stem}.json"}
    with closing(sqlite3.connect(made.path)) as connection:
        assert version_of(connection) == made.schema
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_while_jobs_come_in_each_backup_is_of_one_instant(
    store: Store, queue: Path, folder: Path
) -> None:
    stopping = threading.Event()
    accepted: list[int] = []

    def accept_jobs() -> None:
        while not stopping.is_set():
            accepted.append(accept_a_job(store, f"20260101-000000-{len(accepted)}", total=300))

    thread = threading.Thread(target=accept_jobs)
    thread.start()
    try:
        wait_for(lambda: accepted, within_s=20)
        counts = [jobs_in(back_up(queue, folder, now=NOW).path) for _ in range(3)]
    finally:
        stopping.set()
        thread.join()
    assert counts == sorted(counts)
    assert counts[0] >= 1
    assert counts[-1] <= len(accepted) + 1
    assert len(backups_in(folder)) == 3


def test_only_the_newest_are_kept_and_nothing_else_is_touched(
    store: Store, queue: Path, folder: Path
) -> None:
    folder.mkdir()
    (folder / "queue-of-mine.db").write_text("mine")
    for hour in range(3):
        back_up(queue, folder, now=NOW + 3600 * hour)
    back_up(queue, folder, now=NOW + 7200, keep=2)
    assert [path.name for path in backups_in(folder)] == [
        "queue-20260921-161320.db",
        "queue-20260921-161320-2.db",
    ]
    assert len(list(folder.iterdir())) == 5


def test_the_one_that_is_made_is_kept_though_the_clock_was_set_back(
    store: Store, queue: Path, folder: Path
) -> None:
    back_up(queue, folder, now=NOW)
    made = back_up(queue, folder, now=NOW - 3600, keep=1)
    assert backups_in(folder) == [made.path]


def test_what_a_killed_one_left_goes_with_the_next(store: Store, queue: Path, folder: Path) -> None:
    folder.mkdir()
    for name in (".queue-20260101-000000.db.part", ".queue-20260101-000000.db.part-journal"):
        (folder / name).write_bytes(b"half")
    (folder / "queue-20260101-000000.json").write_text("{}")
    made = back_up(queue, folder, now=NOW)
    assert sorted(path.stem for path in folder.iterdir()) == [made.path.stem] * 2


def test_of_a_damaged_queue_none_is_kept_and_the_earlier_stays(
    store: Store, queue: Path, folder: Path
) -> None:
    for number in range(20):
        accept_a_job(store, f"20260101-000000-{number}", total=200)
    earlier = back_up(queue, folder, now=NOW)
    store.close()
    with queue.open("r+b") as file:
        file.seek(40 * 4096)
        file.write(b"\xa5" * 4096 * 20)
    with pytest.raises(VqdError) as caught:
        back_up(queue, folder, now=NOW + 60, keep=1)
    assert caught.value.code == "store_damaged"
    assert backups_in(folder) == [earlier.path]
    assert len(list(folder.iterdir())) == 2


def test_two_at_once_are_refused(store: Store, queue: Path, folder: Path) -> None:
    lock = os.open(queue.parent, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with pytest.raises(VqdError) as caught:
            back_up(queue, folder, now=NOW)
    finally:
        os.close(lock)
    assert caught.value.code == "backup_running"
    assert back_up(queue, folder, now=NOW).jobs == 0


@pytest.mark.parametrize("said", [None, 1 << 30], ids=["as it says", "though it says other"])
def test_one_for_which_there_is_no_room_leaves_nothing_behind(
    store: Store, queue: Path, tmp_path: Path, said: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_a_job(store, total=6000)
    if said is not None:
        usage = type("Usage", (), {"free": said})
        monkeypatch.setattr("vqd.store.backup.shutil.disk_usage", lambda _: usage)
    small = tmp_path / "small"
    small.mkdir()
    with small_disk(small, "size=256k"):
        with pytest.raises(VqdError, match="Make room") as caught:
            back_up(queue, small / "backups", now=NOW)
        assert caught.value.code == "backup_no_room"
        assert list((small / "backups").iterdir()) == []


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"sha256": 1}'])
def test_what_somebody_wrote_beside_a_backup_tells_nothing(
    store: Store, queue: Path, folder: Path, text: bytes
) -> None:
    made = back_up(queue, folder, now=NOW)
    made.path.with_suffix(".json").write_bytes(text)
    assert told_of(made.path) is None


def test_newer_facts_beside_a_backup_are_passed_over(
    store: Store, queue: Path, folder: Path
) -> None:
    made = back_up(queue, folder, now=NOW)
    manifest = made.path.with_suffix(".json")
    manifest.write_bytes(orjson.dumps({**orjson.loads(manifest.read_bytes()), "more": True}))
    assert isinstance(told_of(made.path), Backup)
