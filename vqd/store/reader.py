"""Reading the queue, from its own process or beside the daemon; nothing here can write."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, Self, TypeVar

from vqd.domain.errors import VqdError
from vqd.store.connection import is_beyond_reading, is_of_file, open_for_reading, unopened
from vqd.store.joblist import JobList
from vqd.store.refusals import RefusalRows
from vqd.store.schema import check_version
from vqd.store.servers import ServerRows

S = TypeVar("S")


class Overlook:
    """The rows that tell of the queue at a glance, over one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.joblist = JobList(connection)
        self.servers = ServerRows(connection)
        self.refusals = RefusalRows(connection)


class Reader(Generic[S]):
    """Reads the queue by rows of one kind. Any thread may."""

    def __init__(self, path: Path, rows: Callable[[sqlite3.Connection], S]) -> None:
        self._path = path
        self._rows = rows
        self._idle: list[tuple[sqlite3.Connection, S]] = []
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[S]:
        """Give the rows of one consistent state of the queue.

        Raises:
            VqdError: `store_missing`, `store_too_old` and the like; `store_damaged` or
                `store_unopened` where the file cannot be read, which may show only within the
                block.
        """
        with self._telling_of_file():
            connection, rows = self._borrow()
            try:
                connection.execute("BEGIN")
                yield rows
            finally:
                self._give_back(connection, rows)

    @contextmanager
    def _telling_of_file(self) -> Iterator[None]:
        """Let what SQLite says of the file be told as such, and that it cannot be read noted."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if not is_of_file(error):
                raise
            unread = unopened(self._path, error)
            if is_beyond_reading(error):
                self._fail(unread)
            raise unread from error
        except VqdError as error:
            if is_beyond_reading(error.__cause__):
                self._fail(error)
            raise

    def __enter__(self) -> Self:
        """Give it; at the end of the block it is closed."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _fail(self, unread: VqdError) -> None:
        """Do nothing more about a queue that cannot be read than to tell who reads it."""

    def _give_back(self, connection: sqlite3.Connection, rows: S) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()  # what keeps it from that is told by who read
            return
        with self._lock:
            self._idle.append((connection, rows))

    def _borrow(self) -> tuple[sqlite3.Connection, S]:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = open_for_reading(self._path)
        check_version(connection)
        return connection, self._rows(connection)
