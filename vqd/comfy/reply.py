"""An HTTP answer, read as it comes over a connection (RFC 9112).

http.client has email.parser read the head, which takes four times as long, and a prompt needs three
answers.
"""

import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus

from vqd.documents.digits import number_of

_CHUNK_BYTES = 256 * 1024
_AHEAD_BYTES = 16 * 1024
_MOST_LINE_BYTES = 64 * 1024
_MOST_FIELDS = 100
_STATUS_LINE = re.compile(rb"HTTP/1\.(\d) +([1-9]\d\d)(?: .*)?")
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class NoAnswer(Exception):
    """No answer, or one that fell silent: why, in the operating system's words where it has some.
    `is_refused` tells that no program listens there."""

    def __init__(self, error: Exception) -> None:
        told = error.strerror if isinstance(error, OSError) else None
        super().__init__(told or str(error) or type(error).__name__)
        self.is_refused = isinstance(error, ConnectionRefusedError)


class CutShort(NoAnswer):
    """The connection ended before the answer did."""


BROKEN = (OSError, EOFError, ValueError)
"""What a connection that fails raises here, and what is no HTTP."""


class Inflow:
    """What comes over a connection, read ahead."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._ahead = b""
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing came beyond what was taken."""
        return self._at == len(self._ahead)

    def line(self) -> bytes:
        """Give a line without its end.

        Raises:
            EOFError: it has none. ValueError: it is too long. OSError: nothing came.
        """
        while (end := self._ahead.find(b"\n", self._at)) < 0:
            if len(self._ahead) - self._at > _MOST_LINE_BYTES:
                raise ValueError("it sent a line without an end")
            self._ahead = self._ahead[self._at :] + self._received(_AHEAD_BYTES)
            self._at = 0
        line = self._ahead[self._at : end]
        self._at = end + 1
        return line.removesuffix(b"\r")

    def part(self, most: int) -> bytes:
        """Give some bytes, `most` at most.

        Raises:
            EOFError: there are none any more. OSError: nothing came.
        """
        if self.is_empty:
            return self._received(most)
        part = self._ahead[self._at : self._at + most]
        self._at += len(part)
        return part

    def _received(self, most: int) -> bytes:
        received = self._socket.recv(most)
        if not received:
            raise EOFError("it closed the connection")
        return received


class Headers(Mapping[str, str]):
    """The fields of a head, by their names however these are written; of several the first."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, str] = {}
        for name, value in fields:
            self._fields.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Reply:
    """An answer of which the head has come. `give_back` is called with it when it is closed."""

    def __init__(self, method: str, inflow: Inflow, give_back: Callable[["Reply"], None]) -> None:
        """Read the head.

        Raises:
            EOFError, ValueError, OSError: none came, or none of HTTP.
        """
        self._inflow = inflow
        self._give_back = give_back
        minor, self.status = _status(inflow)
        self.headers = _headers(inflow)
        told = self.headers.get("Connection", "").lower()
        self._stays = "close" not in told if minor else "keep-alive" in told
        self._is_chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        self._left = self._length()
        if method == "HEAD" or self.status in _EMPTY:
            self._is_chunked, self._left = False, 0

    def chunks(self) -> Iterator[bytes]:
        """Give the content as it comes.

        Raises:
            CutShort: there was to be more. NoAnswer: the server fell silent.
        """
        try:
            yield from self._chunked() if self._is_chunked else self._whole()
        except (EOFError, ConnectionError) as error:
            raise CutShort(error) from error
        except BROKEN as error:
            raise NoAnswer(error) from error

    @property
    def is_over(self) -> bool:
        """Tell whether all of it was read, and the server goes on listening."""
        return self._left == 0 and self._stays and self._inflow.is_empty

    def close(self) -> None:
        """Let the connection carry another request, if this one's answer is over."""
        self._give_back(self)

    def _length(self) -> int | None:
        """Give the length of the content; None where only its end will tell."""
        return None if self._is_chunked else number_of(self.headers.get("Content-Length", ""))

    def _whole(self) -> Iterator[bytes]:
        if self._left is None:
            yield from self._until_the_end()
            return
        while self._left:
            part = self._inflow.part(min(self._left, _CHUNK_BYTES))
            self._left -= len(part)
            yield part

    def _until_the_end(self) -> Iterator[bytes]:
        while True:
            try:
                part = self._inflow.part(_CHUNK_BYTES)
            except EOFError:
                return
            yield part

    def _chunked(self) -> Iterator[bytes]:
        if self._left == 0:
            return
        while left := self._chunk_bytes():
            while left:
                part = self._inflow.part(min(left, _CHUNK_BYTES))
                left -= len(part)
                yield part
            if self._inflow.line():
                raise ValueError("it sent a chunk longer than it said")
        while self._inflow.line():
            pass  # a trailer, which says nothing here
        self._left = 0

    def _chunk_bytes(self) -> int:
        line = _SIZE_LINE.fullmatch(self._inflow.line())
        if line is None:
            raise ValueError("it sent a chunk without a length")
        return int(line[1], 16)


def _status(inflow: Inflow) -> tuple[int, int]:
    """Give the minor version and the status of the answer; those before it say nothing yet."""
    while True:
        line = _STATUS_LINE.fullmatch(inflow.line())
        if line is None:
            raise ValueError("it does not speak HTTP")
        minor, status = int(line[1]), int(line[2])
        if status >= HTTPStatus.OK or status == HTTPStatus.SWITCHING_PROTOCOLS:
            return minor, status
        _headers(inflow)


def _headers(inflow: Inflow) -> Headers:
    fields: list[tuple[str, str]] = []
    while line := inflow.line():
        if len(fields) == _MOST_FIELDS:
            raise ValueError(f"it sent more than {_MOST_FIELDS} headers")
        text = line.decode("latin-1")
        name, colon, value = text.partition(":")
        if fields and text[0] in " \t":  # the line before goes on
            fields[-1] = fields[-1][0], f"{fields[-1][1]} {text.strip()}"
        elif colon:
            fields.append((name.strip(), value.strip()))
    return Headers(fields)
