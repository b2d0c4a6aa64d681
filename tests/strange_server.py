"""A server that answers as it is told to: late, cut short, garbage, or not at all.

    with StrangeServer() as server:
        server.answers("POST /prompt", Answer(400, {"error": …}), Answer(reset=True))

The answers to a route are given in turn, the last one again and again.
"""

import base64
import hashlib
import json
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import parse_headers
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Condition, Event, Thread
from typing import Any, Self
from urllib.parse import urlsplit

from tests.proxy import hang_up

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Answer:
    """What to say. `body` that is neither bytes nor text is sent as JSON.

    `promised_bytes` is a Content-Length that may be untrue; `after` is waited for first; `reset`
    resets the connection after the request's head instead of answering; `talk` makes the
    connection a websocket.
    """

    status: int = 200
    body: Any = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    promised_bytes: int | None = None
    chunked: bool = False
    after: Event | None = None
    reset: bool = False
    talk: "Callable[[Talk], object] | None" = None


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Talk:
    """The server's side of a websocket."""

    def __init__(self, server: "StrangeServer", handler: StreamRequestHandler) -> None:
        self.closing = server.closing
        self.connection: socket.socket = handler.connection
        self._reader = handler.rfile

    def say(self, kind: str, **data: Any) -> None:
        """Send a message as ComfyUI words it."""
        self.say_text(json.dumps({"type": kind, "data": data}).encode())

    def say_text(self, text: bytes) -> None:
        self.connection.sendall(frame(_TEXT, text))

    def say_binary(self, content: bytes) -> None:
        self.connection.sendall(frame(_BINARY, content))

    def pong(self, content: bytes = b"") -> None:
        self.connection.sendall(frame(_PONG, content))

    def next_opcode(self) -> int:
        """Wait for a frame of the client's; give its opcode, CLOSE when it is gone."""
        head = self._reader.read(2)
        if len(head) < 2:
            return _CLOSE
        self._reader.read(4 + (head[1] & 0x7F))
        return head[0] & 0xF

    def hear_out(self) -> None:
        """Say nothing more, until the client is gone."""
        while self.next_opcode() != _CLOSE:
            pass


class StrangeServer:
    """Listens on a free port of the loopback, for the length of a `with` block.

    With a certificate (and its key, in one file) it speaks TLS.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.closing = Event()
        self._answers: dict[str, list[Answer]] = {}
        self._changed = Condition()
        self._open: set[socket.socket] = set()
        self._tcp = ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._tcp.socket = tls.wrap_socket(self._tcp.socket, server_side=True)
        self._thread = Thread(target=self._tcp.serve_forever, args=(0.004,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._tcp.server_address[1]}"

    def answers(self, route: str, *answers: Answer) -> None:
        """Set what `METHOD /path` gets; the path without its query."""
        self._answers[route] = list(answers)

    def requests(self, route: str) -> list[Asked]:
        """Give the requests that came for a route."""
        return [asked for asked in self.asked if _route(asked) == route]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more, and break off what is open."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._tcp.shutdown()
        for answers in self._answers.values():
            for answer in answers:
                if answer.after is not None:
                    answer.after.set()
        for connection in tuple(self._open):
            hang_up(connection)
        self._tcp.server_close()
        self._thread.join()

    def _next_answer(self, asked: Asked) -> Answer:
        with self._changed:
            self.asked.append(asked)
            answers = self._answers.get(_route(asked), [Answer(404, b"404: Not Found")])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def _handler(server) -> type[StreamRequestHandler]:  # noqa: N805
        class Handler(StreamRequestHandler):
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                server.connections += 1
                server._open.add(self.connection)

            def handle(self) -> None:
                try:
                    while not server.closing.is_set() and server._exchange(self):
                        pass
                except OSError:
                    return  # the client is gone, which tests provoke

            def finish(self) -> None:
                server._open.discard(self.connection)
                super().finish()

        return Handler

    def _exchange(self, handler: StreamRequestHandler) -> bool:
        """Answer one request; False when the connection is used up."""
        line = handler.rfile.readline().decode()
        if not line:
            return False
        method, target, _ = line.split()
        headers = dict(parse_headers(handler.rfile).items())
        announced = Asked(method, target, headers, b"")
        resets = self._peek(announced).reset
        body = b"" if resets else handler.rfile.read(int(headers.get("Content-Length", 0)))
        answer = self._next_answer(Asked(method, target, headers, body))
        if answer.after is not None:
            answer.after.wait()
        if answer.reset:
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()
            return False
        if answer.talk is not None:
            _upgrade(handler, headers["Sec-WebSocket-Key"])
            answer.talk(Talk(self, handler))
            return False
        return _reply(handler, answer, method)

    def _peek(self, asked: Asked) -> Answer:
        return self._answers.get(_route(asked), [Answer()])[0]


def preview(image: bytes) -> bytes:
    """Give a binary message with a JPEG preview in it."""
    return struct.pack(">II", 1, 1) + image


def _reply(handler: StreamRequestHandler, answer: Answer, method: str) -> bool:
    content = _content(answer.body)
    promised = len(content) if answer.promised_bytes is None else answer.promised_bytes
    head = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.content_type}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.chunked:
        head.append("Transfer-Encoding: chunked")
        content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    else:
        head.append(f"Content-Length: {promised}")
    sent = b"" if method == "HEAD" else content
    handler.connection.sendall("\r\n".join([*head, "", ""]).encode() + sent)
    return answer.chunked or promised == len(content)


def _content(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _upgrade(handler: StreamRequestHandler, key: str) -> None:
    accept = base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()
    handler.connection.sendall(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )


def frame(opcode: int, content: bytes) -> bytes:
    """Give a whole message as a server sends it (RFC 6455, section 5.2)."""
    head = bytes([0x80 | opcode])
    if len(content) < 126:
        return head + bytes([len(content)]) + content
    if len(content) < 1 << 16:
        return head + struct.pack(">BH", 126, len(content)) + content
    return head + struct.pack(">BQ", 127, len(content)) + content


def _route(asked: Asked) -> str:
    return f"{asked.method} {urlsplit(asked.target).path}"
