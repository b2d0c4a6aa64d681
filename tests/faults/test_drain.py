"""SIGTERM while prompts are on a server: what ends in time is concluded, the rest is taken up again
by the next daemon, and none is rendered twice."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, outcomes
from tests.faults.test_killed_at_each_step import Held
from tests.faults.test_other_people import ended, theirs
from tests.faults.test_pause import drop, on
from tests.proxy import Proxy
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

JOB = """\
vqd: 1
workflow: image-scale
params: {method: lanczos}
fan_out: {matrix: {size: [2600x2600, 2590x2590, 2580x2580, 2570x2570]}}
"""
"""Of prompts so long that none ends while a signal is on its way."""
PROMPTS = 4
ENDS_WITHIN_S = 90
"""Long before what answers nothing lets go, or the drain of those that drain for long is over."""

House = Callable[[float], Daemon]


@pytest.fixture
def house(tmp_path: Path, proxy: Proxy) -> Iterator[House]:
    """Makes a daemon that drains for so many seconds."""
    made: list[Daemon] = []

    def with_drain(drain_s: float) -> Daemon:
        servers = [{"url": proxy.url, "name": "far"}]
        daemon = Daemon(tmp_path / "house", servers=servers, settle_s=0.1, drain_s=drain_s)
        made.append(daemon)
        return daemon

    yield with_drain
    for daemon in made:
        daemon.close()


def sigterm(daemon: Daemon) -> None:
    """Send it, and wait until it was heard: the kernel takes two before that for one."""
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGTERM)
    status, bit = Path(f"/proc/{daemon.process.pid}/status"), 1 << signal.SIGTERM - 1

    def is_heard() -> bool:
        pending = status.read_text().partition("ShdPnd:")[2].split()[0]
        return not int(pending, 16) & bit

    wait_for(is_heard, within_s=60)


def exit_code(daemon: Daemon) -> int:
    """Give it once the daemon has ended, which it must in time."""
    assert daemon.process is not None
    return daemon.process.wait(ENDS_WITHIN_S)


def withdraw(engine: EngineProcess, theirs: list[str]) -> None:
    """Let somebody take back what they sent and what does not run yet."""
    requests.post(f"{engine.url}/queue", json={"delete": theirs}, timeout=60).raise_for_status()


def test_what_is_on_the_server_is_brought_home_and_nothing_more_is_sent(
    house: House, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon = house(80).start()
    drop(daemon, tmp_path, "beach", JOB)
    wait_for(lambda: on(engine, "running") and on(engine, "pending"), within_s=60)
    sigterm(daemon)
    sent = proxy.asked["POST /prompt"]
    assert exit_code(daemon) == 0
    assert outcomes(daemon) == {"succeeded": proxy.asked["POST /prompt"]}
    assert proxy.asked["POST /prompt"] <= sent + 1  # one may have been on its way
    assert not on(engine, "running")
    daemon.start()
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert proxy.asked["POST /prompt"] == PROMPTS


def test_what_takes_longer_goes_on_there_and_is_followed_by_the_next_daemon(
    house: House, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon = house(0.5).start()
    daemon.wait_up()
    sent = theirs(engine, 20)
    drop(daemon, tmp_path, "beach", JOB)
    (first, second) = wait_for(
        lambda: on(engine, "pending")[1:] and on(engine, "pending"), within_s=60
    )
    sigterm(daemon)
    assert exit_code(daemon) == 0
    assert not outcomes(daemon)
    assert {first, second} == {*on(engine, "pending")}
    withdraw(engine, sent)
    daemon.start()
    (rescued,) = wait_for(lambda: daemon.logged("prompts.rescued"), within_s=60)
    assert (rescued["adopted"], rescued["requeued"]) == (2, 0)
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert proxy.asked["POST /prompt"] == PROMPTS
    assert outcomes(daemon) == {"succeeded": PROMPTS}
    assert {ended(engine).get(prompt_id) for prompt_id in (first, second)} == {"success"}


def test_a_second_sigterm_ends_the_wait(
    house: House, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon = house(600).start()
    daemon.wait_up()
    sent = theirs(engine, 20)
    drop(daemon, tmp_path, "beach", JOB)
    wait_for(lambda: on(engine, "pending"), within_s=60)
    sigterm(daemon)
    sigterm(daemon)
    assert exit_code(daemon) == 0
    assert not outcomes(daemon)
    withdraw(engine, sent)
    daemon.start()
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert proxy.asked["POST /prompt"] == PROMPTS


def test_a_server_that_does_not_answer_holds_no_end_up(
    house: House, proxy: Proxy, tmp_path: Path
) -> None:
    held = Held()
    daemon = house(0.5).start()
    daemon.wait_up()
    proxy.tampers("POST /prompt", held.after)
    try:
        drop(daemon, tmp_path, "beach", JOB)
        wait_for(held.reached.is_set, within_s=60, what="a prompt that gets no answer")
        sigterm(daemon)
        assert exit_code(daemon) == 0
    finally:
        held.let_go()
    daemon.start()
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert proxy.asked["POST /prompt"] == PROMPTS
