"""A prompt during which its server dies again and again: set aside, and the others are made."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon, manifest_of, status_of
from tests.faults.rendering import drop_job, outcomes
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

DEADLY_WIDTH = 5000
"""So large that it still runs when the server is killed that was seen to run it."""
JOB = f"""\
vqd: 1
workflow: image-scale
params: {{method: lanczos}}
fan_out: {{matrix: {{size: [{DEADLY_WIDTH}x4000, 40x40, 48x48]}}}}
"""


@pytest.fixture
def daemon(tmp_path: Path, mortal: EngineProcess) -> Iterator[Daemon]:
    servers = [{"url": mortal.url, "name": "mortal"}]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1)
    yield made
    made.close()


def runs_the_deadly(server: EngineProcess) -> bool:
    try:
        running = requests.get(f"{server.url}/queue", timeout=60).json()["queue_running"]
    except requests.RequestException:
        return False
    return any(f'"width": {DEADLY_WIDTH}' in str(one).replace("'", '"') for one in running)


def die(server: EngineProcess) -> None:
    killed = server.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        server.ensure_alive()
        return server.pid != killed

    wait_for(is_back, within_s=60)


def test_a_prompt_that_takes_its_server_down_twice_is_set_aside_and_the_rest_is_made(
    daemon: Daemon, mortal: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    drop_job(daemon, tmp_path, job=JOB)
    for _ in range(2):
        wait_for(lambda: runs_the_deadly(mortal), within_s=30, what="the deadly prompt")
        die(mortal)
    folder = daemon.wait_closed("one")
    counts = status_of(folder)["counts"]
    assert (counts["failed"], counts["succeeded"]) == (1, 2)
    assert outcomes(daemon)["lost"] + outcomes(daemon)["unreachable"] >= 2
    why = (folder / "WHY.txt").read_text(encoding="utf-8")
    assert "Servers died while they ran it" in why
    assert why.count("mortal at 20") == 2
    assert sorted(line["prompt"] for line in manifest_of(folder)) == [2, 3]
