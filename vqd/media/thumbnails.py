"""Thumbnails kept by what they are of: by the hash of a file's content, whatever its name.

    FOLDER/ab/abcdef…/large_640x400_34512_whole.jpg     size, pixels, bytes, as many as the original
    FOLDER/cd/cdef01…/large+medium_300x200_9000.png     one that is small enough for two sizes

All of one content appear by one rename. The folder is a cache: it is bounded, what was not used
for longest goes first, and any of it may be deleted at any time. What a power cut left half is told
by the number of bytes in its name, and not used.
"""

import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Final

from vqd.domain.frozen import frozen
from vqd.media.apart import Thumbnail, thumbnails
from vqd.media.thumbnail import SIZES

MOST_BYTES: Final = 1_000_000_000
"""What is kept altogether, on most file systems some more."""

_LEFT_SHARE: Final = 0.8  # of the bound, after trimming
_LOOK_SHARE: Final = 0.05  # of the bound, that is added before anybody looks again
_ORDER: Final = {size.name: place for place, size in enumerate(SIZES)}
_SHA256: Final = re.compile("[0-9a-f]{64}")
_NAME: Final = re.compile(
    r"(?P<sizes>[a-z+]+)_(?P<width>\d{1,5})x(?P<height>\d{1,5})_(?P<bytes>\d{1,9})(?P<whole>_whole)?"
    r"\.(?P<format>jpeg|png|webp)"
)


class Thumbnails:
    """Keeps thumbnails in `folder`, or only reads them. Threads may use one, and processes one
    folder."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES, keeps: bool = True) -> None:
        self._folder = folder
        self._keeps = keeps
        self._most_bytes = most_bytes
        self._unlooked_bytes = most_bytes
        self._turns = count(1)
        self._lock = threading.Lock()
        self._making: set[str] = set()
        self._made = threading.Condition()

    def get(self, sha256: str, size: str = "medium") -> Path | None:
        """Give the file with the thumbnail of this size, for who serves it; None if there is none.

        See `vqd.media.thumbnail.SIZES`. It may be gone when it is opened.
        """
        for path in self._files(sha256):
            if (named := _NAME.fullmatch(path.name)) and size in named["sizes"].split("+"):
                return path
        return None

    def read(self, sha256: str) -> tuple[Thumbnail, ...]:
        """Give the thumbnails of a content, the largest first; none if it has none here."""
        with suppress(OSError):
            made = [*map(_read, self._files(sha256))]
            if all(made):
                whole = chain.from_iterable(made)
                return tuple(sorted(whole, key=lambda one: _ORDER.get(one.size, len(_ORDER))))
        return ()

    def make(self, path: Path, sha256: str, *, below: Path) -> tuple[Thumbnail, ...]:
        """Give the thumbnails of the file at `path`, of which `sha256` is the hash, and keep them.

        Those that are kept are not made, and no two threads make the same. A cache that cannot be
        written keeps nothing.

        Raises:
            Undecodable, OSError, ValueError: as `thumbnails` in `vqd.media.apart`.
        """
        with self._turn(sha256):
            if kept := self.read(sha256):
                return kept
            made = thumbnails(path, below=below)
            with suppress(OSError):
                self._keep(sha256, made)
            return made

    def trim(self) -> None:
        """Take away what was not used for longest, if there is more than may be kept.

        Cost: a walk through all of it, once for each twentieth of the bound that was added.
        """
        with self._lock:
            if self._unlooked_bytes < _LOOK_SHARE * self._most_bytes:
                return
            self._unlooked_bytes = 0
        kept = sorted(self._kept(), key=lambda one: one.used_at)
        total = sum(one.bytes for one in kept)
        most = self._most_bytes if total <= self._most_bytes else _LEFT_SHARE * self._most_bytes
        for one in kept:
            if total <= most:
                break
            shutil.rmtree(one.folder, ignore_errors=True)
            total -= one.bytes

    @contextmanager
    def _turn(self, sha256: str) -> Iterator[None]:
        """Let one thread at a time see to a content."""
        with self._made:
            self._made.wait_for(lambda: sha256 not in self._making)
            self._making.add(sha256)
        try:
            yield
        finally:
            with self._made:
                self._making.discard(sha256)
                self._made.notify_all()

    def _home(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _files(self, sha256: str) -> list[Path]:
        if not _SHA256.fullmatch(sha256):
            return []
        home = self._home(sha256)
        with suppress(OSError):
            paths = [home / name for name in os.listdir(home)]  # noqa: PTH208 - three times as fast
            os.utime(home)
            return paths
        return []

    def _keep(self, sha256: str, made: Sequence[Thumbnail]) -> None:
        if not self._keeps or not _SHA256.fullmatch(sha256):
            return
        home = self._home(sha256)
        unnamed = home.with_name(f".{os.getpid()}-{next(self._turns)}")
        unnamed.mkdir(parents=True)
        try:
            for name, data in _named(made).items():
                (unnamed / name).write_bytes(data)
            if home.exists():  # half of it went, or somebody was faster
                shutil.rmtree(home, ignore_errors=True)
            unnamed.rename(home)
        finally:
            shutil.rmtree(unnamed, ignore_errors=True)
        with self._lock:
            self._unlooked_bytes += sum(len(one.data) for one in made)

    def _kept(self) -> "Iterator[_Kept]":
        for home in self._folder.glob("??/*"):
            with suppress(OSError):
                bytes_ = sum(path.lstat().st_size for path in home.iterdir())
                yield _Kept(home, bytes_, home.lstat().st_mtime)


@frozen
class _Kept:
    folder: Path
    bytes: int
    used_at: float


def _named(made: Iterable[Thumbnail]) -> dict[str, bytes]:
    """Give each picture once, under a name that tells of all its sizes."""
    sizes: dict[tuple[str, bytes], list[str]] = {}
    for one in made:
        whole = "_whole" if one.is_whole else ""
        rest = f"{one.width}x{one.height}_{len(one.data)}{whole}.{one.mime.removeprefix('image/')}"
        sizes.setdefault((rest, one.data), []).append(one.size)
    return {f"{'+'.join(names)}_{rest}": data for (rest, data), names in sizes.items()}


def _read(path: Path) -> list[Thumbnail]:
    """Give the thumbnails that a file is; none if it is none, or not whole."""
    named = _NAME.fullmatch(path.name)
    data = path.read_bytes() if named else b""
    if named is None or len(data) != int(named["bytes"]):
        return []
    return [
        Thumbnail(
            size=size,
            mime=f"image/{named['format']}",
            data=data,
            width=int(named["width"]),
            height=int(named["height"]),
            is_whole=named["whole"] is not None,
        )
        for size in named["sizes"].split("+")
    ]
