"""A server on which everything fails, beside a good one: jobs end well, and it is avoided."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, entry_in
from tests.proxy import PassOn, Proxy, json_answer
from tests.samples import picture_job
from vqd.engine.child import EngineProcess
from vqd.runner.avoidance import FIRST_PROBE_S

JOBS = ("one", "two", "three", "four", "five", "six")


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy, engine: EngineProcess) -> Iterator[Daemon]:
    servers = [{"url": proxy.url, "name": "bad"}, {"url": engine.url, "name": "good"}]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1)
    yield made
    made.close()


def raised(pass_on: PassOn) -> bytes:
    """Say of a prompt that was made that a node raised."""
    (prompt_id,) = entry_in(pass_on)
    said = ["execution_error", {"node_id": "3", "exception_message": "the card is broken"}]
    status = {"status_str": "error", "messages": [said]}
    return json_answer(json.dumps({prompt_id: {"status": status}}))


def probes_since(avoided: dict[str, Any]) -> int:
    """Give how many probes there may have been since a server was avoided, as the log tells."""
    since = datetime.now(UTC) - datetime.fromisoformat(avoided["timestamp"])
    return int(since.total_seconds() // FIRST_PROBE_S)


def test_a_server_that_fails_job_after_job_is_avoided_and_the_jobs_are_made_by_another(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("GET /history", *[raised] * 500)
    daemon.start()
    daemon.wait_up(2)
    for name in JOBS:
        picture_job(tmp_path / name, pictures=2).rename(daemon.spool.inbox / name)
    for name in JOBS:
        assert_made_once(daemon, daemon.wait_closed(name), 2)
    states = [line for line in daemon.logged("server.changed") if line["server"] == "bad"]
    assert states[-1]["state"] == "avoided"
    assert "different jobs in a row" in states[-1]["said"]
    sent = proxy.asked["POST /prompt"]
    picture_job(tmp_path / "later", pictures=4).rename(daemon.spool.inbox / "later")
    assert_made_once(daemon, daemon.wait_closed("later"), 4)
    assert proxy.asked["POST /prompt"] - sent <= probes_since(states[-1])
    assert "avoided" in daemon.vqd("status").stdout
