"""A server whose thread that runs prompts has died: it takes prompts, answers, and runs none."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, outcomes
from tests.proxy import PassOn, Proxy, json_answer
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

OFTEN = 500


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy, engine: EngineProcess) -> Iterator[Daemon]:
    servers = [{"url": proxy.url, "name": "zombie"}, {"url": engine.url, "name": "good"}]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1, stall_s=3)
    yield made
    made.close()


def takes_and_runs_none(proxy: Proxy) -> None:
    """Let it accept every prompt, and have one waiting for ever."""
    raw = {"entries": [{"m": "Exception in thread Thread-1 (prompt_worker):"}]}

    def waits(pass_on: PassOn) -> bytes:
        prompt_id = pass_on.target.rpartition("/")[2]
        return json_answer(json.dumps({"id": prompt_id, "status": "pending"}))

    def taken(_: PassOn) -> bytes:
        return json_answer('{"prompt_id": "any", "node_errors": {}}')

    proxy.tampers("POST /prompt", *[taken] * OFTEN)
    proxy.tampers("GET /internal", *[lambda _: json_answer(json.dumps(raw))] * OFTEN)
    proxy.tampers("GET /api", *[waits] * OFTEN)


def restart(proxy: Proxy, engine: EngineProcess) -> None:
    """Let it be as new: what lay in its temp folder is gone, and it runs prompts."""
    for route in ("POST /prompt", "GET /internal", "GET /api"):
        proxy.tampers(route)
    for mark in (engine.data_dir / "temp").glob("vqd-*.txt"):
        mark.unlink()
    proxy.hang_up()


def states(daemon: Daemon) -> list[tuple[str, str]]:
    changes = daemon.logged("server.changed")
    return [(one["state"], one["said"] or "") for one in changes if one["server"] == "zombie"]


def drop(daemon: Daemon, folder: Path, name: str, pictures: int) -> Path:
    picture_job(folder / name, pictures=pictures).rename(daemon.spool.inbox / name)
    return daemon.wait_closed(name)


def test_it_is_avoided_and_said_and_the_others_work_and_a_restart_makes_it_as_good_as_any(
    daemon: Daemon, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    takes_and_runs_none(proxy)
    daemon.start()
    daemon.wait_up(2)
    for turn in range(3):
        assert_made_once(daemon, drop(daemon, tmp_path, f"job{turn}", 3), 3)
    assert outcomes(daemon)["succeeded"] == 9
    state, said = states(daemon)[-1]
    assert state == "avoided"
    assert "takes prompts and runs none, and only a restart helps" in said
    sent = proxy.asked["POST /prompt"]
    assert sent <= 2
    restart(proxy, engine)
    wait_for(lambda: states(daemon)[-1][0] != "avoided", within_s=60, what="its return")
    names = (f"after{turn}" for turn in count())

    def is_given_more() -> bool:
        assert_made_once(daemon, drop(daemon, tmp_path, next(names), 8), 8)
        return proxy.asked["POST /prompt"] > sent

    wait_for(is_given_more, within_s=120, what="a prompt for the one that was restarted")
