from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from socket import socket
from threading import Event
from threading import enumerate as enumerate_threads
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.strange_server import Answer, StrangeServer, Talk, preview
from tests.waiting import wait_for
from vqd.comfy import connection
from vqd.comfy.address import Address
from vqd.comfy.faults import ComfyError
from vqd.comfy.listener import Listener, _delay_s
from vqd.comfy.watch import Signal, Watch
from vqd.domain.outcome import Progress

SOON_S = 60.0
PING_S = 40.0
PING = 9
CERTIFICATE = Path(__file__).parent.parent / "recorded" / "comfy" / "self-signed.pem"


class Heard:
    """A listener of a server, and what its callbacks said."""

    def __init__(self, server: StrangeServer, ping_s: float = PING_S) -> None:
        self.connections: Queue[bool] = Queue()
        self.faults: list[ComfyError | None] = []
        self.listener = Listener(
            server.url,
            headers={"Authorization": "Bearer t"},
            on_connection=self._note,
            ping_s=ping_s,
        )

    def _note(self, fault: ComfyError | None) -> None:
        self.faults.append(fault)
        self.connections.put(fault is None)

    def next_connection(self) -> bool:
        return self.connections.get(timeout=SOON_S)


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqd.comfy.listener._LEAST_DELAY_S", 0.01)


@pytest.fixture
def heard(server: StrangeServer) -> Iterator[Heard]:
    made = Heard(server)
    yield made
    made.listener.stop()


def talks(server: StrangeServer, *talks: Callable[[Talk], object]) -> None:
    server.answers("GET /ws", *(Answer(talk=talk) for talk in talks))


def client_ids(server: StrangeServer) -> list[str]:
    return [parse_qs(urlsplit(a.target).query)["clientId"][0] for a in server.requests("GET /ws")]


def status(talk: Talk, remaining: int) -> None:
    talk.say("status", status={"exec_info": {"queue_remaining": remaining}})


def until(watch: Watch, wanted: Signal) -> list[Signal]:
    """Wait for a signal; give those that came before it."""
    before: list[Signal] = []
    while (signal := watch.wait(SOON_S)) is not wanted:
        assert signal is not Signal.TIMED_OUT, f"{wanted!r} never came, only {before}"
        before.append(signal)
    return before


def test_the_end_of_a_watched_prompt_is_heard_once(server: StrangeServer, heard: Heard) -> None:
    def talk(talk: Talk) -> None:
        talk.say("executing", node=None, prompt_id="another")
        talk.say("executing", node=None, prompt_id="p")
        talk.hear_out()

    talks(server, talk)
    watch, other = heard.listener.watch("p"), heard.listener.watch("other")
    heard.listener.start()
    until(watch, Signal.ENDED)
    assert watch.wait(0) is not Signal.ENDED
    until(other, Signal.LOOK)  # the connection
    assert other.wait(0) is Signal.TIMED_OUT


def test_progress_is_kept_for_whoever_asks(server: StrangeServer, heard: Heard) -> None:
    def talk(talk: Talk) -> None:
        talk.say("execution_start", prompt_id="p")
        talk.say("execution_cached", prompt_id="p", nodes=["1", "2"])
        talk.say("executing", prompt_id="p", node="5", display_node="5")
        talk.say("progress", prompt_id="p", node="5", value=5, max=20)
        talk.say("executing", node=None, prompt_id="p")
        talk.hear_out()

    talks(server, talk)
    watch = heard.listener.watch("p")
    assert _progress(watch) is None
    watched_at = watch.last_heard_at
    heard.listener.start()
    until(watch, Signal.ENDED)
    assert _progress(watch) == Progress("5", 0.25, 2, "5/20")
    assert watch.last_heard_at > watched_at


def test_when_any_prompt_ended_those_look_that_are_not_told_of_their_own_end(
    server: StrangeServer, heard: Heard
) -> None:
    connected = Event()

    def talk(talk: Talk) -> None:
        status(talk, 1)
        status(talk, 2)
        status(talk, 2)
        talk.say("progress", prompt_id="p", node="5", value=1, max=2)
        connected.wait(SOON_S)
        status(talk, 1)
        talk.hear_out()

    talks(server, talk)
    adopted, followed = heard.listener.watch("p"), heard.listener.watch("q")
    followed.client_id = heard.listener.client_id
    heard.listener.start()
    wait_for(lambda: adopted.progress is not None, within_s=SOON_S)
    for watch in (adopted, followed):
        until(watch, Signal.LOOK)  # the connection
    assert adopted.wait(0) is Signal.TIMED_OUT  # what was queued changed nothing for it
    connected.set()
    assert adopted.wait(SOON_S) is Signal.LOOK
    assert followed.wait(0) is Signal.TIMED_OUT


def test_garbage_is_ignored(server: StrangeServer, heard: Heard) -> None:
    def talk(talk: Talk) -> None:
        for text in (b"", b"{", b"[]", b'{"type": 3}', b'{"type":"status","data":7}', b"\xff"):
            talk.say_text(text)
        talk.say_binary(b"")
        talk.say("crystools.monitor", cpu=1)
        talk.say("executing", node=None, prompt_id="p")
        talk.hear_out()

    talks(server, talk)
    watch = heard.listener.watch("p")
    heard.listener.start()
    until(watch, Signal.ENDED)
    assert server.connections == 1


def test_of_a_flood_of_previews_only_the_last_is_kept(
    server: StrangeServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.comfy.connection._MOST_MESSAGE_BYTES", 8 << 20)

    def talk(talk: Talk) -> None:
        for n in range(1000):
            talk.say_binary(preview(b"%d" % n + b"x" * 20_000))
        talk.say_binary(preview(b"last"))
        talk.say_binary(preview(b"y" * (5 << 20)))  # too large to keep
        talk.say("executing", node=None, prompt_id="p")
        talk.hear_out()

    talks(server, talk)
    watch = heard.listener.watch("p")
    heard.listener.start()
    until(watch, Signal.ENDED)
    assert heard.listener.preview == b"last"
    assert server.connections == 1


def test_a_message_too_large_to_keep_ends_the_connection(
    server: StrangeServer, heard: Heard
) -> None:
    def huge(talk: Talk) -> None:
        talk.say_binary(bytes(100 << 20))
        talk.hear_out()

    talks(server, huge, Talk.hear_out)
    heard.listener.start()
    assert [heard.next_connection() for _ in range(3)] == [True, False, True]
    assert heard.listener.preview is None


def test_a_lost_connection_is_told_and_made_again_with_a_new_id(
    server: StrangeServer, heard: Heard
) -> None:
    lose = Event()
    talks(server, lambda _: lose.wait(SOON_S), Talk.hear_out)
    watch = heard.listener.watch("p")
    first_id = heard.listener.client_id
    heard.listener.start()
    assert heard.next_connection() is True
    until(watch, Signal.LOOK)
    lose.set()
    assert watch.wait(SOON_S) is Signal.LOST
    assert heard.next_connection() is False
    assert watch.wait(SOON_S) is Signal.LOOK
    assert heard.next_connection() is True
    assert client_ids(server) == [first_id, heard.listener.client_id]
    assert first_id != heard.listener.client_id


def test_a_silent_server_is_pinged_and_an_answer_keeps_the_connection(
    server: StrangeServer,
) -> None:
    pings = Event()

    def answer_three_pings(talk: Talk) -> None:
        for _ in range(3):
            assert talk.next_opcode() == PING
            talk.pong()
        pings.set()
        talk.hear_out()

    talks(server, answer_three_pings)
    heard = Heard(server, ping_s=1.0)
    heard.listener.start()
    assert pings.wait(SOON_S)
    assert server.connections == 1
    heard.listener.stop()


def test_a_server_that_does_not_even_answer_pings_is_left(server: StrangeServer) -> None:
    talks(server, Talk.hear_out)
    heard = Heard(server, ping_s=0.05)
    heard.listener.start()
    assert [heard.next_connection() for _ in range(3)] == [True, False, True]
    heard.listener.stop()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(200, b"<html>", "text/html"),
        Answer(101),
        Answer(reset=True),
    ],
)
def test_a_server_without_a_websocket_is_tried_again(
    server: StrangeServer, heard: Heard, answer: Answer
) -> None:
    server.answers("GET /ws", answer, Answer(talk=Talk.hear_out))
    heard.listener.start()
    assert heard.next_connection() is False
    assert heard.next_connection() is True


def test_a_redirect_is_not_followed(server: StrangeServer, heard: Heard) -> None:
    login = server.url.replace("http", "ws") + "/login"
    server.answers("GET /ws", Answer(302, headers={"Location": login}), Answer(talk=Talk.hear_out))
    heard.listener.start()
    assert heard.next_connection() is False
    assert heard.next_connection() is True
    assert not server.requests("GET /login")


def test_the_handshake_carries_the_headers_and_no_origin(
    server: StrangeServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    talks(server, Talk.hear_out)
    heard.listener.start()
    heard.next_connection()
    headers = server.requests("GET /ws")[0].headers
    assert headers["Authorization"] == "Bearer t"
    assert "Origin" not in headers


@pytest.mark.parametrize("talk", [Talk.hear_out, lambda talk: talk.closing.wait()])
def test_stopping_a_connected_listener_is_prompt_and_leaves_no_thread(
    server: StrangeServer, talk: Callable[[Talk], None]
) -> None:
    talks(server, talk)
    heard = Heard(server)
    heard.listener.start()
    heard.next_connection()
    stop_promptly(heard.listener)
    assert heard.connections.empty()


def test_stopping_in_the_handshake_is_prompt(
    server: StrangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.comfy.connection._CONNECT_S", PING_S)
    server.answers("GET /ws", Answer(after=Event()))
    heard = Heard(server)
    heard.listener.start()
    wait_for(lambda: server.connections == 1, within_s=SOON_S)
    stop_promptly(heard.listener)


def test_stopping_before_the_handshake_asks_for_nothing_more(
    server: StrangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(server)
    connected = connection._connected

    def stopped_meanwhile(address: Address) -> socket:
        opened = connected(address)
        if held := heard.listener._connection:
            held.hang_up()
        return opened

    monkeypatch.setattr(connection, "_connected", stopped_meanwhile)
    heard.listener.start()
    assert heard.next_connection() is False
    stop_promptly(heard.listener)
    assert not server.asked


def test_stopping_between_attempts_is_prompt() -> None:
    with StrangeServer() as gone:
        heard = Heard(gone)
    heard.listener.start()
    assert heard.next_connection() is False
    stop_promptly(heard.listener)


def test_a_listener_that_never_began_can_be_stopped(heard: Heard) -> None:
    heard.listener.stop()


def test_a_certificate_that_nobody_trusts_is_not_connected_to() -> None:
    with StrangeServer(CERTIFICATE) as secure:
        talks(secure, Talk.hear_out)
        heard = Heard(secure)
        heard.listener.start()
        assert heard.next_connection() is False
        heard.listener.stop()
        assert not secure.asked


def test_a_certificate_that_the_system_trusts_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with StrangeServer(CERTIFICATE) as secure:
        talks(secure, Talk.hear_out)
        heard = Heard(secure)
        heard.listener.start()
        assert heard.next_connection() is True
        stop_promptly(heard.listener)


def test_a_nudge_ends_the_wait_for_the_next_attempt(
    server: StrangeServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.comfy.listener._LEAST_DELAY_S", 60.0)
    server.answers("GET /ws", Answer(503), Answer(talk=Talk.hear_out))
    heard.listener.start()
    assert heard.next_connection() is False
    heard.listener.nudge()
    assert heard.next_connection() is True


def test_delays_grow_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    delays = [_delay_s(failures) for failures in range(2000)]
    assert min(delays) >= 0.2
    assert max(delays) <= 30.0
    assert delays[0] == 0.2
    assert max(delays[8:]) > 25.0


def test_a_closed_watch_hears_no_more(server: StrangeServer, heard: Heard) -> None:
    def talk(talk: Talk) -> None:
        talk.say("executing", node=None, prompt_id="p")
        talk.hear_out()

    talks(server, talk)
    closed, kept = heard.listener.watch("p"), heard.listener.watch("p")
    closed.close()
    closed.close()
    heard.listener.start()
    until(kept, Signal.ENDED)
    assert closed.wait(0) is Signal.TIMED_OUT
    kept.close()


def _progress(watch: Watch) -> Progress | None:
    return watch.progress


def stop_promptly(listener: Listener) -> None:
    """Stop it, and see that its thread ends long before anything that it waits for is over."""
    listener.stop()
    wait_for(
        lambda: not [one for one in enumerate_threads() if one.name.startswith("listen ")],
        within_s=PING_S / 2,
        what="the end of its thread",
    )
