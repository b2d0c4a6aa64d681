"""Hints from the kernel that something happened; a hint may be late, doubled or lost."""

from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyFullEmitter, InotifyObserver
from watchdog.observers.inotify_c import InotifyConstants, Mask

OnHint = Callable[[Path, bool], None]
"""Gets the path that something happened to, and whether it arrived by rename."""

_ARRIVALS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileDeletedEvent,
]
# Without IN_MOVED_FROM: watchdog holds it, and every event behind it, for half a second to find its
# other half (watchdog 7.1, inotify_move_event_grouper.py), and each claim renames out of the inbox.
# Without open and close-without-writing: they are most of what an inotify queue overflows of.
_MASK = Mask(
    InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_DELETE_SELF
)


class Hints:
    """Watches folders for arrivals and tells of each."""

    def __init__(self, on_hint: OnHint) -> None:
        self._handler = _Handler(on_hint)
        self._observer = _Observer()
        self._observer.start()

    def watch(self, folder: Path) -> None:
        """Begin to watch a folder, not what lies below its folders.

        Recursive watches are not used: after a burst they may warn, die or spin (watchdog 7.1).

        Raises:
            OSError: the kernel has no watch left, or the folder is gone.
        """
        self._observer.schedule(self._handler, str(folder), event_filter=_ARRIVALS)

    @property
    def is_alive(self) -> bool:
        """Tell whether every thread that brings hints still runs."""
        return self._observer.is_alive() and all(
            emitter.is_alive() for emitter in self._observer.emitters
        )

    def stop(self) -> None:
        """End the threads."""
        self._observer.stop()
        self._observer.join()


class _Emitter(InotifyFullEmitter):
    def get_event_mask_from_filter(self) -> Mask:
        return _MASK


class _Observer(InotifyObserver):
    def __init__(self) -> None:
        super().__init__(generate_full_events=True)
        self._emitter_class = _Emitter


class _Handler(FileSystemEventHandler):
    def __init__(self, on_hint: OnHint) -> None:
        self._on_hint = on_hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        renamed = event.event_type == "moved"
        path = event.dest_path if renamed and event.dest_path else event.src_path
        self._on_hint(Path(str(path)), renamed)
