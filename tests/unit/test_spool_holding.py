import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vqd.domain.errors import VqdError
from vqd.spool.holding import held
from vqd.spool.layout import Spool


def test_a_spool_is_held_by_one_who_is_named_to_the_second(spool: Spool) -> None:
    with held(spool):
        with pytest.raises(VqdError, match=f"pid {os.getpid()}") as caught, held(spool):
            pass
        assert caught.value.code == "spool_taken"
    with held(spool):
        pass


def test_what_a_killed_daemon_was_just_starting_is_waited_for(spool: Spool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED_AS_IT_FORKS, str(spool.root)], stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        child = int(killed.stdout.readline())
        assert killed.wait() == -signal.SIGKILL
        ends = threading.Timer(0.3, os.kill, (child, signal.SIGKILL))
        ends.start()
        with held(spool):
            ends.join()


_KILLED_AS_IT_FORKS = """
import os, signal, sys
from pathlib import Path
from vqd.spool.holding import held
from vqd.spool.layout import Spool

with held(Spool(Path(sys.argv[1]))):
    child = os.fork()
    if child:
        print(child, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()
"""
"""Serves a spool, and is killed as a child of its has what it has."""


def test_a_copy_of_a_spool_is_another_spool(spool: Spool, tmp_path: Path) -> None:
    shutil.copytree(spool.root, tmp_path / "copy")
    with held(spool), held(Spool(tmp_path / "copy")):
        pass


def test_a_spool_that_is_away_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(VqdError) as caught, held(Spool(tmp_path)):
        pass
    assert caught.value.code == "spool_away"
