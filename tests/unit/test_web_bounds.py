"""What whoever connects may not take: places, time, memory."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import requests
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from tests.waiting import wait_for
from vqd.web.problems import of_http
from vqd.web.security import Guard
from vqd.web.server import Bounds, WebServer, listening
from vqd.web.sessions import Sessions

SHORT_S = 2.0
"""How long nobody is waited for; whoever does his part is quicker, on a busy machine, too."""
BOUNDS = Bounds(connections=20, asked_within_s=SHORT_S, taken_within_s=SHORT_S)
ENDLESS = threading.Event()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server within narrow bounds, of an app that answers, reads, and talks without an end."""
    app = FastAPI()

    @app.get("/api/hello")
    async def hello() -> str:
        return "hello"

    @app.post("/api/jobs")
    async def read(request: Request) -> int:
        return len(await request.body())

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 65536
                    await asyncio.sleep(0)
            finally:
                ENDLESS.set()

        return StreamingResponse(parts())

    app.add_exception_handler(HTTPException, of_http)
    app.add_middleware(
        Guard, sessions=Sessions(None), hosts=["localhost"], upload_limit=1 << 30, silent_s=SHORT_S
    )
    server = WebServer(app, listening("127.0.0.1", 0), on_end=lambda: None, bounds=BOUNDS)
    server.start()
    yield server.url
    server.stop()


def connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def is_ended(one: socket.socket) -> bool:
    try:
        return one.recv(1 << 20) == b""
    except ConnectionResetError:
        return True


def is_answered(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/hello", timeout=60).status_code == 200
    except requests.ConnectionError:
        return False


def test_a_connection_that_asks_nothing_is_ended(url: str) -> None:
    with connected(url) as one:
        assert is_ended(one)


def test_a_question_that_comes_letter_by_letter_is_not_waited_for(url: str) -> None:
    with connected(url) as one:
        one.sendall(b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\n")
        one.settimeout(0.1)
        wait_for(lambda: is_ended_by_a_letter(one), within_s=30, what="its end")


def is_ended_by_a_letter(one: socket.socket) -> bool:
    try:
        one.sendall(b"X")
        return is_ended(one)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_kept_connection_may_ask_again_and_then_is_ended(url: str) -> None:
    with connected(url) as one:
        for _ in range(3):
            one.sendall(b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b'"hello"'):
                part = one.recv(4096)
                assert part, "it was ended too soon"
                answer += part
        assert is_ended(one)


def test_who_sends_a_job_and_falls_silent_is_told(url: str) -> None:
    with connected(url) as one:
        one.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nabc")
        answer = b"".join(iter(lambda: one.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer
    assert b"connection: close" in answer.lower()


def test_who_sends_slowly_but_on_is_heard_to_the_end(url: str) -> None:
    def parts() -> Iterator[bytes]:
        pause = threading.Event()
        for _ in range(6):
            pause.wait(0.2 * SHORT_S)
            yield b"x" * 10

    assert requests.post(f"{url}/api/jobs", data=parts(), timeout=60).json() == 60


def test_who_takes_nothing_of_an_answer_is_cut_off_and_costs_nothing_more(url: str) -> None:
    ENDLESS.clear()
    with connected(url) as one:
        one.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ENDLESS.wait(60)
        wait_for(lambda: is_answered(url), within_s=30)


def test_beyond_so_many_connections_each_is_ended_and_the_others_go_on(url: str) -> None:
    crowd = [connected(url) for _ in range(BOUNDS.connections + 100)]
    try:
        assert all(is_ended(one) for one in crowd[-80:])
        wait_for(lambda: is_answered(url), within_s=30, what="a place")
    finally:
        for one in crowd:
            one.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /api/hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /api/hello HTTP/1.1\r\n\r\n",
    ],
)
def test_nonsense_is_refused_and_nobody_else_notices(url: str, nonsense: bytes) -> None:
    with connected(url) as one:
        one.sendall(nonsense)
        wait_for(lambda: is_ended(one), within_s=30, what="its end")
    assert is_answered(url)
