"""Whether the file of the queue is still the one that was opened, and not another in its place.

Whoever moves another file there while the daemon runs leaves it with one that has no name: what it
writes is lost at its end, and its write-ahead log would be taken for that of the other. What it
cannot know: a file that is written over in place, as `cp` does.
"""

from pathlib import Path


class HeldFile:
    """The file at `path` as it is now.

    Raises:
        OSError: it cannot be told.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = _identity(path)

    def is_held(self) -> bool:
        """Tell whether that file is still there, or nobody can tell; one system call."""
        try:
            return _identity(self._path) == self._held
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True


def _identity(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_dev, facts.st_ino
