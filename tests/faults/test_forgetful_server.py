"""Histories that are trimmed and queues that somebody clears: what is lost is made again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon
from tests.faults.rendering import (
    assert_made_once,
    drop_job,
    entry_in,
    messages,
    outcomes,
    run_job,
)
from tests.proxy import PassOn, Proxy
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SLOW = """\
vqd: 1
workflow: image-scale
params: {size: 1800x1800}
fan_out: {matrix: {method: [lanczos, bicubic]}}
"""


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def tell(engine: EngineProcess, route: str, **said: object) -> None:
    requests.post(f"{engine.url}{route}", json=said, timeout=60).raise_for_status()


def test_a_prompt_whose_history_was_cleared_before_anybody_looked_is_made_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, engine: EngineProcess
) -> None:
    def cleared(pass_on: PassOn) -> bytes:
        entry_in(pass_on)
        tell(engine, "/history", clear=True)
        return pass_on()

    proxy.tampers("GET /history", cleared)
    folder = run_job(daemon, tmp_path)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"lost": 1, "succeeded": 1}
    (said,) = messages(daemon, "lost")
    assert "somebody cleared its queue or its history" in said


def test_prompts_that_somebody_clears_from_the_queue_are_sent_again(
    daemon: Daemon, tmp_path: Path, engine: EngineProcess
) -> None:
    def waiting() -> object:
        queue = requests.get(f"{engine.url}/queue", timeout=60).json()
        return queue["queue_running"] and queue["queue_pending"]

    daemon.start()
    drop_job(daemon, tmp_path, job=SLOW, pictures=2)
    wait_for(waiting, within_s=60)
    tell(engine, "/queue", clear=True)
    folder = daemon.wait_closed("one")
    assert_made_once(daemon, folder, 4)
    assert outcomes(daemon)["succeeded"] == 4
    assert all("somebody cleared" in said for said in messages(daemon, "lost"))


def test_an_input_that_somebody_deleted_from_the_server_is_sent_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, engine: EngineProcess
) -> None:
    assert_made_once(daemon, run_job(daemon, tmp_path), 1)
    shutil.rmtree(engine.data_dir / "input" / "vqd")
    picture_job(tmp_path / "again", pictures=1).rename(daemon.spool.inbox / "again")
    assert_made_once(daemon, daemon.wait_closed("again"), 1)
    assert outcomes(daemon) == {"succeeded": 2}
    assert proxy.asked["POST /upload"] == 3  # the input twice, and what marks the server
