"""Whether the file of the queue is still the one that was opened, and not another in its place.

Whoever moves another file there while the daemon runs leaves it with one that has no name: what it
writes is lost at its end, and its write-ahead log would be taken for that of the other. What it
cannot know: a file that is written over in place, as `cp` does.
"""

from pathlib import Path


class HeldFile:
    """The file at `path` as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = _file_at(path)

    def is_held(self) -> bool:
        """Tell whether that file is still there; one system call."""
        return _file_at(self._path) == self._held


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
