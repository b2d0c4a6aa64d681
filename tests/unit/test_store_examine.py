"""Whether a queue is whole is found out without a trace, and what helps is said."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.finding import Finding, Level
from vqd.store.backup import BACKUPS, back_up
from vqd.store.examine import examine_store
from vqd.store.store import Store


def examined(path: Path, within_s: float = 60) -> list[Finding]:
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
def test_a_damaged_one_is_made_anew_or_restored_by_what_is_said(queue: Path, offset: int) -> None:
    made = back_up(queue, queue.parent / BACKUPS, now=NOW)
    with queue.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 4096 * 4)
    found = examined(queue)[0]
    assert (found.level, found.code) == (Level.WRONG, "store_damaged")
    assert found.cure[1].startswith(f"vqd restore {made.path}")
    made.path.unlink()
    assert examined(queue)[0].cure[1].startswith("vqd db rebuild")


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
    connection.execute(
        "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 100000)"
        " INSERT INTO events (at, kind) SELECT x, 'filler' FROM n"
    )
    connection.commit()
    connection.close()
    assert [one.code for one in examined(queue)] == ["store_whole"]
    (found,) = examined(queue, within_s=-1)
    assert (found.level, found.code) == (Level.OK, "store_large")


def in_full(queue: Path) -> list[Finding]:
    return [*examine_store(queue, rows=True)]


def test_rows_that_agree_are_told_to_do_so(queue: Path) -> None:
    assert [one.code for one in in_full(queue)] == ["store_whole", "store_agrees"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE jobs SET total = 3, pending = 3", "2 of 3 prompts are there"),
        ("DELETE FROM prompts WHERE number = 2", "1 of 2 prompts are there"),
        ("DELETE FROM jobs", "rows of prompts refer to rows of jobs that are not there"),
    ],
)
def test_rows_that_do_not_agree_are_told(queue: Path, change: str, said: str) -> None:
    with closing(sqlite3.connect(queue)) as connection:
        connection.execute(change)
        connection.commit()
    wrong = [one for one in in_full(queue) if one.level is Level.WRONG]
    assert {one.code for one in wrong} == {"store_disagrees"}
    assert any(said in one.said for one in wrong)
    assert all(one.cure[1].startswith("vqd db rebuild") for one in wrong)


def test_a_log_that_a_reader_keeps_growing_is_told_with_the_reader(
    queue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.store.examine.LARGE_BYTES", 100_000)
    store = Store(queue)
    holding = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN');"
        "c.execute('SELECT count(*) FROM jobs'); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(queue)], stdin=PIPE, stdout=PIPE
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        for number in range(20):
            accept_a_job(store, f"20260101-000000-{number}", total=250)
        found = examined(queue)[-1]
        reader.communicate()
    assert (found.level, found.code) == (Level.WARN, "store_log_large")
    assert f"it is read by {reader.pid} (" in found.said
    accept_a_job(store, "20260102-000000-a", total=250)
    store.close()
    assert [one.code for one in examined(queue)] == ["store_whole"]
