"""Tells of what happens in folders: by events where they come, else by cheap looks.

Both are hints and no more: what they miss, the rescan finds. A place is looked at by the clock as
well when the kernel has no watch left for all of the folders below it.
"""

import errno
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from vqd.domain.frozen import frozen
from vqd.domain.names import why_never_taken
from vqd.spool.files import listed
from vqd.spool.layout import OWN_FOLDER
from vqd.watchers.hints import Hint, Hints, below
from vqd.watchers.polling import LOOK_EVERY_S, Polling
from vqd.watchers.seeing import Seeing

MOST_WATCHES = 2000
"""Of the 8,192 or more that a user may have (inotify(7), max_user_watches)."""

_log = structlog.get_logger(__name__)


@frozen
class Place:
    """A folder, and down to how many levels the folders below it are watched, too."""

    folder: Path
    depth: int = 0

    def reaches(self, folder: Path) -> bool:
        """Tell whether a folder is one of those that are watched for this place."""
        names = below(folder, self.folder)
        if names is None or len(names) > self.depth:
            return False
        return not any(map(_is_passed_over, names))

    def inside(self, folder: Path) -> Sequence[Path]:
        """Give the folders in a watched one that are watched, too; none if it cannot be read."""
        if len(folder.relative_to(self.folder).parts) >= self.depth:
            return ()
        try:
            with os.scandir(folder) if folder == self.folder else listed(folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return ()
        return [folder / name for name in names if not _is_passed_over(name)]


class Lookout:
    """Keeps an eye on places, for one thread, which calls `keep` and `look`.

    `on_hint` and `on_loss` (hints were lost: look at everything) are called on any thread.
    """

    def __init__(
        self,
        seeing: Seeing,
        *,
        on_hint: Callable[[Hint], None],
        on_loss: Callable[[], None],
        most_watches: int = MOST_WATCHES,
    ) -> None:
        self._seeing = seeing
        self._on_hint = on_hint
        self._heard = _Heard(on_hint, on_loss)
        self._most_watches = most_watches
        self._places: Sequence[Place] = ()
        self._hints: Hints | None = None
        self._watched: dict[Path, tuple[int, int]] = {}
        self._polling: dict[Path, Polling] = {}
        self._is_silent = False

    def keep(self, places: Sequence[Place], now: float) -> None:
        """Look out at exactly these, anew at folders that were deleted and made again.

        `now` is monotonic seconds.
        """
        if self._heard.has_lost() or (self._hints is not None and not self._hints.is_alive):
            self.stop()
        self._places = places
        self._hear(now)
        for folder in self._watched:
            self._polling.pop(folder, None)
        kept = {place.folder for place in places if self._see(place.folder, now)}
        for place in places:
            kept.update(self._keep(place, place.folder, now))
        for folder in self._watched.keys() - kept:
            self._forget(folder)
        for folder in self._polling.keys() - kept:
            del self._polling[folder]

    def look(self, now: float) -> float | None:
        """Look at the polled folders that are due; gives the seconds until one is, or None."""
        self._hear(now)
        for folder, polling in list(self._polling.items()):
            if polling.due_at <= now:
                self._poll(folder, polling, now)
        return min((polling.due_at - now for polling in self._polling.values()), default=None)

    def counts(self) -> tuple[int, int]:
        """Count the folders of which the kernel tells, and those that are looked at by the clock.
        Any thread may ask."""
        return len(self._watched), len(self._polling)

    def stop(self) -> None:
        """Look out at nothing."""
        self._watched.clear()
        self._polling.clear()
        if self._hints is not None:
            self._hints.stop()
            self._hints = None

    def _hear(self, now: float) -> None:
        """Watch the folders that the kernel told of, and those no more that are gone."""
        gone, come = self._heard.taken()
        for folder in gone:
            self._forget(folder)
        for folder in come:
            for place in self._places:
                if place.reaches(folder):
                    self._keep(place, folder, now)

    def _keep(self, place: Place, top: Path, now: float) -> set[Path]:
        """See a folder of a place and those below it; gives what is seen, and the place's own."""
        kept = {place.folder}
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            if not self._see(folder, now):
                self._begin_polling(place.folder, now)
                break
            kept.add(folder)
            if folder in self._watched:
                waiting.extend(place.inside(folder))
        return kept

    def _see(self, folder: Path, now: float) -> bool:
        """Watch or poll a folder; False if the kernel has no watch left for it."""
        try:
            facts = folder.stat()
            if self._seeing.is_polled(folder.resolve() if folder.is_symlink() else folder):
                self._forget(folder)
                self._begin_polling(folder, now)
            elif self._watched.get(folder) != (facts.st_dev, facts.st_ino):
                self._watch(folder, facts)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return True  # gone since it was listed, or nobody's to read: no watch would help
        except OSError as error:
            if not self._is_silent:
                _log.warning("hints.unavailable", folder=str(folder), error=str(error))
            self._is_silent = True
            return False
        return True

    def _watch(self, folder: Path, facts: os.stat_result) -> None:
        self._forget(folder)
        if len(self._watched) >= self._most_watches:
            raise OSError(errno.ENOSPC, f"vqd watches {self._most_watches} folders already")
        if self._hints is None:
            self._hints = Hints(self._heard)
        self._hints.watch(folder)
        self._watched[folder] = (facts.st_dev, facts.st_ino)
        if not any(place.folder == folder for place in self._places):
            self._on_hint(Hint(folder))  # of what came before the watch

    def _forget(self, folder: Path) -> None:
        if self._watched.pop(folder, None) is not None and self._hints is not None:
            self._hints.forget(folder)

    def _begin_polling(self, folder: Path, now: float) -> None:
        if folder in self._polling:
            return
        with suppress(OSError):  # what cannot be read has nothing to tell; the rescan says why
            every_s = min(LOOK_EVERY_S, self._seeing.at(folder).settle_poll_s)
            self._polling[folder] = Polling(folder, look_every_s=every_s, now=now)

    def _poll(self, folder: Path, polling: Polling, now: float) -> None:
        try:
            changed = polling.changes(now)
        except OSError:
            del self._polling[folder]  # gone, or the share is away: the rescan finds out
            return
        for path in changed:
            self._on_hint(Hint(path))


class _Heard:
    """What the kernel told, kept until it is asked for; it comes on another thread."""

    def __init__(self, on_hint: Callable[[Hint], None], on_loss: Callable[[], None]) -> None:
        self._on_hint = on_hint
        self._on_loss = on_loss
        self._lock = threading.Lock()
        self._gone: set[Path] = set()
        self._come: set[Path] = set()
        self._has_lost = False

    def on_hint(self, hint: Hint) -> None:
        if hint.is_folder:
            with self._lock:
                self._come.add(hint.path)
        self._on_hint(hint)

    def on_gone(self, folder: Path) -> None:
        with self._lock:
            self._gone.add(folder)
        self._on_hint(Hint(folder, is_folder=True))

    def on_overflow(self) -> None:
        self._has_lost = True
        self._on_loss()

    def taken(self) -> tuple[set[Path], set[Path]]:
        """Give the folders that are gone and those that have come since this was asked last."""
        with self._lock:
            gone, self._gone = self._gone, set()
            come, self._come = self._come, set()
        return gone, come

    def has_lost(self) -> bool:
        """Tell whether hints were lost since this was asked last."""
        has_lost, self._has_lost = self._has_lost, False
        return has_lost


def _is_passed_over(name: str) -> bool:
    return name == OWN_FOLDER or why_never_taken(name) is not None
