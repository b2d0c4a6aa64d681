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
from contextlib import suppress
from math import inf
from typing import Any, TypeVar

import structlog

from vqd.domain.errors import STORE_DISK, STORE_LOCKED, VqdError
from vqd.store.connection import DAMAGED_HINT, is_damage, is_of_file, name_of

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]

GROUP_LIMIT = 64
SAID_AGAIN_S = 600.0
"""How long the log is silent about further commits that do not come about."""

_log = structlog.get_logger(__name__)


def _nothing() -> None:
    """Do nothing about a queue that is written no more, and require nothing of it."""


class Writer:
    """Carries out writes in order, each whole or not at all. A commit is durable on return.

    After a fault that no second try mends, above all a failed sync, of which nobody knows what it
    left on the disk, nothing more is written, and `on_failure` is called, once. `require` is called
    before each commit, and raises where that would go astray.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        require: Callable[[], None] = _nothing,
        on_failure: Callable[[], None] = _nothing,
    ) -> None:
        self._connection = connection
        self._require = require
        self._on_failure = on_failure
        self._fault: VqdError | None = None
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
            VqdError: `store_closed`; why nothing was written; and whatever `write` raises, its
                changes undone.
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
        try:
            settled = self._written(group)
        except VqdError as unwritten:
            for _, future in group:
                future.set_exception(unwritten)
            return
        for settle in settled:
            settle()

    def _written(self, group: list[tuple[Write[Any], Future[Any]]]) -> list[Callable[[], None]]:
        """Commit a group; gives what lets those who wait for it know."""
        if self._fault is not None:
            raise self._fault
        try:
            self._require()
            self._connection.execute("BEGIN IMMEDIATE")
            settled = [self._carry_out(write, future) for write, future in group]
            self._connection.execute("COMMIT")
        except VqdError as error:
            raise self._told(error) from error
        except sqlite3.Error as error:
            self._undo()
            raise self._told(_unwritten(error)) from error
        return settled

    def _told(self, unwritten: VqdError) -> VqdError:
        """Log that a commit did not come about, of many that may yet, one; and if none will from
        now on, see to that."""
        now = time.monotonic()
        if not unwritten.may_pass or now - self._said_at >= SAID_AGAIN_S:
            self._said_at = now
            _log.error("queue.unwritten", said=str(unwritten))
        if not unwritten.may_pass:
            self._fault = unwritten
            self._on_failure()
        return unwritten

    def _carry_out(self, write: Write[Any], future: Future[Any]) -> Callable[[], None]:
        self._connection.execute("SAVEPOINT one")
        try:
            value = write(self._connection)
        except Exception as error:
            if is_of_file(error):
                raise  # nothing of this commit comes about
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            return lambda raised=error: future.set_exception(raised)  # type: ignore[misc]
        self._connection.execute("RELEASE one")
        return lambda: future.set_result(value)

    def _undo(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # of the same fault: what was begun is never committed
                self._connection.execute("ROLLBACK")


def _unwritten(error: sqlite3.Error) -> VqdError:
    said, name = f"The queue cannot be written: {error}", name_of(error)
    if name in _NO_ROOM:
        return VqdError(STORE_DISK, f"{said}.", "Make room where state_dir lies.")
    if name.startswith("SQLITE_BUSY"):
        return VqdError(STORE_LOCKED, f"{said}.", "End what has queue.db open, or wait for it.")
    if is_damage(error):
        return VqdError("store_damaged", f"{said}.", DAMAGED_HINT)
    hint = "Check the disk of state_dir, and the rights of what lies there."
    return VqdError("store_unwritten", f"{said} ({name}).", hint)


_NO_ROOM = frozenset(
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"}
)
"""No room, a quota, or a disk that is read-only now. Others are faults of the disk: after a failed
fsync nobody knows what is written (SQLITE_IOERR_FSYNC)."""
