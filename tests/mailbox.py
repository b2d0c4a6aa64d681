"""A local mail server that takes what it is sent (RFC 5321, as much as a client needs)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import takewhile
from socketserver import StreamRequestHandler, ThreadingTCPServer


@dataclass
class Mailbox:
    """Where it listens, and every mail that came in."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Give a mailbox behind a server on 127.0.0.1."""
    made = Mailbox()
    with ThreadingTCPServer(("127.0.0.1", 0), _taking(made)) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def _taking(mailbox: Mailbox) -> type[StreamRequestHandler]:
    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline():
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"DATA":
                    self._say("354 go on")
                    self._take()
                self._say("221 bye" if verb == b"QUIT" else "250 ok")

        def _take(self) -> None:
            lines = takewhile(bool, iter(self.rfile.readline, b".\r\n"))
            data = b"".join(line.removeprefix(b".") for line in lines)
            mail = message_from_bytes(data, policy=policy.default)
            mailbox.mails.append(mail)

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    return Handler
