"""A local HTTP server that takes notices, as a person's chat room or script would."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in so far, and how it answers: with `status`, or not at all while `is_silent`."""

    url: str = ""
    status: int = 200
    is_silent: bool = False
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[str]:
        """The event of each notice that came in."""
        return [told["event"] for told in self.told]


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Give a receiver that listens on 127.0.0.1."""
    made = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", port), _listening(made)) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            made.closing.set()
            server.shutdown()
            thread.join()


def _listening(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.headers.append(dict(self.headers.items()))
            receiver.paths.append(self.path)
            receiver.bodies.append(body)
            if self.headers["Content-Type"] == "application/json":
                receiver.told.append(json.loads(body))
            receiver.came.set()
            if receiver.is_silent:
                receiver.closing.wait()
                return
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
