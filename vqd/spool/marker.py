"""The marker of a spool.

A share that goes away leaves an empty folder behind, into which nothing may be written: the marker
tells it from the spool, and a spool from every other.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.spool.files import write_whole

_NAME = ".vqd-spool"


class Marker:
    """The marker in a spool's root, with the content it was first seen with.

    A share may come back on another device, and still has that.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.path = root / _NAME
        self._sign: tuple[int, int, int] | None = None
        self._content: bytes | None = None

    @property
    def word(self) -> str:
        """Give what no other spool's marker says.

        Raises:
            OSError: it cannot be read. VqdError: `spool_unmarked`, it says nothing.
        """
        words = self.path.read_text(encoding="utf-8", errors="replace").split()
        if not words:
            said = f"{self.path} is empty, so that the spool is like any other."
            raise VqdError("spool_unmarked", said, "Write a word into it that no other has.")
        return words[-1]

    @property
    def identity(self) -> str:
        """Give what tells the spool from every other on this machine.

        Raises:
            OSError: it is away.
        """
        facts = self.path.stat()
        return f"{facts.st_dev}-{facts.st_ino}"

    def write_if_missing(self) -> None:
        """Mark the root as a spool.

        Raises:
            OSError: it cannot be written.
        """
        if not self.path.exists():
            write_whole(self.path, f"vqd spool {uuid.uuid4()}\n".encode())

    def why_away(self) -> str | None:
        """Say why this is not the spool that it was; None if it is."""
        try:
            sign = _sign(self.path.stat())
            if sign != self._sign and not self._is_same(sign):
                return "another spool is mounted there"
        except (FileNotFoundError, NotADirectoryError):
            return f"its marker {_NAME} is missing"
        except OSError as error:
            return f"its marker {_NAME} cannot be read: {error.strerror}"
        return None

    @contextmanager
    def opened_root(self) -> Iterator[int]:
        """Give a descriptor of the root in which the marker was seen last.

        Raises:
            VqdError: `spool_away`, it is another one by now. OSError: it cannot be opened.
        """
        root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if _sign(os.stat(_NAME, dir_fd=root)) != self._sign:
                raise VqdError("spool_away", f"{self._root}: another spool is mounted there.")
            yield root
        finally:
            os.close(root)

    def _is_same(self, sign: tuple[int, int, int]) -> bool:
        content = self.path.read_bytes()
        if self._content is None:
            self._content = content
        if content == self._content:
            self._sign = sign
        return content == self._content


def _sign(facts: os.stat_result) -> tuple[int, int, int]:
    """Give what tells a marker from that of another file system, which may get the same device."""
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns
