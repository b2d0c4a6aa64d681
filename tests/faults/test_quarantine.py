"""A prompt during which its server dies again and again: set aside, and the others are made."""

import json
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.faults.rendering import drop_job, outcomes
from tests.waiting import wait_for
from vqd.definitions.shipped import shipped_folder
from vqd.engine.child import EngineProcess

DEADLY_WIDTH = 1200
BLURS = 30
"""So many that a picture as large as the deadly one takes far longer than a kill."""
JOB = f"""\
vqd: 1
workflow: blur
params: {{method: lanczos}}
fan_out: {{matrix: {{size: [{DEADLY_WIDTH}x900, 40x40, 48x48]}}}}
"""


@pytest.fixture
def daemon(tmp_path: Path, mortal: EngineProcess) -> Iterator[Daemon]:
    write_blur(tmp_path / "own")
    made = Daemon(
        tmp_path / "house",
        servers=[{"url": mortal.url, "name": "mortal"}],
        settle_s=0.1,
        workflows=[str(tmp_path / "own")],
    )
    yield made
    made.close()


def write_blur(folder: Path) -> None:
    """Write the workflow `blur`: image-scale, with blurs after it."""
    definition = (shipped_folder() / "image-scale.yaml").read_text(encoding="utf-8")
    write(
        folder / "blur.yaml",
        definition.replace("name: image-scale", "name: blur").replace("image-scale.json", "g.json"),
    )
    graph = json.loads((shipped_folder() / "image-scale.json").read_text(encoding="utf-8"))
    (scale,) = (key for key, node in graph.items() if node["class_type"] == "ImageScale")
    (save,) = (node for node in graph.values() if node["class_type"] == "SaveImage")
    last = scale
    for number in range(BLURS):
        blur = {"image": [last, 0], "blur_radius": 31, "sigma": 5.0 + number / 10}
        last = f"blur{number}"
        graph[last] = {"class_type": "ImageBlur", "inputs": blur}
    save["inputs"]["images"] = [last, 0]
    write(folder / "g.json", json.dumps(graph))


def runs_the_deadly(server: EngineProcess) -> bool:
    try:
        running = requests.get(f"{server.url}/queue", timeout=60).json()["queue_running"]
    except requests.RequestException:
        return False
    return any(f'"width": {DEADLY_WIDTH}' in str(one).replace("'", '"') for one in running)


def tells_its_node(daemon: Daemon, *, since_ns: int) -> bool:
    """Tell whether vqd has told since then in which node the first prompt is."""
    return any(
        running["prompt"] == 1 and running["node"] is not None
        for path in daemon.spool.active.glob("*-one/STATUS.yaml")
        if path.stat().st_mtime_ns > since_ns
        for running in status_of(path.parent)["running"]
    )


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
        wait_for(lambda: runs_the_deadly(mortal), within_s=60, what="the deadly prompt")
        is_heard_of = partial(tells_its_node, daemon, since_ns=time.time_ns())
        wait_for(is_heard_of, within_s=60, what="its news")
        die(mortal)
    folder = daemon.wait_closed("one")
    counts = status_of(folder)["counts"]
    assert (counts["failed"], counts["succeeded"]) == (1, 2)
    assert outcomes(daemon)["lost"] + outcomes(daemon)["unreachable"] >= 2
    why = (folder / "WHY.txt").read_text(encoding="utf-8")
    assert "Servers died while they ran it" in why
    assert why.count("mortal at 20") == 2
    assert sorted(line["prompt"] for line in manifest_of(folder)) == [2, 3]
