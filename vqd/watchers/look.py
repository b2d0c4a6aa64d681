"""Looking at a drop without touching it."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from vqd.watchers.settle import Look

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
"""What vanished; or lies deeper than a path can tell, of which no job is made."""
_UNTOLD = frozenset({errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOLCK, errno.ENOSYS})


def look_at(paths: Iterable[Path], *, has_leases: bool) -> Look:
    """Look at files and whole folders: sizes, blocks, times, inodes, and who writes.

    The time of change (ctime) is among them: a writer can set the other back, and a small file has
    its size and its blocks before its data.

    Memory does not grow with the number of files. What vanishes while being looked at changes the
    fingerprint and is no error. Without leases (`has_leases`) no file is opened, and nothing is
    known of writers.
    """
    fingerprint = files = size_bytes = 0
    held: bool | None = False if has_leases else None
    for path in paths:
        for entry, facts in _walk(path):
            times = (facts.st_mtime_ns, facts.st_ctime_ns)
            sign = (entry, facts.st_size, facts.st_blocks, *times, facts.st_ino)
            fingerprint = (fingerprint + hash(sign)) & 0xFFFF_FFFF_FFFF_FFFF
            if stat.S_ISREG(facts.st_mode):
                files += 1
                size_bytes += facts.st_size
                held = _either(held, is_held(entry)) if has_leases else None
    return Look(fingerprint, files, size_bytes, held)


def is_held(path: str) -> bool | None:
    """Tell whether any process has the file open for writing; None where nobody can tell.

    By asking for a read lease, which the kernel refuses while there is a writer (fcntl(2),
    F_SETLEASE). It is right on local file systems only.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return None if error.errno in _UNTOLD else False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN if error.errno not in _UNTOLD else None
    finally:
        os.close(descriptor)
    return False


def _walk(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    waiting = [str(path)]
    while waiting:
        entry = waiting.pop()
        try:
            facts = os.lstat(entry)
            yield entry, facts
            if stat.S_ISDIR(facts.st_mode):
                with os.scandir(entry) as inside:
                    waiting.extend(child.path for child in inside)
        except OSError as error:
            if error.errno not in _GONE:
                raise


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False
