"""kill -9 of a server, with one prompt running there and one waiting: each is made once."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, drop_job, messages, outcomes
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SLOW = """\
vqd: 1
workflow: image-scale
params: {size: 1200x1200}
fan_out: {matrix: {method: [lanczos, area, bicubic]}}
"""
PROMPTS = 6


@pytest.fixture
def daemon(tmp_path: Path, mortal: EngineProcess) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[mortal.url], settle_s=0.1)
    yield made
    made.close()


def kill(process: EngineProcess) -> int:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    return process.pid


def is_back(process: EngineProcess, killed: int) -> bool:
    """Start it again once it is seen to be dead; tell whether that was done."""
    process.ensure_alive()
    return process.pid != killed


def succeeded(daemon: Daemon) -> int:
    return outcomes(daemon)["succeeded"]


def test_what_ran_and_waited_on_a_killed_server_is_made_when_it_is_back(
    daemon: Daemon, mortal: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    drop_job(daemon, tmp_path, job=SLOW, pictures=2)
    wait_for(lambda: succeeded(daemon) >= 1, within_s=60)
    killed = kill(mortal)
    wait_for(lambda: is_back(mortal, killed), within_s=60)
    folder = daemon.wait_closed("one")
    assert_made_once(daemon, folder, PROMPTS)
    assert succeeded(daemon) == PROMPTS
    assert set(outcomes(daemon)) <= {"succeeded", "lost", "unreachable"}
    assert all("it was restarted" in said for said in messages(daemon, "lost"))


def test_another_server_makes_what_a_killed_one_had(
    tmp_path: Path, mortal: EngineProcess, engine: EngineProcess
) -> None:
    daemon = Daemon(tmp_path / "two", servers=[mortal.url, engine.url], settle_s=0.1)
    try:
        daemon.start()
        drop_job(daemon, tmp_path, job=SLOW, pictures=2)
        wait_for(lambda: succeeded(daemon) >= 1, within_s=60)
        kill(mortal)
        folder = daemon.wait_closed("one")
        assert_made_once(daemon, folder, PROMPTS)
        assert succeeded(daemon) == PROMPTS
    finally:
        daemon.close()
