"""Copying what lies on another file system, a piece at a time, and durably."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from vqd.documents.opening import opened
from vqd.spool.space import require_room

_PIECE_BYTES = 8 << 20


def check_room(source: Path, target: Path) -> None:
    """Do nothing if everything in a folder has room where another lies.

    Raises:
        OSError: ENOSPC, before anything is copied in vain.
    """
    paths = (Path(folder, name) for folder, _, names in os.walk(source) for name in names)
    require_room(target, sum(path.lstat().st_size for path in paths))


def copy_tree(source: Path, target: Path) -> Iterator[None]:
    """Copy everything in a folder into another that is there and empty; yields between pieces.

    A link is copied as a link, which no job follows; fifos, sockets and devices are left out.

    Raises:
        OSError: something cannot be read or written.
    """
    with os.scandir(source) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        original, copy = source / name, target / name
        mode = original.lstat().st_mode
        if stat.S_ISDIR(mode):
            copy.mkdir()
            yield from copy_tree(original, copy)
        elif stat.S_ISLNK(mode):
            copy.symlink_to(original.readlink())
        elif stat.S_ISREG(mode):
            yield from _copy_file(original, copy)


def _copy_file(source: Path, target: Path) -> Iterator[None]:
    with opened(source) as original, target.open("xb") as copy:
        facts = os.fstat(original.fileno())
        while piece := original.read(_PIECE_BYTES):
            copy.write(piece)
            yield
        copy.flush()
        os.utime(copy.fileno(), ns=(facts.st_atime_ns, facts.st_mtime_ns))
        os.fsync(copy.fileno())
    yield
