"""Hints from the kernel that something happened; a hint may be late, doubled or lost.

One thread of watchdog's reads one inotify queue for any number of folders. Its observers are not
used: they take a thread for every folder, hold each rename back for half a second to find its other
half, and may spin after an overflow (watchdog 7.1, inotify_move_event_grouper.py).
"""

import errno
import os
from itertools import count
from pathlib import Path
from typing import Protocol

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from vqd.domain.frozen import frozen


@frozen
class Hint:
    """Something happened to this path; `renamed`: it arrived by rename.

    `is_folder`: a folder came or went.
    """

    path: Path
    renamed: bool = False
    is_folder: bool = False


def below(path: Path, folder: Path) -> tuple[str, ...] | None:
    """Give the names that lead from a folder to a path, none to itself; None if it is elsewhere.

    `Path.relative_to` takes ten times as long, and of 5,000 job files come 60,000 hints.
    """
    parts, of_folder = path.parts, folder.parts
    depth = len(of_folder)
    return parts[depth:] if parts[:depth] == of_folder else None


class Listener(Protocol):
    """Who is told; on the thread that reads the queue."""

    def on_hint(self, hint: Hint) -> None:
        """Hear of something that happened in a watched folder."""

    def on_gone(self, folder: Path) -> None:
        """Hear that a watched folder was deleted, renamed or unmounted: no more comes of it."""

    def on_overflow(self) -> None:
        """Hear that hints were lost, nobody knows which."""


# Without open and close-without-writing, which are most of what an inotify queue overflows of, and
# without what leaves a folder by rename: every claim does. That a folder itself is gone the kernel
# tells in any case (IN_IGNORED).
_MASK = Mask(
    InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
)


class Hints:
    """Watches folders, each on its own and not what lies below it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._numbers = count(1)
        self._watches: dict[Path, tuple[WatchDescriptor, CallbackId]] = {}
        self._inotify = InotifyFD()
        self._inotify.start()

    def watch(self, folder: Path) -> None:
        """Begin to watch a folder.

        Raises:
            OSError: the kernel has no watch left, or the folder is gone or cannot be read.
        """
        self.forget(folder)
        number = CallbackId(next(self._numbers))
        watched = _Watched(folder, self._listener)
        descriptor = self._inotify.add_callback(os.fsencode(folder), _MASK, watched, number)
        self._watches[folder] = (descriptor, number)
        if descriptor < 0:  # which watchdog does not say of a folder that may not be read
            self.forget(folder)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def forget(self, folder: Path) -> None:
        """Watch a folder no more."""
        watch = self._watches.pop(folder, None)
        if watch is not None:
            self._inotify.remove_callbacks([watch])

    @property
    def is_alive(self) -> bool:
        """Tell whether the thread that brings hints still runs."""
        return self._inotify.is_alive()

    def stop(self) -> None:
        """End the thread."""
        for folder in list(self._watches):
            self.forget(folder)
        self._inotify.stop()
        self._inotify.join()


class _Watched:
    """What watchdog calls for one folder."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        self._folder = folder
        self._listener = listener

    def on_event(self, event: InotifyEvent) -> None:
        if event.name:
            path = self._folder / os.fsdecode(event.name)
            is_folder = bool(event.mask & InotifyConstants.IN_ISDIR)
            self._listener.on_hint(Hint(path, renamed=event.is_moved_to, is_folder=is_folder))
        else:
            self._listener.on_gone(self._folder)

    def on_watch_deleted(self, _descriptor: WatchDescriptor) -> None:
        self._listener.on_gone(self._folder)

    def on_queue_overflow(self) -> None:
        self._listener.on_overflow()
