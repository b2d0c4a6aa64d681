"""Stands before a real server and passes everything on, but for what a test tampers with.

    with Proxy(engine.url) as proxy:
        proxy.tampers("POST /prompt", lambda pass_on: None)  # reset

The tampering of a route is given in turn; when it is used up, everything is passed on. As long as
there is some for the history, websockets leave out what nodes put out: else nobody would ask it.
"""

import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import parse_headers
from itertools import takewhile
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from typing import BinaryIO, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class PassOn:
    """Asks the server, and gives its whole answer as it came; `target` is the path that is asked
    for, with its query."""

    target: str
    _ask: Callable[[], bytes]

    def __call__(self) -> bytes:
        return self._ask()


Tamper = Callable[[PassOn], bytes | None]
"""Gives the answer to send, None to reset the connection."""
Carry = Callable[[socket.socket, socket.socket], None]
"""Carries what the server says on a websocket to the client, until one of them is gone."""


class Proxy:
    """Listens on a free port of the loopback, for the length of a `with` block."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._tampers: dict[str, list[Tamper]] = {}
        self.carry: Carry = self._pass_on
        self._lock = Lock()
        self.asked: Counter[str] = Counter()
        self._open: set[socket.socket] = set()
        self._tcp = ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._tcp.serve_forever, args=(0.004,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._tcp.server_address[1]}"

    def tampers(self, route: str, *tampers: Tamper) -> None:
        """Tamper with the next requests to `METHOD /first-part-of-the-path`."""
        self._tampers[route] = list(tampers)

    def hang_up(self) -> None:
        """Break off every connection that is open now."""
        for connection in tuple(self._open):
            hang_up(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tcp.shutdown()
        self.hang_up()
        self._tcp.server_close()
        self._thread.join()

    def _next_tamper(self, method: str, target: str) -> Tamper | None:
        route = f"{method} /{urlsplit(target).path.split('/')[1]}"
        with self._lock:
            self.asked[route] += 1
            tampers = self._tampers.get(route)
            return tampers.pop(0) if tampers else None

    def _handler(proxy) -> type[StreamRequestHandler]:  # noqa: N805
        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                proxy._open.add(self.connection)
                try:
                    proxy._exchange(self)
                except OSError:
                    return  # one of the two is gone, which tests provoke
                finally:
                    proxy._open.discard(self.connection)

        return Handler

    def _exchange(self, handler: StreamRequestHandler) -> None:
        line = handler.rfile.readline()
        if not line:
            return
        headers = parse_headers(handler.rfile)
        body = handler.rfile.read(int(headers.get("Content-Length", 0)))
        is_websocket = "Upgrade" in headers
        del headers["Connection"]
        headers["Connection"] = "Upgrade" if is_websocket else "close"
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = line + head.encode() + b"\r\n" + body
        method, target, _ = line.decode().split()
        tamper = self._next_tamper(method, target)
        if tamper is None and is_websocket:
            self._tunnel(request, handler.connection)
            return
        answer = (
            tamper(PassOn(target, lambda: self._asked(request))) if tamper else self._asked(request)
        )
        if answer is None:
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()
        else:
            handler.connection.sendall(answer)

    def _carried(self, server: socket.socket, client: socket.socket) -> None:
        try:
            self.carry(server, client)
        except OSError:
            return  # one of the two is gone, which tests provoke
        finally:
            hang_up(server)
            hang_up(client)

    def _pass_on(self, server: socket.socket, client: socket.socket) -> None:
        with server.makefile("rb") as said:
            for message in messages(said):
                if not (self._tampers.get("GET /history") and b'"executed"' in message):
                    client.sendall(message)

    def _asked(self, request: bytes) -> bytes:
        with socket.create_connection(self._target) as server:
            server.sendall(request)
            return b"".join(iter(lambda: server.recv(1 << 16), b""))

    def _tunnel(self, request: bytes, client: socket.socket) -> None:
        with socket.create_connection(self._target) as server:
            server.sendall(request)
            back = Thread(target=self._carried, args=(server, client))
            back.start()
            pour(client, server)
            back.join()


def json_answer(text: str) -> bytes:
    """Give a whole HTTP answer of this JSON."""
    content = text.encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def pour(source: socket.socket, target: socket.socket) -> None:
    """Pass on everything, until one of the two is gone; then hang both up."""
    try:
        while content := source.recv(1 << 16):
            target.sendall(content)
    except OSError:
        return  # one of the two is gone
    finally:
        hang_up(source)
        hang_up(target)


def messages(said: BinaryIO) -> Iterator[bytes]:
    """Give what a server says on a websocket: the head of its answer, then frame by frame, as far
    as it comes."""
    yield b"".join(takewhile(bool, iter(said.readline, b"\r\n"))) + b"\r\n"
    while head := said.read(2):
        more = said.read({126: 2, 127: 8}.get(head[1], 0))
        yield head + more + said.read(int.from_bytes(more or head[1:]))


def hang_up(connection: socket.socket) -> None:
    """End a connection, for whoever waits at it, too."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was gone already
