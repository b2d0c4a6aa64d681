"""Websockets that are silent, deaf, flooded or not there: what was sent is followed as ever."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, drop_job, outcomes, run_job
from tests.proxy import PassOn, Proxy, pour
from tests.strange_server import frame, preview
from tests.waiting import wait_for

SLOW = """\
vqd: 1
workflow: image-scale
params: {size: 1600x1600, method: lanczos}
fan_out: {matrix: {method: [lanczos, area, bicubic]}}
"""
PROMPTS = 3


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def only_shake_hands(server: socket.socket, client: socket.socket) -> None:
    """Let the connection come about, and not a word after."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += server.recv(1 << 16)
    client.sendall(heard.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    while server.recv(1 << 16):
        continue


def flood(server: socket.socket, client: socket.socket) -> None:
    """Send 1,000 large previews and one of 40 MB before every word of the server's."""
    heard = server.recv(1 << 16)
    client.sendall(heard.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    picture = frame(2, preview(b"x" * 30_000))
    for _ in range(1000):
        client.sendall(picture)
    client.sendall(frame(2, preview(b"x" * (40 << 20))))
    pour(server, client)


def no_websocket(_: PassOn) -> bytes:
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Unanswered:
    """Handshakes to which nothing is said, until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def __call__(self, _: PassOn) -> None:
        self.let_go.wait(110)


def resident_mb(daemon: Daemon) -> float:
    assert daemon.process is not None
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_a_server_that_says_nothing_is_asked(daemon: Daemon, proxy: Proxy, tmp_path: Path) -> None:
    proxy.carry = only_shake_hands
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}


def test_a_server_without_a_websocket_is_used_and_said_to_be_without(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("GET /ws", *[no_websocket] * 1000)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}
    assert "without its websocket" in daemon.vqd("status").stdout


def test_a_server_whose_websocket_never_opens_is_used_within_seconds(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    unanswered = Unanswered()
    proxy.tampers("GET /ws", *[unanswered] * 1000)
    try:
        folder = run_job(daemon, tmp_path, pictures=2)
        assert_made_once(daemon, folder, 2)
        assert outcomes(daemon) == {"succeeded": 2}
        assert "without its websocket" in daemon.vqd("status").stdout
    finally:
        unanswered.let_go.set()


def test_a_prompt_that_was_sent_before_the_websocket_broke_is_followed(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    daemon.start()
    drop_job(daemon, tmp_path, job=SLOW)
    wait_for(lambda: proxy.asked["POST /prompt"] >= 1, within_s=60)
    connections = proxy.asked["GET /ws"]
    proxy.hang_up()
    folder = daemon.wait_closed("one")
    assert_made_once(daemon, folder, PROMPTS)
    wait_for(lambda: proxy.asked["GET /ws"] > connections, within_s=60, what="the next connection")
    assert proxy.asked["POST /prompt"] == PROMPTS


def test_a_flood_of_previews_is_not_kept(daemon: Daemon, proxy: Proxy, tmp_path: Path) -> None:
    daemon.start()
    before_mb = resident_mb(daemon)
    proxy.carry = flood
    proxy.hang_up()
    drop_job(daemon, tmp_path, pictures=2)
    folder = daemon.wait_closed("one")
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}
    assert resident_mb(daemon) - before_mb < 120
