"""Each call that changes something of a job is refused once, the first, the second and so on, each
of another job (SQLite tries its own code so): nothing is lost, doubled or left over.

So it is for what changes the queue: what was acknowledged is there, whatever was refused.
"""

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.faults.rendering import outcomes
from tests.faults.test_full_disk import house, refusing
from tests.mounts import needs
from tests.opened import opened
from tests.proxy import Proxy
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

pytestmark = [pytest.mark.timeout(900), needs("cc")]

DROPS = 6
"""Jobs beyond the last call that is meant: of a whole job, with these nothing is refused."""
AT_ONCE = 8
"""Servers, so that what waits for a disk waits together."""
JOBS = 5
"""As in `committing`."""
ONE_TRY = f"{TWO_LINES}retry: {{limit: 0}}\n"


@pytest.fixture
def many(tmp_path: Path, engine: EngineProcess) -> Iterator[Daemon]:
    """A daemon that has an engine under many names."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Proxy(engine.url)).url for _ in range(AT_ONCE)]
        yield stack.enter_context(house(tmp_path / "house", servers=servers))


def a_folder(daemon: Daemon, name: str) -> Path:
    made = picture_job(daemon.folder / "dropping" / name, pictures=1, job=ONE_TRY)
    return made.rename(daemon.spool.inbox / name)


def a_job_file(daemon: Daemon, name: str) -> Path:
    picture(daemon.spool.inbox / f"{name}.png")
    job = write(daemon.folder / f"{name}.yaml", f"{ONE_TRY}inputs: {{image: {name}.png}}\n")
    return job.rename(daemon.spool.inbox / job.name)


def a_hot_folder(daemon: Daemon, name: str) -> Path:
    made = picture_job(daemon.folder / "dropping" / name, pictures=1, job=ONE_TRY)
    (made / "job.yaml").rename(made / "_defaults.yaml")
    return made.rename(daemon.spool.inbox / f"hot-{name}")


@pytest.mark.parametrize(
    ("drop", "calls"),
    [(a_folder, 76), (a_job_file, 12), (a_hot_folder, 18)],
    ids=["a folder, to its end", "a job file, until it is taken", "a hot folder, the same"],
)
def test_whatever_a_disk_refuses_once_no_job_is_lost_or_made_twice(
    many: Daemon, monkeypatch: pytest.MonkeyPatch, drop: Any, calls: int
) -> None:
    refusals = refusing(many.folder, many.spool.root, monkeypatch)
    write(refusals, f"{errno.EIO} 0")
    many.start()
    for number in range(1, calls + DROPS + 1):
        drop(many, f"n{number:03}")
    jobs = calls + DROPS
    wait_for(lambda: len([*many.spool.done.iterdir()]) == jobs, within_s=600, what="their end")
    wait_for(lambda: len(many.logged("job.closed")) == jobs, within_s=60)
    assert [*many.spool.failed.iterdir(), *many.spool.active.iterdir()] == []
    assert outcomes(many) == {"succeeded": jobs}
    assert len({folder.name[-3:] for folder in many.spool.done.iterdir()}) == jobs
    for folder in many.spool.done.iterdir():
        assert_whole(folder)
    refused = {line.split()[0] for line in Path(f"{refusals}.log").read_text().splitlines()}
    assert refused >= {"create", "write", "fsync", "rename", "mkdir"}
    assert len(many.logged("daemon.started")) == 1
    assert many.stop() == 0
    failed = {line["event"] for line in many.log if line["event"].endswith(".failed")}
    assert failed == set()


def assert_whole(folder: Path) -> None:
    """Everything that a job's folder is to have is there, and nothing that was only on the way."""
    assert len(manifest_of(folder)) == 1, folder
    assert [path.name for path in folder.rglob(".*")] == []
    assert status_of(folder)["state"] == "done"
    kinds = opened(folder)
    assert kinds["output"] == kinds["sidecar"] == kinds["report"] == kinds["log"] == 1


def test_what_the_queue_acknowledged_is_there_whatever_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = refusing(tmp_path, tmp_path / "trials", monkeypatch)
    command = [sys.executable, "-m", "tests.faults.committing", str(tmp_path), str(refusals)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    trials = [json.loads(line) for line in ended.stdout.splitlines()]
    for one in trials:
        assert one["found"][: len(one["acknowledged"])] == one["acknowledged"], one
        assert one["ended_by"] or len(one["acknowledged"]) == JOBS, one
    ended_by = {one["refused"]: {one["ended_by"]} for one in trials}
    for one in trials:
        ended_by[one["refused"]].add(one["ended_by"])
    assert "store_unwritten" in ended_by["fsync queue.db-wal"], "no second try"
    assert "store_unwritten" not in ended_by["write queue.db-wal"], "the second try succeeds"
    assert set(ended_by) > {"create queue.db", "create queue.db-wal", "unlink queue.db-journal"}
