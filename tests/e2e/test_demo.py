"""The demo takes nothing away that is somebody's, and ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.builders import write
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.cli.codes import EXIT_REFUSED
from vqd.domain.errors import VqdError
from vqd.spool.holding import held
from vqd.spool.layout import Spool


def demo(folder: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "vqd", "demo", *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@contextmanager
def kept(folder: Path) -> Iterator[Spool]:
    """A demo whose daemon goes on, until the block ends."""
    said = demo(folder, "--keep")
    assert said.returncode == 0, said.stderr
    pid = int(said.stdout.rpartition("kill ")[2])
    try:
        yield Spool(folder / "vqd-demo" / "spool")
    finally:
        os.kill(pid, signal.SIGTERM)


def is_free(spool: Spool) -> bool:
    with suppress(VqdError), held(spool):
        return True
    return False


def test_a_demo_that_runs_is_not_taken_away_from_under_its_daemon(tmp_path: Path) -> None:
    with kept(tmp_path) as spool:
        there = sorted(spool.done.iterdir())
        again = demo(tmp_path)
        assert again.returncode == EXIT_REFUSED
        assert "[spool_taken]" in again.stderr
        assert sorted(spool.done.iterdir()) == there
        job = picture_job(tmp_path / "mine", pictures=1)
        job.rename(spool.inbox / "mine")
        wait_for(lambda: [*spool.done.glob("*-mine")], within_s=60, what="a job of one's own")
    wait_for(lambda: is_free(spool), within_s=60, what="the daemon's end")
    (mine,) = spool.done.glob("*-mine")
    refused = demo(tmp_path)
    assert refused.returncode == EXIT_REFUSED
    assert f"error: {mine} is yours" in refused.stderr
    assert (mine / "STATUS.yaml").is_file()
    mine.rename(tmp_path / "kept")
    assert demo(tmp_path).returncode == 0


def test_a_demo_whose_daemon_ends_says_why_and_ends(tmp_path: Path) -> None:
    write(
        tmp_path / "sitecustomize.py",
        "import os, sys\nif 'run' in sys.orig_argv:\n    os.write(2, b'no room\\n'); os._exit(9)\n",
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    said = demo(tmp_path, PYTHONPATH=path)
    assert said.returncode == EXIT_REFUSED
    assert "Its daemon ended: no room" in said.stderr
    assert "[demo_ended]" in said.stderr


def test_a_demo_goes_by_no_settings_of_the_environment(tmp_path: Path) -> None:
    mine = Spool.create(tmp_path / "mine")
    said = demo(tmp_path, VQD_SPOOL=str(mine.root), VQD_SERVERS='["http://127.0.0.1:1"]')
    assert said.returncode == 0, said.stderr
    assert not [*mine.done.iterdir()]
    assert len([*(tmp_path / "vqd-demo" / "spool" / "done").iterdir()]) == 2
