"""kill -9 of the daemon at each step of an attempt: the prompt ends once, and is made once.

The step is held by what stands before the server, or by the lock of somebody who backs up the
database; the daemon is killed there and started again.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.crashes import PATHS
from tests.daemons import Daemon, manifest_of
from tests.faults.rendering import assert_made_once, drop_job, entry_in, outcomes
from tests.proxy import PassOn, Proxy, Tamper
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

JOB = "vqd: 1\nworkflow: image-scale\nparams: {size: 24x24}\n"
SLOW = "vqd: 1\nworkflow: image-scale\nparams: {size: 2400x2400, method: lanczos}\n"


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


class Held:
    """A request that is kept waiting, before or after the server has it, until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._go = threading.Event()

    def before(self, _: PassOn) -> None:
        self._hold()

    def after(self, pass_on: PassOn) -> None:
        pass_on()
        self._hold()

    def after_the_end(self, pass_on: PassOn) -> None:
        entry_in(pass_on)
        self._hold()

    def let_go(self) -> None:
        self._go.set()

    def _hold(self) -> None:
        self.reached.set()
        self._go.wait(110)


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.let_go()


def killed_and_started(daemon: Daemon, held: Held) -> Path:
    """Kill the daemon at the step that is held, start it again, and wait for the job's end."""
    wait_for(held.reached.is_set, within_s=60, what="the step")
    daemon.kill()
    held.let_go()
    daemon.start()
    return daemon.wait_closed("one")


def rendered(engine: EngineProcess, size: int = 24) -> int:
    """Count how often prompts of that width are in the engine's history."""
    history = requests.get(f"{engine.url}/history", timeout=60).json()
    return sum(f"'width': {size}," in str(entry["prompt"]) for entry in history.values())


@pytest.fixture(autouse=True)
def _nothing_is_remembered(engine: EngineProcess) -> None:
    requests.post(f"{engine.url}/history", json={"clear": True}, timeout=60).raise_for_status()


@pytest.mark.parametrize(
    ("route", "step"),
    [
        ("POST /upload", Held.before),
        ("POST /prompt", Held.before),
        ("POST /prompt", Held.after),
        ("GET /history", Held.after_the_end),
        ("GET /view", Held.before),
        ("GET /view", Held.after),
    ],
    ids=[
        "while its input is sent",
        "before the server has the prompt",
        "after the server has it and before the answer",
        "finished and before that was heard",
        "before its output is fetched",
        "while its output is fetched",
    ],
)
def test_a_daemon_that_is_killed_at_any_step_publishes_what_it_made_once(
    daemon: Daemon,
    proxy: Proxy,
    held: Held,
    engine: EngineProcess,
    tmp_path: Path,
    route: str,
    step: Callable[[Held, PassOn], None],
) -> None:
    daemon.start()
    wait_for(lambda: proxy.asked["POST /upload"] == 1, within_s=60, what="the server's mark")
    tamper: Tamper = lambda pass_on: step(held, pass_on)  # noqa: E731
    proxy.tampers(route, tamper)
    drop_job(daemon, tmp_path, job=JOB)
    assert_made_once(daemon, killed_and_started(daemon, held), 1)
    assert rendered(engine) == 1
    assert outcomes(daemon)["succeeded"] == 1


def test_killed_while_it_runs_it_is_followed_and_not_rendered_again(
    daemon: Daemon, engine: EngineProcess, tmp_path: Path
) -> None:
    def is_running() -> object:
        return requests.get(f"{engine.url}/queue", timeout=60).json()["queue_running"]

    daemon.start()
    drop_job(daemon, tmp_path, job=SLOW)
    wait_for(is_running, within_s=60)
    daemon.kill()
    daemon.start()
    assert_made_once(daemon, daemon.wait_closed("one"), 1)
    assert rendered(engine, 2400) == 1
    assert outcomes(daemon) == {"succeeded": 1}


def test_killed_after_its_output_has_its_name_and_before_that_is_committed(
    daemon: Daemon, engine: EngineProcess, proxy: Proxy, held: Held, tmp_path: Path
) -> None:
    daemon.start()
    proxy.tampers("GET /history", held.after_the_end)
    drop_job(daemon, tmp_path, job=JOB)
    wait_for(held.reached.is_set, within_s=60)
    with closing(sqlite3.connect(daemon.folder / "state" / "queue.db", timeout=60)) as backup:
        backup.execute("BEGIN IMMEDIATE")
        held.let_go()
        wait_for(lambda: list(daemon.spool.active.glob("*/manifest.jsonl")), within_s=60)
        assert list(daemon.spool.active.glob("*/outputs/*.png"))
        daemon.kill()
    daemon.start()
    assert_made_once(daemon, daemon.wait_closed("one"), 1)
    assert rendered(engine) == 1
    assert outcomes(daemon) == {"succeeded": 1}


@pytest.mark.parametrize("step", ["sync JOB/outputs", "create outputs/.p1.png.yaml.part"])
def test_killed_before_its_output_is_written_down_and_never_made_again_it_has_none(
    daemon: Daemon,
    engine: EngineProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    with monkeypatch.context() as struck:
        struck.setenv("PYTHONPATH", PATHS)
        struck.setenv("CRASH_AT", f"after attempt: {step}")
        daemon.start()
        drop_job(daemon, tmp_path, job=JOB)
        wait_for(lambda: daemon.process and daemon.process.poll(), within_s=60, what="its death")
    (folder,) = daemon.spool.active.glob("*-one")
    (named,) = folder.glob("outputs/*.png")
    assert not (folder / "manifest.jsonl").exists()
    requests.post(f"{engine.url}/history", json={"clear": True}, timeout=60).raise_for_status()
    (daemon.spool.root / "PAUSE").touch()
    daemon.start()
    wait_for(lambda: outcomes(daemon), within_s=60, what="the end of the first attempt")
    (folder / "CANCEL").touch()
    closed = daemon.wait_closed("one")
    assert closed.parent == daemon.spool.failed
    assert manifest_of(closed) == []
    assert [*(closed / "outputs").rglob("*.*")] == []
    aside = {path.name for path in (closed / "previous" / "outputs").iterdir()}
    assert aside - {f"{named.name}.yaml"} == {named.name}
