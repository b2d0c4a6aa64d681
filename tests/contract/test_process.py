"""The engine as a child process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.contract.conversation import Server
from tests.contract.graphs import slow_graph, tiny_graph
from tests.ports import lasting_port
from tests.waiting import wait_for
from vqd.domain.errors import VqdError
from vqd.engine.child import EngineProcess

PARENT = """
import sys
from pathlib import Path
from vqd.engine.child import EngineProcess
process = EngineProcess(Path(sys.argv[1]))
process.start()
print(process.url, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine of the test's own, started."""
    started = EngineProcess(tmp_path / "engine", port=lasting_port())
    started.start()
    yield started
    started.stop()


def test_a_dead_engine_comes_back_on_the_same_port_with_an_empty_temp(
    process: EngineProcess,
) -> None:
    url, server = process.url, Server(process.url)
    server.upload("epoch.txt", b"1", type="temp")
    (file,) = server.files(tiny_graph())
    os.kill(pid_of(process), signal.SIGKILL)
    wait_for(lambda: not answers(url), within_s=30, what="the engine's end")
    wait_for(lambda: revived(process), within_s=60, what="its return")
    assert process.url == url
    assert server.get("/view", filename="epoch.txt", type="temp").status_code == 404
    assert server.get("/view", **file).status_code == 200
    assert server.get("/history").json() == {}
    server.session.close()


@pytest.mark.parametrize("name", ["input", "engine.log"])
def test_an_engine_that_does_not_start_again_is_told_and_tried_later(
    process: EngineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    os.kill(pid_of(process), signal.SIGKILL)
    wait_for(lambda: not answers(process.url), within_s=30, what="the engine's end")
    place = tmp_path / "engine" / name
    place.rename(tmp_path / name)
    place.mkdir() if name == "engine.log" else place.write_text("in the way")
    monkeypatch.setattr("vqd.engine.child.AGAIN_S", 3600.0)
    with pytest.raises(VqdError, match="did not start"):
        wait_for(process.ensure_alive, within_s=30, what="the look that sees it dead")
    place.rename(tmp_path / f"{name} (aside)")
    process.ensure_alive()
    assert not answers(process.url)


def test_an_engine_that_did_not_start_again_comes_back(
    process: EngineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.engine.child.AGAIN_S", 0.0)
    os.kill(pid_of(process), signal.SIGKILL)
    wait_for(lambda: not answers(process.url), within_s=30, what="the engine's end")
    (tmp_path / "engine" / "input").rename(tmp_path / "input")
    (tmp_path / "engine" / "input").write_text("in the way")
    with pytest.raises(VqdError, match="did not start"):
        wait_for(process.ensure_alive, within_s=30, what="the look that sees it dead")
    (tmp_path / "engine" / "input").unlink()
    process.ensure_alive()
    assert answers(process.url)


def test_a_living_engine_is_left_alone(process: EngineProcess) -> None:
    before = pid_of(process)
    process.ensure_alive()
    assert pid_of(process) == before


def test_it_stops_at_once_although_a_node_runs(
    process: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.engine.child.STOPPED_WITHIN_S", 90.0)  # it is not made to
    server = Server(process.url)
    prompt_id = server.submit(slow_graph(blurs=90))
    wait_for(lambda: server.running() == [prompt_id], within_s=60)
    server.session.close()
    began_at = time.monotonic()
    process.stop()
    assert time.monotonic() - began_at < 60
    assert not answers(process.url)


def test_an_engine_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "input").write_text("in the way")
    with pytest.raises(VqdError, match="engine") as told:
        EngineProcess(tmp_path / "engine").start()
    assert told.value.code == "engine_not_started"
    assert "engine.log" in str(told.value.hint)


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "engine")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        assert answers(url)
        parent.kill()
    wait_for(lambda: not answers(url), within_s=30, what="the engine's end")


def revived(process: EngineProcess) -> bool:
    """Start an engine again if it is seen to be dead; tell whether it answers."""
    process.ensure_alive()
    return answers(process.url)


def pid_of(process: EngineProcess) -> int:
    """The process id behind a started engine."""
    assert process.pid is not None
    return process.pid


def answers(url: str) -> bool:
    """Tell whether somebody answers there."""
    try:
        return requests.get(f"{url}/prompt", timeout=60).ok
    except requests.ConnectionError:
        return False
