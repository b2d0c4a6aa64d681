"""A queue of an earlier schema is brought to the newest after a backup, and none is mistaken."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, next_step
from vqd.domain.errors import VqdError
from vqd.domain.finding import Level
from vqd.store.backup import BACKUPS, backups_in, told_of
from vqd.store.connection import open_for_writing
from vqd.store.examine import examine_store
from vqd.store.migrate import migrate
from vqd.store.replacing import restore
from vqd.store.schema import DIGESTS, Step, digest_of, steps, version_of
from vqd.store.store import Store, StoreReader

RECORDED = Path(__file__).parents[1] / "recorded" / "schemas"
UNRELEASED = sorted(RECORDED.glob("0001-*.sql"))
RELEASED = sorted(RECORDED.glob("released-*.sql"))
"""A queue of each schema that was the newest once."""
SCRIPTS = {
    1: "f213f468a1ae80705c4a35f62a359d28d363c780a68889249fc4b74e25e8c84b",
    2: "0379915275a1cd3ba8074ce24e61115c63a2bb8832f7d9ea8caac75eb9b141b9",
    3: "ae85e75d1a88dc75f9581393294d731b82ae390b74e5ecf5074991d3ce29e9d8",
    4: "445b00aa49bdeebb64cd01143418398eddd10c87d254ef17fddf390008f07f11",
    5: "96d31dacf36487c2cfc4241b92faacb2913f21395c4228fbcb33950d656b3184",
    6: "6e840f68aca90b1162e7543c57d36f920ac6afa0c91001311047800b20b735b0",
}
"""What each step's script was when it was released."""
ADDS = "ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';"


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    """A queue of the newest schema, with a job in it."""
    path = tmp_path / "queue.db"
    store = Store(path)
    accept_a_job(store)
    store.close()
    return path


@pytest.fixture
def opened(queue: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_for_writing(queue)) as connection:
        yield connection


def test_no_step_was_edited_since_it_was_released() -> None:
    assert {step.number: sha256(step.script) for step in steps()} == SCRIPTS


def test_each_step_leads_to_the_schema_that_is_recorded() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for step in steps():
            connection.executescript(step.script)
            assert digest_of(connection) == step.digest
    assert [step.number for step in steps()] == [*range(1, len(DIGESTS) + 1)]


def test_a_queue_is_brought_to_the_next_schema_after_a_backup(
    opened: sqlite3.Connection, queue: Path
) -> None:
    further = [*steps(), next_step(ADDS)]
    migrate(opened, queue, now=NOW, known=further)
    assert version_of(opened) == further[-1].number
    assert [tuple(row) for row in opened.execute("SELECT total, mood FROM jobs")] == [(2, "calm")]
    (backup,) = backups_in(queue.parent / BACKUPS)
    with closing(sqlite3.connect(backup)) as kept:
        assert (version_of(kept), digest_of(kept)) == (steps()[-1].number, steps()[-1].digest)
        assert kept.execute("SELECT total FROM jobs").fetchall() == [(2,)]
    migrate(opened, queue, now=NOW, known=further)
    assert backups_in(queue.parent / BACKUPS) == [backup]


def test_there_is_a_recorded_queue_of_every_schema_but_the_newest() -> None:
    assert [path.stem for path in RELEASED] == [f"released-{step.number}" for step in steps()[:-1]]


@pytest.mark.parametrize("recorded", RELEASED, ids=lambda path: path.stem)
def test_a_queue_of_each_earlier_schema_goes_on_where_it_was(
    tmp_path: Path, recorded: Path
) -> None:
    path = laid(recorded, tmp_path)
    with pytest.raises(VqdError) as caught, StoreReader(path).reading():
        pass
    assert caught.value.code == "store_too_old"
    store = Store(path)
    with store.reading() as session:
        jobs = [(job.state, job.counts.total, job.priority) for job in session.joblist.open()]
        assert jobs == [("running", 3, 50), ("queued", 3, 70)]
        (running,) = session.prompts.running()
        assert (running.prompt_id, running.key.number) == ("p-2", 2)
        assert [output.path for _, output in session.outputs.of_job(1, after="", limit=9)] == [
            "outputs/a_1.png"
        ]
    claimed = store.write(lambda session: session.prompts.claim("gpu1", "p-3", now=NOW))
    assert claimed is not None
    assert claimed.key.job_key == 2
    store.close()
    assert [one.code for one in examine_store(path, rows=True)] == ["store_whole", "store_agrees"]
    (backup,) = backups_in(tmp_path / BACKUPS)
    told = told_of(backup)
    assert told is not None
    assert f"released-{told.schema}" == recorded.stem
    assert (told.jobs, told.open_jobs) == (2, 2)
    restore(backup, path, now=NOW)
    Store(path).close()


def test_a_new_queue_needs_no_backup(queue: Path) -> None:
    assert not (queue.parent / BACKUPS).exists()


@pytest.mark.parametrize(
    "step",
    [
        replace(next_step(ADDS), digest="0" * 64),
        next_step("DELETE FROM jobs;"),
        replace(next_step(ADDS), script=f"{ADDS} SELECT nothing FROM nowhere;"),
    ],
    ids=["leads elsewhere", "leaves rows that refer to none", "fails in the middle"],
)
def test_a_step_that_goes_wrong_leaves_the_queue_as_it_was(
    opened: sqlite3.Connection, queue: Path, step: Step
) -> None:
    opened.execute("PRAGMA foreign_keys = OFF")
    with pytest.raises(VqdError, match="cannot be reached") as caught:
        migrate(opened, queue, now=NOW, known=[*steps(), step])
    assert caught.value.code == "store_unmigrated"
    assert (version_of(opened), digest_of(opened)) == (steps()[-1].number, steps()[-1].digest)
    assert opened.execute("SELECT count(*) FROM jobs").fetchone()[0] == 1
    assert len(backups_in(queue.parent / BACKUPS)) == 1


@pytest.mark.parametrize("recorded", UNRELEASED, ids=lambda path: path.stem)
def test_a_queue_from_before_the_first_release_is_told_apart_and_left_alone(
    tmp_path: Path, recorded: Path
) -> None:
    path = laid(recorded, tmp_path)
    with pytest.raises(VqdError) as caught:
        Store(path)
    assert caught.value.code == "store_schema_unknown"
    assert "vqd db rebuild" in str(caught.value)
    with pytest.raises(VqdError, match="has another"), StoreReader(path).reading():
        pass
    (found,) = examine_store(path)
    assert (found.level, found.code) == (Level.WRONG, "store_schema_unknown")
    assert found.cure[1].startswith("vqd db rebuild")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT job FROM jobs").fetchall() == [("20260101-000000-beach",)]


def test_a_queue_that_somebody_changed_by_hand_is_told_apart(queue: Path) -> None:
    with closing(sqlite3.connect(queue)) as connection:
        connection.execute("CREATE INDEX mine ON jobs (reason)")
    with pytest.raises(VqdError, match="has another"):
        Store(queue)


def test_statistics_of_sqlites_own_are_no_change(queue: Path) -> None:
    with closing(sqlite3.connect(queue)) as connection:
        connection.execute("ANALYZE")
    Store(queue).close()


def laid(recorded: Path, folder: Path) -> Path:
    """Lay a recorded queue where a store finds it."""
    path = folder / "queue.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(recorded.read_text(encoding="utf-8"))
    return path


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
