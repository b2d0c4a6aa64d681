"""Kept connections to one server, over http.client.

An answer takes less than half of the processor time that it takes with requests, and a prompt
needs three.
"""

import http.client
import select
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from vqd.comfy.address import Address

_CHUNK_BYTES = 256 * 1024
_MOST_KEPT = 8
_BROKEN = (OSError, http.client.HTTPException, ValueError)
"""What http.client raises for a connection that fails, and for what is no HTTP."""


class NoAnswer(Exception):
    """No answer, or one that fell silent: why, in the operating system's words where it has some.
    `is_refused` tells that no program listens there."""

    def __init__(self, error: Exception) -> None:
        told = error.strerror if isinstance(error, OSError) else None
        super().__init__(told or str(error) or type(error).__name__)
        self.is_refused = isinstance(error, ConnectionRefusedError)


class CutShort(NoAnswer):
    """The connection ended before the answer did."""


class Reply:
    """An answer of which the head has come. `headers` finds a name however it is written."""

    def __init__(
        self, response: http.client.HTTPResponse, give_back: Callable[["Reply"], None]
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers  # type: ignore[assignment]
        self._response = response
        self._give_back = give_back

    def chunks(self) -> Iterator[bytes]:
        """Give the content as it comes.

        Raises:
            CutShort: there was to be more. NoAnswer: the server fell silent.
        """
        while chunk := self._next():
            yield chunk
        if self._response.length:
            raise CutShort(http.client.IncompleteRead(b"", self._response.length))

    @property
    def is_over(self) -> bool:
        """Tell whether all of it was read, and the server goes on listening."""
        return self._response.isclosed() and not self._response.will_close

    def close(self) -> None:
        """Let the connection carry another request, if this one's answer is over."""
        self._give_back(self)

    def _next(self) -> bytes:
        try:
            return self._response.read(_CHUNK_BYTES)
        except (http.client.IncompleteRead, ConnectionError) as error:
            raise CutShort(error) from error
        except _BROKEN as error:
            raise NoAnswer(error) from error


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
        connection = self._take()
        try:
            response = connection.send(method, path, headers, body)
        except BaseException:
            connection.close()
            raise
        return Reply(response, partial(self._give_back, connection))

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
        host, port, tls = address.host, address.port, address.tls
        self._http = (
            http.client.HTTPConnection(host, port, timeout=connect_s)
            if tls is None
            else http.client.HTTPSConnection(host, port, timeout=connect_s, context=tls)
        )
        self._silence_s = silence_s

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Iterable[bytes]
    ) -> http.client.HTTPResponse:
        """Send a request: see `Lane.send`."""
        try:
            self._begin(method, path, headers)
        except _BROKEN as error:
            raise NoAnswer(error) from error
        for chunk in body:
            if not self._takes(chunk):
                break
        try:
            return self._http.getresponse()
        except _BROKEN as error:
            raise NoAnswer(error) from error

    def is_idle(self) -> bool:
        """Tell whether the server has not hung up, and said nothing that nobody asked for."""
        looking = select.poll()
        looking.register(self._http.sock, select.POLLIN)
        return not looking.poll(0)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _begin(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        if self._http.sock is None:
            self._connect()
        names = {name.lower() for name in headers}
        self._http.putrequest(
            method,
            path,
            skip_host="host" in names,
            skip_accept_encoding="accept-encoding" in names,
        )
        for name, value in headers.items():
            self._http.putheader(name, value)
        self._http.endheaders()

    def _connect(self) -> None:
        self._http.connect()
        self._http.sock.settimeout(self._silence_s)

    def _takes(self, chunk: bytes) -> bool:
        """Send a part of the body; False if the server has hung up: it takes no more, and its
        answer, which may say why, may be there."""
        try:
            self._http.send(chunk)
        except BrokenPipeError:
            return False
        except _BROKEN as error:
            raise NoAnswer(error) from error
        return True
