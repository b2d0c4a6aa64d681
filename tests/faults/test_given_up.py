"""A prompt that was given up while its server was away is taken off it, and rendered once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, drop_job, outcomes
from tests.faults.test_other_people import theirs
from tests.proxy import PassOn, Proxy
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

ROUTES = [
    *(f"GET /{path}" for path in ("history", "queue", "api", "ws", "prompt", "view", "internal")),
    *(f"POST /{path}" for path in ("queue", "api", "interrupt", "prompt", "upload")),
    "HEAD /view",
]
JOB = "vqd: 1\nworkflow: image-scale\nparams: {size: 44x44}\n"


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[{"url": proxy.url, "name": "far"}], settle_s=0.1)
    yield made
    made.close()


def reset(_: PassOn) -> None:
    """Answer nothing."""


def cut_off(proxy: Proxy) -> None:
    for route in ROUTES:
        proxy.tampers(route, *[reset] * 5000)
    proxy.hang_up()


def reconnect(proxy: Proxy) -> None:
    for route in ROUTES:
        proxy.tampers(route)


def ours(engine: EngineProcess) -> set[str]:
    """Give the prompts on the server that somebody else did not send."""
    queue = requests.get(f"{engine.url}/queue", timeout=60).json()
    entries = [*queue["queue_running"], *queue["queue_pending"]]
    return {entry[1] for entry in entries if entry[3]["client_id"] != "them"}


def test_what_was_given_up_is_taken_off_when_the_server_is_back_after_a_restart_of_vqd_too(
    daemon: Daemon, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    daemon.wait_up()
    theirs(engine, 200)
    drop_job(daemon, tmp_path, job=JOB)
    (given_up,) = wait_for(lambda: ours(engine), within_s=60)
    cut_off(proxy)
    wait_for(lambda: outcomes(daemon)["unreachable"], within_s=90, what="the end of patience")
    assert ours(engine) == {given_up}
    daemon.kill()
    daemon.start()
    reconnect(proxy)
    wait_for(lambda: given_up not in ours(engine), within_s=60, what="its withdrawal")
    requests.post(f"{engine.url}/queue", json={"clear": True}, timeout=60)
    assert_made_once(daemon, daemon.wait_closed("one"), 1)
    history = requests.get(f"{engine.url}/history", timeout=60).json()
    assert sum("'width': 44," in str(entry["prompt"]) for entry in history.values()) == 1
