"""A POST /prompt to which no answer ever comes: it is looked for, and sent again only if it never
arrived."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, outcomes, run_job
from tests.proxy import PassOn, Proxy


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


@pytest.fixture
def over() -> Iterator[Event]:
    """What the answers wait for."""
    made = Event()
    yield made
    made.set()


def test_what_arrived_is_made_once_and_what_did_not_is_sent_again(
    daemon: Daemon, proxy: Proxy, over: Event, tmp_path: Path
) -> None:
    def taken(pass_on: PassOn) -> None:
        pass_on()
        over.wait(90)

    def swallowed(_: PassOn) -> None:
        over.wait(90)

    proxy.tampers("POST /prompt", taken, swallowed)
    folder = run_job(daemon, tmp_path, pictures=3)
    assert_made_once(daemon, folder, 3)
    assert outcomes(daemon) == {"succeeded": 3, "unreachable": 1}
    assert proxy.asked["POST /prompt"] == 4
