"""A queue that is locked, damaged, replaced or not synced while the daemon runs: it waits, or it
ends and goes on at the next start; nothing is made twice, and no prompt is to blame."""

import errno
import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.faults.test_full_disk import refusing
from tests.mounts import needs
from tests.samples import picture_job
from tests.waiting import wait_for

SIZES = ", ".join(f"{size}x{size}" for size in range(1400, 1404))
LONG = f"""\
vqd: 1
workflow: image-scale
params: {{method: lanczos}}
retry: {{limit: 0}}
fan_out: {{matrix: {{size: [{SIZES}]}}}}
"""
"""Of prompts that take a while, so that it is in the middle whatever is done to its queue."""
PROMPTS = 8


def queue_of(daemon: Daemon) -> Path:
    return daemon.folder / "state" / "queue.db"


def drop(daemon: Daemon, name: str, job: str = LONG) -> None:
    made = picture_job(daemon.folder / "dropping" / name, job=job)
    made.rename(daemon.spool.inbox / name)


def begun(daemon: Daemon) -> None:
    """Let a job be in the middle, with all that is known of it so far in the queue's own file."""
    daemon.start()
    drop(daemon, "long")
    wait_for(lambda: len(daemon.logged("prompt.concluded")) >= 3, within_s=60)
    with closing(sqlite3.connect(queue_of(daemon), timeout=30)) as queue:
        queue.execute("PRAGMA wal_checkpoint(FULL)")


def ended(daemon: Daemon) -> int:
    assert daemon.process is not None
    return daemon.process.wait(60)


def assert_ended_well(daemon: Daemon) -> None:
    """Every prompt of the job that was begun is there once, and was concluded well once at most;
    and nobody but vqd finds anything wrong with the queue."""
    assert_made_once(daemon, daemon.wait_done("long"), PROMPTS)
    ends = [line for line in daemon.logged("prompt.concluded") if line["outcome"] == "succeeded"]
    made = Counter((line["job"], line["prompt"]) for line in ends)
    assert [one for one, times in made.items() if times > 1] == []
    assert set(outcomes(daemon)) <= {"succeeded", "disk_full", "lost"}
    assert not daemon.logged("attempt.failed")
    wait_for(  # until the daemon has written that it can write again
        lambda: daemon.vqd("db", "check").returncode == 0, within_s=60, what="a queue that is well"
    )


def test_while_another_program_holds_the_queue_everything_waits(daemon: Daemon) -> None:
    begun(daemon)
    with closing(sqlite3.connect(queue_of(daemon), isolation_level=None, timeout=30)) as another:
        another.execute("BEGIN EXCLUSIVE")
        drop(daemon, "later", "vqd: 1\nworkflow: image-scale\n")
        (said,) = wait_for(lambda: daemon.logged("queue.unwritten"), within_s=60)
        assert "database is locked" in said["said"]
        assert not daemon.vqd("status").returncode, "what is known can be read"
    assert_ended_well(daemon)
    daemon.wait_done("later")
    assert len(daemon.logged("daemon.started")) == 1
    assert daemon.stop() == 0


def test_a_queue_that_is_damaged_ends_the_daemon_and_no_prompt_fails_of_it(daemon: Daemon) -> None:
    begun(daemon)
    with queue_of(daemon).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 400_000)
    drop(daemon, "later")  # of which nothing is in any cache
    assert ended(daemon) == 1
    assert "vqd db rebuild" in (daemon.folder / "daemon.log").read_text()
    daemon.start(may_end=True)
    assert ended(daemon) != 0
    assert "[store_damaged]" in (daemon.folder / "daemon.log").read_text()
    assert daemon.vqd("db", "rebuild").returncode == 0
    daemon.start()
    daemon.wait_done("later")
    assert_ended_well(daemon)


def test_an_older_queue_put_in_its_place_ends_the_daemon_which_goes_by_the_folders_then(
    daemon: Daemon,
) -> None:
    daemon.start()
    drop(daemon, "early", "vqd: 1\nworkflow: image-scale\n")
    daemon.wait_done("early")
    backup = Path(json.loads(daemon.vqd("backup", "--json").stdout)["backup"])
    drop(daemon, "since", "vqd: 1\nworkflow: image-scale\n")
    daemon.wait_done("since")
    drop(daemon, "long")
    wait_for(lambda: len(daemon.logged("prompt.concluded")) >= 5, within_s=60)
    shutil.copy(backup, daemon.folder / "older.db")
    (daemon.folder / "older.db").replace(queue_of(daemon))
    drop(daemon, "later", "vqd: 1\nworkflow: image-scale\n")
    assert ended(daemon) == 1
    (said,) = daemon.logged("queue.unwritten")
    assert "another file is in its place" in said["said"]
    daemon.start()
    assert [line["adopted"] for line in daemon.logged("queue.reconciled")] == [1], "since"
    assert_ended_well(daemon)
    daemon.wait_done("later")
    assert len(manifest_of(daemon.wait_done("since"))) == 2


@needs("cc")
def test_a_sync_of_the_queue_that_fails_ends_the_daemon_which_tries_no_second_one(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = refusing(daemon.folder, queue_of(daemon), monkeypatch)
    daemon.start()
    write(refusals, f"{errno.EIO} 1 fsync")
    drop(daemon, "long")
    assert ended(daemon) == 1
    (said,) = daemon.logged("queue.unwritten")
    assert "SQLITE_IOERR_FSYNC" in said["said"]
    assert Path(f"{refusals}.log").read_text().splitlines() == [f"fsync {queue_of(daemon)}-wal"]
    assert outcomes(daemon) == {}
    refusals.unlink()
    daemon.start()
    assert_ended_well(daemon)
