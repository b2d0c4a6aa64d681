"""Answers to POST /prompt that come late, or twice: what was taken is not sent again."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
import requests

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, outcomes, run_job
from tests.proxy import PassOn, Proxy
from vqd.engine.child import EngineProcess

LATE_S = 1.5


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def late(pass_on: PassOn) -> bytes:
    """Hold the answer back until long after the prompt is over."""
    answer = pass_on()
    Event().wait(LATE_S)
    return answer


def repeated(pass_on: PassOn) -> bytes:
    """Send the request twice, as a gateway does that had no answer to the first."""
    pass_on()
    return pass_on()


def test_a_prompt_that_is_over_before_the_answer_comes_is_made_once(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("POST /prompt", late)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}
    assert proxy.asked["POST /prompt"] == 2


def test_a_prompt_that_a_gateway_sends_twice_is_published_once(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, engine: EngineProcess
) -> None:
    proxy.tampers("POST /prompt", repeated, repeated)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}
    left = requests.get(f"{engine.url}/queue", timeout=60).content
    assert json.loads(left)["queue_pending"] == []
