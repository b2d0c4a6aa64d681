"""The one thread that writes: an urgent lane, a bulk lane, and one commit for what waits together.

Urgent writes (claims, moves) go first and share a commit; a bulk write (a slice of a big job) has
a commit to itself, and lets the urgent ones by before the next, and those that follow them at once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from math import inf
from typing import Any, TypeVar

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.store.access import Transactions, Unwritten
from vqd.store.calm import Calm
from vqd.store.rows import Connection

T = TypeVar("T")
Write = Callable[[Connection], T]
_Asked = tuple[Write[Any], Future[Any]]

GROUP_LIMIT = 64
SAID_AGAIN_S = 600.0
"""How long the log is silent about further commits that do not come about."""

_log = structlog.get_logger(__name__)


def _nothing() -> None:
    """Do nothing about a queue that is written no more."""


@frozen
class _Group:
    """Writes that share a commit."""

    writes: Sequence[_Asked]
    is_bulk: bool


class Writer:
    """Carries out writes in order, each whole or not at all. A commit is durable on return.

    After a fault that no second try mends, above all a failed sync, of which nobody knows what it
    left on the disk, nothing more is written, and `on_failure` is called, once. Every urgent write
    disturbs the `calm`.
    """

    def __init__(
        self, transactions: Transactions, *, on_failure: Callable[[], None] = _nothing
    ) -> None:
        self._transactions = transactions
        self._on_failure = on_failure
        self._fault: Unwritten | None = None
        self._urgent: deque[_Asked] = deque()
        self._bulk: deque[_Asked] = deque()
        self._filled = threading.Condition()
        self._closing = False
        self._said_at = -inf
        self.calm = Calm()
        self._bulk_at = 0.0
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
        self._transactions.interrupt()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._commit(group.writes)
            if group.is_bulk:
                self._bulk_at = time.monotonic()
            else:
                self.calm.disturb()

    def _next_group(self) -> _Group | None:
        with self._filled:
            self._filled.wait_for(lambda: self._urgent or self._bulk or self._closing)
            if self._bulk:
                calm_in_s = self.calm.in_s(self._bulk_at)
                self._filled.wait_for(lambda: self._urgent or self._closing, calm_in_s)
            if self._urgent:
                count = min(len(self._urgent), GROUP_LIMIT)
                return _Group([self._urgent.popleft() for _ in range(count)], is_bulk=False)
            return _Group([self._bulk.popleft()], is_bulk=True) if self._bulk else None

    def _commit(self, group: Sequence[_Asked]) -> None:
        try:
            settled = self._written(group)
        except Unwritten as unwritten:
            for _, future in group:
                future.set_exception(_again(unwritten))
            return
        for settle in settled:
            settle()

    def _written(self, group: Sequence[_Asked]) -> list[Callable[[], None]]:
        """Commit a group; gives what lets those who wait for it know."""
        if self._fault is not None:
            raise _again(self._fault)
        try:
            self._transactions.begin()
            settled = [self._carry_out(write, future) for write, future in group]
            self._transactions.commit()
        except Unwritten as unwritten:
            self._transactions.roll_back()
            self._note(unwritten)
            raise
        return settled

    def _note(self, unwritten: Unwritten) -> None:
        """Log that a commit did not come about, of many that may yet, one; and if none will from
        now on, see to that."""
        now = time.monotonic()
        if not unwritten.may_pass or now - self._said_at >= SAID_AGAIN_S:
            self._said_at = now
            _log.error("queue.unwritten", said=str(unwritten))
        if not unwritten.may_pass:
            self._fault = unwritten
            self._on_failure()

    def _carry_out(self, write: Write[Any], future: Future[Any]) -> Callable[[], None]:
        self._transactions.begin_write()
        try:
            value = write(self._transactions.connection)
            self._transactions.end_write()
        except Unwritten:
            raise
        except Exception as error:  # noqa: BLE001 - told to who asked for the write
            self._transactions.undo_write(error)
            return partial(future.set_exception, error)
        return partial(future.set_result, value)


def _again(unwritten: Unwritten) -> Unwritten:
    """Give the same once more: each thread that raises it has its own."""
    return Unwritten(unwritten.code, unwritten.message, unwritten.hint)
