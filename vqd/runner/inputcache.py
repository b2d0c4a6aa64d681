"""Inputs of other daemons' jobs, fetched from the depot: each content once, within bounds."""

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vqd.domain.depot import Content, content_name
from vqd.domain.errors import DEPOT_LACKS, VqdError
from vqd.runner.parcels import sha256_of
from vqd.spool.files import sync_file
from vqd.spool.space import require_room, space_at

if TYPE_CHECKING:
    from vqd.depot.depot import Depot


class InputCache:
    """Keeps what was fetched in a folder of its own, until there is too much of it, or no room for
    more: then what was used last goes last. What is in use stays. Any thread may use it."""

    def __init__(self, depot: "Depot", folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self._depot = depot
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._used: Counter[str] = Counter()
        self._fetching: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.part"):
            left.unlink()
        for path in sorted(folder.iterdir(), key=lambda one: one.stat().st_ctime):
            self._kept[path.name] = path.stat().st_size

    def take(self, home: str, content: Content, suffix: str = "") -> str:
        """Give what a content of a home is called in the folder; it stays there until it is given
        back.

        Raises:
            VqdError: `depot_away`; `depot_lacks`, it is not there, or not what it is called.
            OSError: there is no room for it.
        """
        name = f"{content.sha256}-{content.modified_ns}{suffix}"
        with self._lock:
            self._used[name] += 1
            fetching = self._fetching.setdefault(name, threading.Lock())
        try:
            with fetching:
                if not (self.folder / name).is_file():
                    self._fetch(home, content, self.folder / name)
        except BaseException:
            self.give_back([name])
            raise
        with self._lock:
            self._kept[name] = (self.folder / name).stat().st_size
            self._kept.move_to_end(name)
        return name

    def give_back(self, names: Iterable[str]) -> None:
        """Note that these are not in use any more, and make room."""
        with self._lock:
            self._used.subtract(names)
            self._used += Counter()  # forgets what nobody uses
            for name in [name for name in self._fetching if name not in self._used]:
                del self._fetching[name]
            self._let_go(sum(self._kept.values()) - self._most_bytes)

    def _let_go(self, bytes_: int) -> None:
        """Remove so much of what nobody uses; the lock is held."""
        for name in [name for name in self._kept if name not in self._used]:
            if bytes_ <= 0:
                break
            with suppress(FileNotFoundError):
                (self.folder / name).unlink()
            bytes_ -= self._kept.pop(name)

    def _fetch(self, home: str, content: Content, path: Path) -> None:
        stored = content_name(home, content.sha256)
        part = path.with_name(f"{path.name}.part")
        with self._lock:
            self._let_go(content.bytes - space_at(self.folder).free_bytes)
        require_room(self.folder, content.bytes)
        try:
            self._depot.fetch(stored, part)
            if sha256_of(part) != content.sha256:
                self._depot.remove([stored])  # its home puts it there again
                said = f"{stored} in the depot {self._depot.address} is not what it is called."
                raise VqdError(DEPOT_LACKS, said)
            os.utime(part, ns=(content.modified_ns, content.modified_ns))
            sync_file(part)  # or a power cut may leave the name, which is believed, without it
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
