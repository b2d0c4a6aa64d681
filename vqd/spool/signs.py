"""The signs of files: by them is told, without reading one, that it holds what it held."""

import os
from pathlib import Path

from vqd.domain.times import iso


class Signs:
    """Signs the files in a job's folder, each once: as long as the sign of one is the same, it need
    not be read to know that it holds what it held.

    A sign is the inode and its last change (stat(2), st_ctime): that changes with whatever is
    written to the file, with every rename of it, and cannot be set back; moving its folder does not
    change it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signs: dict[str, str | None] = {}

    def of(self, path: str, bytes_: int, modified_at: str | None) -> str | None:
        """Give the sign of a file that has this size and this mtime still; None if it has not."""
        if path not in self._signs:
            self._signs[path] = self._look(path, bytes_, modified_at)
        return self._signs[path]

    def _look(self, path: str, bytes_: int, modified_at: str | None) -> str | None:
        try:
            facts = (self._folder / path).stat(follow_symlinks=False)
        except OSError:
            return None
        is_same = facts.st_size == bytes_ and mtime(facts) == modified_at
        return sign(facts) if is_same else None


def sign(facts: os.stat_result) -> str:
    """Give the sign of a file."""
    return f"{facts.st_ino}-{facts.st_ctime_ns}"


def mtime(facts: os.stat_result) -> str:
    """Give the mtime of a file as ISO 8601, UTC."""
    return iso(facts.st_mtime) or ""
