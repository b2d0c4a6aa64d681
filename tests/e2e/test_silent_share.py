"""What the command line does while the share is silent on which the spool lies."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.builders import accept_a_job, write
from tests.mounts import Sshfs, needs_mounts, tool
from vqd.spool.layout import Spool
from vqd.store.store import Store

pytestmark = [
    needs_mounts("sshfs"),
    pytest.mark.skipif(tool("sftp-server") is None, reason="sftp-server is not installed"),
]

JOB = "20260101-000000-beach"
VERBS = {
    "status": "status --json",
    "list": "list --json",
    "explain": "explain beach --json",
    "cancel": "cancel beach",
    "log": "log beach",
    "pause": "pause",
    "servers": "servers",
    "settings show": "settings show",
    "settings check": "settings check",
}


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Sshfs]:
    """A spool on a share, and beside it the queue with a job."""
    Spool.create(tmp_path / "far")
    made = Sshfs(tmp_path / "far", tmp_path / "spool")
    made.mount()
    write(tmp_path / "vqd.yaml", "spool: spool\nstate_dir: state\n")
    (tmp_path / "state").mkdir()
    store = Store(tmp_path / "state" / "queue.db")
    accept_a_job(store, JOB)
    store.close()
    yield made
    made.unmount()


def told_by(verbs: Mapping[str, str], settings: Path) -> Mapping[str, tuple[int, str, str]]:
    """Run verbs side by side, since each waits for the share; give the exit code, what was printed
    and what was said is wrong."""
    started = {
        name: subprocess.Popen(
            [sys.executable, "-m", "vqd", *line.split(), "--settings", str(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, line in verbs.items()
    }
    ended = {}
    for name, process in started.items():
        said, wrong = process.communicate(timeout=120)
        ended[name] = (process.returncode, said, wrong)
    return ended


def test_what_the_queue_knows_is_told_and_the_rest_refused_soon(
    mount: Sshfs, tmp_path: Path
) -> None:
    with mount.silent():
        told = told_by(VERBS, tmp_path / "vqd.yaml")
    queue = json.loads(told["status"][1])
    assert queue["away"] == "it does not answer within 5 s"
    assert [job["job"] for job in queue["jobs"]] == [JOB]
    assert [job["job"] for job in json.loads(told["list"][1])] == [JOB]
    codes = [reason["code"] for reason in json.loads(told["explain"][1])["reasons"]]
    assert "share_away" in codes
    for verb in ("cancel", "log", "pause", "servers", "settings show", "settings check"):
        code, said, wrong = told[verb]
        assert (code, said) == (5, "")
        assert wrong.rstrip().endswith("[share_silent]")
    assert [told[verb][0] for verb in ("status", "list", "explain")] == [0, 0, 0]
    assert list((mount.source / "active").iterdir()) == []
    assert not (mount.source / "PAUSE").exists()
