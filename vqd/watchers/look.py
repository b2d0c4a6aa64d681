"""Looking at a drop without touching it."""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vqd.spool.files import FOLDER
from vqd.watchers.settle import Look

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 64
"""How many folders one in another are looked into: no job is made of what lies deeper."""
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
        for entry in _walk(str(path), str(path), None, 0):
            facts = entry.facts
            times = (facts.st_mtime_ns, facts.st_ctime_ns)
            sign = (entry.path, facts.st_size, facts.st_blocks, *times, facts.st_ino)
            fingerprint = (fingerprint + hash(sign)) & 0xFFFF_FFFF_FFFF_FFFF
            if stat.S_ISREG(facts.st_mode):
                files += 1
                size_bytes += facts.st_size
                held = _either(held, is_held(entry.name, entry.above)) if has_leases else None
    return Look(fingerprint, files, size_bytes, held)


def is_held(path: str, above: int | None = None) -> bool | None:
    """Tell whether any process has the file open for writing; None where nobody can tell.

    By asking for a read lease, which the kernel refuses while there is a writer (fcntl(2),
    F_SETLEASE). It is right on local file systems only. `above` is the handle of the folder from
    which the path leads, if not the working folder.

    A writer that comes while the lease is held is told of by a signal, and waits for its end. It is
    a signal that does nothing: SIGIO, which is sent if no other is named, ends the process.
    """
    try:
        descriptor = os.open(path, _FILE, dir_fd=above)
    except OSError as error:
        return None if error.errno in _UNTOLD else False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN if error.errno not in _UNTOLD else None
    finally:
        os.close(descriptor)
    return False


class _Seen(NamedTuple):
    """An entry: its whole path, its name in the open folder `above`, and what stat(2) tells."""

    path: str
    name: str
    above: int | None
    facts: os.stat_result


def _walk(path: str, name: str, above: int | None, depth: int) -> Iterator[_Seen]:
    """Give an entry and all below it, each folder opened from the one above (openat(2)).

    So nothing is read through a link, not through one that takes a folder's place meanwhile.
    """
    try:
        facts = os.stat(name, dir_fd=above, follow_symlinks=False)
        yield _Seen(path, name, above, facts)
        if stat.S_ISDIR(facts.st_mode) and depth <= _DEEPEST:
            yield from _walk_in(path, name, above, depth)
    except OSError as error:
        if error.errno not in _GONE:
            raise


def _walk_in(path: str, name: str, above: int | None, depth: int) -> Iterator[_Seen]:
    handle = os.open(name, FOLDER, dir_fd=above)
    try:
        with os.scandir(handle) as inside:
            names = [child.name for child in inside]
        for child in names:
            yield from _walk(f"{path}/{child}", child, handle, depth + 1)
    finally:
        os.close(handle)


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False
