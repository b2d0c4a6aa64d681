"""kill -9 of a backup, a restore, a rebuild and a migration, before every rename, sync and commit.

The points are found by letting each run once; then it is killed before each of them in a copy of
the same queue, and what is left is gone on with as a person or the next start would.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from tests.crashes.trial import Trials
from tests.crashes.upkeeping import NEXT
from vqd.store.backup import BACKUPS, back_up, backups_in, told_of
from vqd.store.connection import SqliteConnection
from vqd.store.counters import miscounted
from vqd.store.durable import sha256_of
from vqd.store.integrity import faults_of
from vqd.store.replacing import settle
from vqd.store.schema import digest_of, steps, version_of
from vqd.store.store import Store

OLD = "20260101-000000-old"
NEW = "20260102-000000-new"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A queue with two jobs, the second of which is in its log alone, and a backup of the first."""
    folder = tmp_path / "base"
    folder.mkdir()
    queue = folder / "queue.db"
    store = Store(queue)
    accept_a_job(store, OLD)
    back_up(queue, folder / BACKUPS, now=NOW)
    accept_a_job(store, NEW)
    copied = Path(shutil.copytree(folder, tmp_path / "copied"))
    store.close()
    return copied


@pytest.fixture
def trials() -> Iterator[Trials]:
    made = Trials("upkeeping")
    yield made
    made.close()


Fresh = Callable[[], Path]


@pytest.fixture
def fresh(base: Path, tmp_path: Path) -> Fresh:
    """Gives a copy of the folder to which nothing was done yet."""

    def copied() -> Path:
        shutil.rmtree(tmp_path / "trial", ignore_errors=True)
        return Path(shutil.copytree(base, tmp_path / "trial"))

    return copied


def killed(trials: Trials, fresh: Fresh, what: str, points: set[str]) -> Iterator[tuple[str, Path]]:
    """Kill it before each of its points, of which these are some; gives what is left each time."""
    reached = trials.carry_out(folder=str(fresh()), what=what)["points"]
    assert points <= {*reached}
    for at, point in enumerate(reached):
        for torn in {False, point.startswith("sync ")}:
            folder = fresh()
            died = trials.carry_out(folder=str(folder), what=what, at=at, torn=torn)
            assert died == {"killed": True, "points": reached[:at]}, point
            yield f"killed before {point!r}, torn: {torn}", folder


def jobs_in(path: Path) -> list[str]:
    """The jobs in a queue that is sound."""
    with closing(sqlite3.connect(path, factory=SqliteConnection)) as connection:
        assert list(faults_of(connection)) == list(miscounted(connection)) == []
        return [job for (job,) in connection.execute("SELECT job FROM jobs ORDER BY job")]


def kept_in(folder: Path) -> list[list[str]]:
    """The jobs of each queue that was set aside."""
    return [jobs_in(one / "queue.db") for one in sorted(folder.glob("replaced-*"))]


def test_a_backup_is_whole_or_not_there(trials: Trials, fresh: Fresh) -> None:
    steps_of_it = {"pages", "replace to backups/queue-20260921-141420.db"}
    for when, folder in killed(trials, fresh, "back up", steps_of_it):
        for backup in backups_in(folder / BACKUPS):
            told = told_of(backup)
            assert told is not None, when
            assert sha256_of(backup) == told.sha256, when
            assert len(jobs_in(backup)) == told.jobs, when
        assert backups_in(folder / BACKUPS), when
        assert not trials.carry_out(folder=str(folder), what="back up")["killed"]
        newest = backups_in(folder / BACKUPS)[-1]
        assert jobs_in(newest) == [OLD, NEW], when
        left = {path.name for path in (folder / BACKUPS).iterdir()}
        assert left == {newest.name, f"{newest.stem}.json"}, when


@pytest.mark.parametrize("again", [True, False], ids=["said again", "the daemon starts"])
def test_a_restore_is_done_or_nothing_was(trials: Trials, fresh: Fresh, *, again: bool) -> None:
    steps_of_it = {"replace to trial/queue.db.restored", "rename to trial/queue.db"}
    for when, folder in killed(trials, fresh, "restore", steps_of_it):
        begun = not (folder / "queue.db").exists() or (folder / "queue.db.restored").exists()
        begun = begun or (folder / "queue.replaced").exists() or bool(kept_in(folder))
        if again:
            assert not trials.carry_out(folder=str(folder), what="restore")["killed"]
        Store(folder / "queue.db").close()
        assert jobs_in(folder / "queue.db") == ([OLD] if begun or again else [OLD, NEW]), when
        kept = kept_in(folder)
        assert kept.count([OLD, NEW]) == int(begun or again), when
        assert len(kept) <= 2, when
        left = {path.name for path in folder.iterdir() if not path.name.startswith("replaced-")}
        assert left - {BACKUPS, ".queue.db.restored.part"} == {"queue.db"}, when


def test_a_queue_is_set_aside_whole_or_not_at_all(trials: Trials, fresh: Fresh) -> None:
    for when, folder in killed(trials, fresh, "set aside", {"rename to queue.replaced/queue.db"}):
        assert not trials.carry_out(folder=str(folder), what="set aside")["killed"]
        assert kept_in(folder) == [[OLD, NEW]], when
        assert not (folder / "queue.db").exists(), when


def test_a_queue_has_one_schema_or_the_next(trials: Trials, fresh: Fresh) -> None:
    steps_of_it = {"commit of the schema", "committed", "pages"} - {"pages"}
    known = {step.number: step.digest for step in [*steps(), NEXT]}
    for when, folder in killed(trials, fresh, "migrate", steps_of_it):
        settle(folder / "queue.db", now=NOW)
        with closing(sqlite3.connect(folder / "queue.db")) as connection:
            version = version_of(connection)
            assert digest_of(connection) == known[version], when
        is_over = when.startswith("killed before 'committed'")
        assert version == (NEXT.number if is_over else NEXT.number - 1), when
        assert jobs_in(folder / "queue.db") == [OLD, NEW], when
        assert not trials.carry_out(folder=str(folder), what="migrate")["killed"]
        assert jobs_in(folder / "queue.db") == [OLD, NEW], when
        assert jobs_in(backups_in(folder / BACKUPS)[-1]) == [OLD, NEW], when
