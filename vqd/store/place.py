"""Whether the file of the queue is still the one that was opened, and not another in its place.

Whoever moves another file there while the daemon runs leaves it with one that has no name: what it
writes is lost at its end, and its write-ahead log would be taken for that of the other. What it
cannot know: a file that is written over in place, as `cp` does.
"""

from pathlib import Path

from vqd.domain.errors import VqdError


class Place:
    """The file at `path` as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = _file_at(path)

    def is_held(self) -> bool:
        """Tell whether that file is still there; one system call."""
        return _file_at(self._path) == self._held

    def require(self) -> None:
        """Do nothing while that file is still there.

        Raises:
            VqdError: `store_replaced`.
        """
        if not self.is_held():
            raise VqdError(
                "store_replaced",
                f"{self._path} is gone, or another file is in its place, since it was opened.",
                "Start vqd again: it goes by what lies there then, and by the jobs' folders. Stop"
                " it before you put another queue there: vqd restore does that.",
            )


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
