"""Cheap looks at one folder's entries, where no event tells of what happens there.

A look reads the names, and the times of the folders among them: a file that is put into one
changes it. What files hold is looked at elsewhere, while a drop settles.
"""

import os
import time
from pathlib import Path

LOOK_EVERY_S = 2.0
LONGEST_LOOK_EVERY_S = 5.0
_LESS_OFTEN = 1.25
"""How much longer each pause is than the one before, while nothing changes."""
_SHARE_OF_A_CORE = 0.005
"""What looks at one folder may take, however many entries it has."""
_FILE, _OTHER = -1, -2


class Polling:
    """Compares each look at a folder with the one before."""

    def __init__(self, folder: Path, *, look_every_s: float, now: float) -> None:
        """Begin with what lies there.

        Raises:
            OSError: the folder cannot be read.
        """
        self._folder = folder
        self._look_every_s = look_every_s
        self._pause_s = look_every_s
        self._entries = _entries(folder)
        self.due_at = now + look_every_s

    def changes(self, now: float) -> list[Path]:
        """Look, and give what came, went, or is a folder in which something did.

        Raises:
            OSError: the folder cannot be read.
        """
        began_s = time.thread_time()
        before, self._entries = self._entries, _entries(self._folder)
        changed = {name for name, _ in before.items() ^ self._entries.items()}
        self._pause_s = self._next_pause_s(is_quiet=not changed)
        cost_s = time.thread_time() - began_s
        self.due_at = now + max(self._pause_s, cost_s / _SHARE_OF_A_CORE)
        return [self._folder / name for name in sorted(changed)]

    def _next_pause_s(self, *, is_quiet: bool) -> float:
        if not is_quiet:
            return self._look_every_s
        longest_s = self._look_every_s * LONGEST_LOOK_EVERY_S / LOOK_EVERY_S
        return min(self._pause_s * _LESS_OFTEN, longest_s)


def _entries(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as entries:
        return {entry.name: _sign(entry) for entry in entries}


def _sign(entry: os.DirEntry[str]) -> int:
    """Give a folder's time of change, in ns; and for all else, what kind it is."""
    if entry.is_file(follow_symlinks=False):
        return _FILE
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
        return entry.stat(follow_symlinks=False).st_mtime_ns if is_folder else _OTHER
    except FileNotFoundError:
        return _OTHER
