"""The one thread that writes: an urgent lane, a bulk lane, and one commit for what waits together.

Urgent writes (claims, moves) go first and share a commit; a bulk write (a slice of a big job) has
a commit to itself, and lets the urgent ones by before the next.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from math import inf
from typing import Any, TypeVar

import structlog

from vqd.domain.errors import STORE_DISK, VqdError
from vqd.store.connection import DAMAGED_HINT

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]

GROUP_LIMIT = 64
SAID_AGAIN_S = 600.0
"""How long the log is silent about further commits that do not come about."""

_log = structlog.get_logger(__name__)


class Writer:
    """Carries out writes in order, each whole or not at all. A commit is durable on return."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._urgent: deque[tuple[Write[Any], Future[Any]]] = deque()
        self._bulk: deque[tuple[Write[Any], Future[Any]]] = deque()
        self._filled = threading.Condition()
        self._closing = False
        self._said_at = -inf
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, write: Write[T], *, bulk: bool = False) -> T:
        """Carry out one write and wait until it is committed.

        Raises:
            VqdError: `store_closed`; and whatever `write` raises, its changes undone.
        """
        return self.ask(write, bulk=bulk).result()

    def ask(self, write: Write[T], *, bulk: bool = False) -> Future[T]:
        """Let a write be carried out; what is asked for meanwhile may share its commit.

        Raises:
            VqdError: `store_closed`.
        """
        future: Future[T] = Future()
        with self._filled:
            if self._closing:
                raise VqdError("store_closed", "The queue is closed.")
            (self._bulk if bulk else self._urgent).append((write, future))
            self._filled.notify()
        return future

    def close(self) -> None:
        """Finish what was asked for, then end the thread. The connection stays the caller's."""
        with self._filled:
            self._closing = True
            self._filled.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._commit(group)

    def _next_group(self) -> list[tuple[Write[Any], Future[Any]]]:
        with self._filled:
            self._filled.wait_for(lambda: self._urgent or self._bulk or self._closing)
            if self._urgent:
                return [self._urgent.popleft() for _ in range(min(len(self._urgent), GROUP_LIMIT))]
            return [self._bulk.popleft()] if self._bulk else []

    def _commit(self, group: list[tuple[Write[Any], Future[Any]]]) -> None:
        settled: list[Callable[[], None]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            settled = [self._carry_out(write, future) for write, future in group]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            self._say(_unwritten(error))
            for _, future in group:
                future.set_exception(_unwritten(error))
            return
        for settle in settled:
            settle()

    def _carry_out(self, write: Write[Any], future: Future[Any]) -> Callable[[], None]:
        self._connection.execute("SAVEPOINT one")
        try:
            value = write(self._connection)
        except Exception as error:
            if _has_no_room(error):
                raise  # nothing of this commit comes about
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            return lambda raised=error: future.set_exception(raised)  # type: ignore[misc]
        self._connection.execute("RELEASE one")
        return lambda: future.set_result(value)

    def _say(self, unwritten: VqdError) -> None:
        """Log that a commit did not come about; of many, one."""
        now = time.monotonic()
        if now - self._said_at >= SAID_AGAIN_S:
            self._said_at = now
            _log.error("queue.unwritten", said=str(unwritten))

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _unwritten(error: sqlite3.Error) -> VqdError:
    said, name = f"The queue cannot be written: {error}", _name_of(error)
    if _has_no_room(error):
        return VqdError(STORE_DISK, f"{said}.", "Make room where state_dir lies.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return VqdError("store_damaged", f"{said}.", DAMAGED_HINT)
    return VqdError("store_unwritten", f"{said} ({name}).", "Check the disk of state_dir.")


def _has_no_room(error: Exception) -> bool:
    return _name_of(error) in _NO_ROOM


def _name_of(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", None) or ""


_NO_ROOM = frozenset(
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"}
)
"""No room, a quota, or a disk that is read-only now. Others are faults of the disk: after a failed
fsync nobody knows what is written (SQLITE_IOERR_FSYNC)."""
