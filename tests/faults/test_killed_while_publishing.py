"""kill -9 between the last prompt's success and the end of its job, at every single point.

The points are found by letting the publisher run once; then it is killed before each of them in a
copy of the same spool and queue, and what is left is published as after a start.
"""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import write
from tests.crashes import PATHS
from tests.crashes.trial import Trials
from tests.daemons import Daemon, manifest_of, status_of
from tests.opened import opened
from tests.samples import picture_job
from tests.waiting import wait_for

WIDE = "vqd: 1\nworkflow: image-scale\nnotify: {events: [done, failed], to: studio}\n"
ONE = WIDE + "fan_out: {matrix: {size: [16x16, 24x16]}}\n"
MORE = WIDE + "fan_out: {matrix: {size: [16x16, 24x16, 32x16]}}\n"
NAMED = (
    "mkdir JOB/.dropped",
    "commit job.publishing",
    "rename to JOB/inputs",
    "replace to JOB/manifest.jsonl",
    "replace to JOB/log.txt",
    "replace to JOB/report.html",
    "replace to JOB/STATUS.yaml",
    "rename to done/JOB",
    "commit job.done",
)
"""Steps that every job goes through, which no change of the code may hide from these tests."""
ONLY_THE_FIRST_TIME = {"mkdir JOB/.dropped", "rename to JOB/inputs"}
IN_TURN = (
    "before publisher: mkdir JOB/.dropped",
    "after publisher: rename to JOB/inputs",
    "before publisher: replace to JOB/STATUS.yaml",
    "after publisher: rename to done/JOB",
    "before store-writer: commit job.done",
)
TARGET = {"studio": {"url": "http://127.0.0.1:9/"}}


class Publishing:
    """Copies of a spool and a queue, in which what is over is published."""

    def __init__(self, base: Path, folder: Path) -> None:
        self._base = base
        self._folder = folder
        self._trials = Trials("publishing")

    def fresh(self) -> Path:
        """Give a copy in which nothing is published yet."""
        copy = self._folder / "trial"
        shutil.rmtree(copy, ignore_errors=True)
        return Path(shutil.copytree(self._base, copy, symlinks=True))

    def publish(self, folder: Path, job: str, **how: Any) -> dict[str, Any]:
        """Publish a job, or be killed meanwhile; gives the points that were reached."""
        return self._trials.carry_out(folder=str(folder), job=job, **how)

    def close(self) -> None:
        """End it."""
        self._trials.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spool and a queue with three jobs whose prompts are over, and of which none is published:
    one went well, one failed in part, and one came back with more to make."""
    folder = tmp_path_factory.mktemp("base")
    daemon = Daemon(folder / "house", settle_s=0.1, notify=TARGET)
    patch = pytest.MonkeyPatch()
    try:
        daemon.start()
        drop(daemon, picture_job(folder / "more", job=ONE))
        first = daemon.wait_closed("more")
        daemon.stop()
        patch.setenv("PYTHONPATH", PATHS)
        patch.setenv("CRASH_AT", "never published")
        daemon.start()
        drop(daemon, picture_job(folder / "good", job=ONE))
        bad = picture_job(folder / "bad", job=ONE)
        write(bad / "p1.png", "no picture")
        drop(daemon, bad)
        wait_for(lambda: over(daemon) == 2, within_s=60, what="the end of two")
        write(first / "job.yaml", MORE)
        first.rename(daemon.spool.inbox / first.name)
        wait_for(lambda: over(daemon) == 3, within_s=60, what="the end of what came back")
    finally:
        patch.undo()
        daemon.kill()
    return daemon.folder


def drop(daemon: Daemon, job: Path) -> None:
    job.rename(daemon.spool.inbox / job.name)


def over(daemon: Daemon) -> int:
    """Count the active jobs whose prompts are over."""
    with closing(sqlite3.connect(daemon.folder / "state" / "queue.db")) as queue:
        return int(
            queue.execute(
                "SELECT count(*) FROM jobs WHERE pending + running = 0 AND total > 0"
                " AND state NOT IN ('done', 'failed')"
            ).fetchone()[0]
        )


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", settle_s=0.1, notify=TARGET)
    yield made
    made.kill()


@pytest.fixture
def trials(base: Path, tmp_path: Path) -> Iterator[Publishing]:
    made = Publishing(base, tmp_path)
    yield made
    made.close()


def job_named(base: Path, name: str) -> str:
    (folder,) = (base / "spool" / "active").glob(f"*-{name}")
    return folder.name


def homes(folder: Path, job: str) -> list[str]:
    """Where in the spool a folder of that name lies."""
    return [
        place for place in ("active", "done", "failed") if (folder / "spool" / place / job).exists()
    ]


def notices(folder: Path, job: str) -> list[str]:
    """What is to be told of a job."""
    told = "SELECT event FROM notices JOIN jobs USING (job_key) WHERE job = ? ORDER BY notice_key"
    with closing(sqlite3.connect(folder / "state" / "queue.db")) as queue:
        return [row[0] for row in queue.execute(told, (job,))]


@dataclass(frozen=True)
class Expected:
    """How a job comes back: where, how many outputs it has, and how many of them from before."""

    home: str
    made: int
    kept: int = 0
    notices: tuple[str, ...] = ()


EXPECTED = {
    "good": Expected("done", 4, notices=("done",)),
    "bad": Expected("failed", 2, notices=("failed",)),
    "more": Expected("done", 6, kept=4, notices=("done", "done")),
}


def assert_published_once(folder: Path, job: str, expected: Expected) -> None:
    """One folder, whole: every output once, and every file of it opens."""
    assert homes(folder, job) == [expected.home]
    published = folder / "spool" / expected.home / job
    kinds = opened(published)
    lines = manifest_of(published)
    assert len(lines) == kinds["output"] == kinds["sidecar"] == expected.made
    assert sum(line["kept"] for line in lines) == expected.kept
    assert kinds["status"] == kinds["log"] == kinds["report"] == kinds["job"] == 1
    assert kinds["why"] == (expected.home == "failed")
    assert kinds["dropped"] == 2
    told = status_of(published)
    counts = told["counts"]
    assert (told["state"], counts["succeeded"]) == (expected.home, expected.made)
    assert counts["kept"] == expected.kept
    log = (published / "log.txt").read_text(encoding="utf-8")
    assert log.count(" succeeded on ") == expected.made
    assert tuple(notices(folder, job)) == expected.notices


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [*EXPECTED])
def test_killed_at_any_point_a_job_is_published_once_and_whole(
    trials: Publishing, base: Path, name: str
) -> None:
    job, expected = job_named(base, name), EXPECTED[name]
    trials.publish(trials.fresh(), job)  # makes the thumbnails, which are kept
    untroubled = trials.fresh()
    reached = trials.publish(untroubled, job)["points"]
    assert_published_once(untroubled, job, expected)
    steps = {point.replace("done", expected.home) for point in NAMED}
    assert steps - {*reached} == (ONLY_THE_FIRST_TIME if expected.kept else set())
    for at, point in enumerate(reached):
        for torn in {False, point.startswith("sync ")}:
            folder = trials.fresh()
            died = trials.publish(folder, job, at=at, torn=torn)
            assert died == {"killed": True, "points": reached[:at]}, point
            assert len(homes(folder, job)) == 1, point
            assert not trials.publish(folder, job)["killed"]
            try:
                assert_published_once(folder, job, expected)
            except AssertionError as error:
                raise AssertionError(f"killed before {point!r}, torn: {torn}") from error


@pytest.mark.timeout(900)  # it starts a daemon six times
def test_the_daemon_goes_on_from_each_step_at_which_it_was_killed(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", PATHS)
    drop(daemon, picture_job(tmp_path / "good", job=ONE))
    for point in IN_TURN:
        monkeypatch.setenv("CRASH_AT", point)
        daemon.start(may_end=True)
        assert daemon.process is not None
        assert daemon.process.wait(90) == -signal.SIGKILL, point
    monkeypatch.delenv("CRASH_AT")
    daemon.start()
    folder = daemon.wait_closed("good")
    wait_for(lambda: notices(daemon.folder, folder.name), within_s=60)
    assert daemon.stop() == 0
    assert_published_once(daemon.folder, folder.name, EXPECTED["good"])


@pytest.mark.parametrize("theirs", ["a folder", "an empty folder", "a file", "a link"])
def test_what_somebody_put_where_a_job_is_to_go_is_moved_aside(
    trials: Publishing, base: Path, theirs: str
) -> None:
    job, folder = job_named(base, "good"), trials.fresh()
    place = folder / "spool" / "done" / job
    match theirs:
        case "a folder":
            write(place / "mine.txt", "mine")
        case "an empty folder":
            place.mkdir()
        case "a file":
            write(place, "mine")
        case "a link":
            place.symlink_to(folder / "spool" / "inbox")
    before = place.lstat()
    reached = trials.publish(folder, job)["points"]
    assert_published_once(folder, job, EXPECTED["good"])
    aside = place.with_name(f"{job} (aside)")
    assert os.path.samestat(aside.lstat(), before)
    folder = trials.fresh()
    place = folder / "spool" / "done" / job
    write(place / "mine.txt", "mine")
    at = reached.index("rename to done/JOB")
    trials.publish(folder, job, at=at)
    trials.publish(folder, job)
    assert_published_once(folder, job, EXPECTED["good"])
