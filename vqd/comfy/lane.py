"""Kept connections to one server, over which requests go out (RFC 9112)."""

import re
import select
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from vqd.comfy.address import Address
from vqd.comfy.reply import BROKEN, Inflow, NoAnswer, Reply

_MOST_KEPT = 8
_NO_TARGET = re.compile(r"[^\x21-\x7e]")
_NO_FIELD = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Lane:
    """The connections to one server: as many as are in use at once, and some that are kept.

    `connect_s` is the longest that a connection may take, `silence_s` the longest silence then.
    """

    def __init__(self, address: Address, *, connect_s: float, silence_s: float) -> None:
        self._address = address
        self._connect_s = connect_s
        self._silence_s = silence_s
        self._kept: list[_Connection] = []
        self._is_closed = False

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Iterable[bytes]
    ) -> Reply:
        """Send a request, and give the answer when its head has come; it is to be closed.

        Raises:
            NoAnswer: there is none. What `body` raises, unchanged.
        """
        head = _head(method, path, self._address, headers)
        connection = self._take()
        try:
            connection.send(head, body)
            return connection.reply(method, partial(self._give_back, connection))
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the connections that are kept, and make none any more."""
        self._is_closed = True
        while (kept := self._pop()) is not None:
            kept.close()

    def _take(self) -> "_Connection":
        """Give a connection that nobody uses."""
        if self._is_closed:
            raise NoAnswer(ConnectionAbortedError("vqd is about to end"))
        while (kept := self._pop()) is not None:
            if kept.is_idle():
                return kept
            kept.close()
        return _Connection(self._address, self._connect_s, self._silence_s)

    def _give_back(self, connection: "_Connection", reply: Reply) -> None:
        """Keep a connection of which the answer was read whole; close it else."""
        if reply.is_over and not self._is_closed and len(self._kept) < _MOST_KEPT:
            self._kept.append(connection)
        else:
            connection.close()

    def _pop(self) -> "_Connection | None":
        with suppress(IndexError):
            return self._kept.pop()
        return None


class _Connection:
    """One connection, which carries one request at a time."""

    def __init__(self, address: Address, connect_s: float, silence_s: float) -> None:
        try:
            self._socket = _connected(address, connect_s)
        except BROKEN as error:
            raise NoAnswer(error) from error
        self._socket.settimeout(silence_s)
        self._inflow = Inflow(self._socket)

    def send(self, head: bytes, body: Iterable[bytes]) -> None:
        """Send a request.

        A server that hangs up takes no more, and its answer, which may say why, may be there.

        Raises:
            NoAnswer: it cannot be sent. What `body` raises, unchanged.
        """
        unsent = head
        for chunk in body:
            if not self._takes(unsent + chunk):
                return
            unsent = b""
        if unsent:
            self._takes(unsent)

    def reply(self, method: str, give_back: Callable[[Reply], None]) -> Reply:
        """Give the answer when its head has come.

        Raises:
            NoAnswer: there is none.
        """
        try:
            return Reply(method, self._inflow, give_back)
        except BROKEN as error:
            raise NoAnswer(error) from error

    def is_idle(self) -> bool:
        """Tell whether the server has not hung up, and said nothing that nobody asked for."""
        looking = select.poll()
        looking.register(self._socket, select.POLLIN)
        return not looking.poll(0)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _takes(self, part: bytes) -> bool:
        try:
            self._socket.sendall(part)
        except BrokenPipeError:
            return False
        except BROKEN as error:
            raise NoAnswer(error) from error
        return True


def _connected(address: Address, within_s: float) -> socket.socket:
    connected = socket.create_connection((address.host, address.port), within_s)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.tls is None:
            return connected
        return address.tls.wrap_socket(connected, server_hostname=address.host)
    except BaseException:
        connected.close()
        raise


def _head(method: str, path: str, address: Address, headers: Mapping[str, str]) -> bytes:
    """Give the head of a request.

    Raises:
        NoAnswer: a character in it would end a line, or is none that a head can have.
    """
    given = {name.lower() for name in headers}
    usual = {"Host": address.netloc, "Accept-Encoding": "identity"}
    fields = {name: value for name, value in usual.items() if name.lower() not in given}
    lines = [f"{name}: {value}" for name, value in (*fields.items(), *headers.items())]
    if _NO_TARGET.search(path) or any(map(_NO_FIELD.search, lines)):
        raise NoAnswer(ValueError("the path or a header has a character that HTTP does not"))
    return "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", "")).encode("latin-1")
