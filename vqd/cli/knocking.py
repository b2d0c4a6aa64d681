"""Whether a share answers, found out by a process that may be left behind.

A thread that waits for a dead share keeps its process from ending: a request that FUSE has passed
on is waited for even when the process is killed (linux/fs/fuse/dev.c, request_wait_answer). So the
process that a person waits for looks at nothing before another one has.
"""

from __future__ import annotations

import math
import os
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ANSWERS_WITHIN_S = 5.0
"""So long a person waits for a share."""


_GOOD_FOR_S = 1.0
"""So long an answer counts: one verb asks several times."""
_HELD = 3
"""The descriptor by which the end of the other process is seen."""


class Door:
    """Folders that may lie on shares. While nobody answers there, nobody knocks again, or waits."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._knocking: tuple[int, int] | None = None
        self._answered_at = -math.inf

    def answers(self) -> bool:
        """Tell whether all of them can be looked into, or are not there, within a few seconds."""
        if time.monotonic() - self._answered_at < _GOOD_FOR_S:
            return True
        within_s = 0.0 if self._knocking else ANSWERS_WITHIN_S
        try:
            process, held = self._knocking = self._knocking or _look(self._folders)
        except FileNotFoundError:
            return True  # nobody is there who could knock
        ending = select.poll()
        ending.register(held)
        if not ending.poll(within_s * 1000):
            return False
        os.close(held)
        with suppress(ChildProcessError):  # whoever started this program ignores SIGCHLD
            os.waitpid(process, 0)
        self._knocking, self._answered_at = None, time.monotonic()
        return True


def _look(folders: Sequence[Path]) -> tuple[int, int]:
    """Begin to list folders, for nobody to read; gives the process, and what is closed at its end.

    Raises:
        FileNotFoundError: this machine has no `ls`.
    """
    reading, writing = os.pipe()
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(_HELD)]
    actions = [*nowhere, (os.POSIX_SPAWN_DUP2, writing, _HELD)]
    command = ["ls", "-lL", "--", *map(os.fspath, folders)]
    try:
        return os.posix_spawnp(command[0], command, os.environ, file_actions=actions), reading
    except FileNotFoundError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
