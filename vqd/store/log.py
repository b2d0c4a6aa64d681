"""The write-ahead log: how large it is, and who keeps it from being begun anew.

SQLite writes it from the start again once everything in it is in the database and no reader needs
it (https://sqlite.org/wal.html). The writer sees to the first after every 1,000 pages. A reader
that does not end keeps the second from coming about, and the log grows by all that is written.
"""

import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path

import structlog

from vqd.domain.frozen import frozen

LARGE_BYTES = 256 << 20
"""A log larger than this is told of. Usually it has 4 MB, and some 100 after a very large job."""

SAID_AGAIN_S = 600.0
"""How long nothing more is said of a log that stays large."""

_LOCKS = Path("/proc/locks")
_READERS = range(123, 128)
"""The bytes of the -shm file that readers lock (https://sqlite.org/walformat.html, 2.3.1)."""

_log = structlog.get_logger(__name__)


class LogWatch:
    """Tells of the log of the queue at `path` when it is large. Any one thread may look."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._said_at = -inf

    def look(self) -> None:
        """Look at the log; two system calls."""
        size = log_bytes(self._path)
        now = self._clock()
        if size > LARGE_BYTES and now - self._said_at >= SAID_AGAIN_S:
            self._said_at = now
            read_by = [f"{one.pid} ({one.name})" for one in readers_of(self._path)]
            _log.warning("queue.log_large", bytes=size, read_by=read_by)


def log_bytes(path: Path) -> int:
    """Give the size of the log of the queue at `path`; 0 where there is none."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


@frozen
class LogReader:
    """A process that reads the queue."""

    pid: int
    name: str


def readers_of(path: Path) -> list[LogReader]:
    """Give the processes that read the queue at `path` now; none where the kernel does not say
    (proc_locks(5))."""
    try:
        inode = path.with_name(f"{path.name}-shm").stat().st_ino
        locks = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    return [LogReader(pid, _name_of(pid)) for pid in sorted(set(_holders(locks, inode)))]


def _holders(locks: list[str], inode: int) -> Iterator[int]:
    for line in locks:
        parts = [part for part in line.split()[1:] if part != "->"]
        kind, _, how, pid, place, first, last = parts
        is_ours = kind == "POSIX" and how == "READ" and place.rpartition(":")[2] == str(inode)
        if is_ours and int(first) <= _READERS.stop - 1 and _READERS.start <= _end(last):
            yield int(pid)


def _end(last: str) -> int:
    return _READERS.stop if last == "EOF" else int(last)


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return "?"
