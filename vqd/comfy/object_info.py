"""A server's `/object_info`: every node class it has, fetched into a file and read one by one.

It may be many megabytes where a server has thousands of models, and each class is read by itself,
so that neither memory nor the other threads feel it.
"""

import hashlib
import mmap
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, Any

from vqd.comfy.faults import NotComfy, Oversized, Unreachable
from vqd.comfy.gateway import is_page, require_no_page
from vqd.comfy.reply import Reply
from vqd.comfy.wire import MIB, Wire, parsed, pour

MOST_BYTES = 64 * MIB
MOST_ENTRY_BYTES = 8 * MIB
"""Of one class: parsing it holds up the other threads, for about 60 ms at this size."""
MOST_S = 300.0
_DEEPEST = 64
_IS_IT = "Is it ComfyUI's URL?"


class ObjectInfo:
    """What a server answered. `sha256` is the hash of the whole, to compare with another time."""

    def __init__(self, text: mmap.mmap, sha256: str, said: str) -> None:
        self.sha256 = sha256
        self._text = text
        self._said = said

    def entries(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give each class with its entry, in the server's order; what describes none is left out.

        Raises:
            NotComfy: it is broken, or describes no class at all. Oversized: one class is.
        """
        classes = 0
        for name, text in _members(self._text, self._said):
            if len(text) > MOST_ENTRY_BYTES:
                said = f"more than {MOST_ENTRY_BYTES // MIB} MiB about {self._parsed(name)}"
                raise Oversized(f"{self._said} answered {said}.")
            entry = self._parsed(text)
            if isinstance(entry, dict) and isinstance(entry.get("input"), dict):
                classes += 1
                yield str(self._parsed(name)), entry
        if not classes:
            raise NotComfy(f"{self._said} describes no node class.", _IS_IT)

    def _parsed(self, text: bytes) -> Any:
        try:
            return parsed(text)
        except ValueError:
            raise _broken(self._said) from None


@contextmanager
def fetched(wire: Wire) -> Iterator[ObjectInfo]:
    """Give what the server answers to `/object_info` now.

    Raises:
        Unreachable: no answer, or it was not whole within five minutes. NotComfy, Truncated.
        Oversized: more than 64 MiB. OSError: there is no room for it here.
    """
    said = f"GET {wire.address}/object_info"
    with tempfile.TemporaryFile(prefix="vqd-") as file:
        with wire.answering("GET", "/object_info") as reply:
            if reply.status != HTTPStatus.OK:
                raise _refused(reply.status, said)
            if is_page(reply.headers):
                require_no_page(reply.status, said, "a page")
            sha256 = _pour_bounded(reply, file, said)
        if not file.tell():
            raise _broken(said)
        file.flush()
        # Closing it would fail while somebody is reading it; it goes when nobody is.
        text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        yield ObjectInfo(text, sha256, said)


def _pour_bounded(reply: Reply, file: IO[bytes], said: str) -> str:
    digest = hashlib.sha256()
    until = time.monotonic() + MOST_S

    def take(chunk: bytes) -> None:
        if file.tell() + len(chunk) > MOST_BYTES:
            raise Oversized(f"{said} answered with more than {MOST_BYTES // MIB} MiB.")
        if time.monotonic() > until:
            raise Unreachable(f"{said} was not answered whole within {MOST_S:.0f} s.")
        digest.update(chunk)
        file.write(chunk)

    pour(reply, take, said)
    return digest.hexdigest()


_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)
_QUOTE, _OPENING = ord('"'), b"{["


def _members(text: mmap.mmap, said: str) -> Iterator[tuple[bytes, bytes]]:
    """Give the name and the value of each member of a JSON object that is an object or a list.

    Raises:
        NotComfy: it is no such thing, or its brackets do not match.
    """
    name, start, depth = b"", 0, 0
    if text[:64].lstrip()[:1] != b"{":
        raise _broken(said)
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first == _QUOTE:
            name = token[0] if depth == 1 else name
        elif first in _OPENING:
            depth += 1
            start = token.start() if depth == 2 else start
        else:
            depth -= 1
            if depth == 1:
                yield name, text[start : token.end()]
        if not 0 < depth <= _DEEPEST:
            break
    if depth:
        raise _broken(said)


def _broken(said: str) -> NotComfy:
    return NotComfy(f"{said} answered with JSON that is broken, or none.", _IS_IT)


def _refused(status: int, said: str) -> NotComfy | Unreachable:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"{said} answered {status}.", "Its log says why.")
    return NotComfy(f"{said} answered {status}.", _IS_IT)
