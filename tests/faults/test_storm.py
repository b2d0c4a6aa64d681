"""Many servers lose their connections at one moment: no prompt is lost, and none is made twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, drop_job, outcomes
from tests.proxy import Proxy
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SERVERS = 16
SIZES = [f"{width}x40" for width in range(40, 136)]
JOB = f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: {SIZES}}}}}\n"


@pytest.fixture
def proxies(engine: EngineProcess) -> Iterator[list[Proxy]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Proxy(engine.url)) for _ in range(SERVERS)]


@pytest.fixture
def daemon(tmp_path: Path, proxies: list[Proxy]) -> Iterator[Daemon]:
    servers = [{"url": one.url, "name": f"gpu{turn}"} for turn, one in enumerate(proxies)]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1)
    yield made
    made.close()


def test_a_storm_of_reconnections_misses_no_prompt_and_doubles_none(
    daemon: Daemon, proxies: list[Proxy], engine: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    daemon.wait_up(SERVERS)
    drop_job(daemon, tmp_path, job=JOB)
    for made in (10, 40):
        wait_for(lambda made=made: outcomes(daemon)["succeeded"] >= made, within_s=60)  # type: ignore[misc]
        for proxy in proxies:
            proxy.hang_up()
    assert_made_once(daemon, daemon.wait_closed("one"), len(SIZES))
    history = requests.get(f"{engine.url}/history", timeout=60).json()
    assert len(history) == len(SIZES) == outcomes(daemon)["succeeded"]
