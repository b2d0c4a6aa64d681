"""Reading the queue, from its own process or beside the daemon; nothing here can write."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, Self, TypeVar

from vqd.domain.errors import VqdError
from vqd.domain.host import Host
from vqd.domain.place import Place
from vqd.store.access import Reading, Unread, queue_at
from vqd.store.joblist import JobList
from vqd.store.refusals import RefusalRows
from vqd.store.rows import Connection
from vqd.store.servers import ServerRows

S = TypeVar("S")


class Overlook:
    """The rows that tell of the queue at a glance, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.joblist = JobList(connection)
        self.servers = ServerRows(connection)
        self.refusals = RefusalRows(connection)


MOST_IDLE = 16
"""Connections that are kept for whoever reads next."""


class Reader(Generic[S]):
    """Reads the queue by rows of one kind. Any thread may."""

    def __init__(self, place: Place, rows: Callable[[Connection], S]) -> None:
        self._queue = queue_at(place)
        self._rows = rows
        self._idle: list[tuple[Reading, S]] = []
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[S]:
        """Give the rows of one consistent state of the queue.

        Raises:
            VqdError: `store_missing`, `store_too_old`, `store_unreachable` and the like;
                `store_damaged` or `store_unopened` where the file cannot be read, which may show
                only within the block.
        """
        with self._borrowed() as (_, rows):
            yield rows

    def hosts(self) -> Sequence[Host]:
        """Give the hosts that share the queue, and those that did; nobody where no others can.

        Raises:
            VqdError: as `reading`.
        """
        with self._borrowed() as (reading, _):
            return reading.hosts()

    def __enter__(self) -> Self:
        """Give it; at the end of the block it is closed."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for reading, _ in idle:
            reading.close()

    @contextmanager
    def _borrowed(self) -> Iterator[tuple[Reading, S]]:
        """Give a connection that reads, and its rows."""
        try:
            reading, rows = self._begun()
            try:
                yield reading, rows
            except Exception as error:
                if (told := reading.told(error)) is not None:
                    raise told from error
                raise
            finally:
                if not (reading.end() and self._keep(reading, rows)):
                    reading.close()
        except Unread as unread:
            self._fail(unread)
            raise

    def _fail(self, unread: Unread) -> None:
        """Do nothing more about a queue that cannot be read than to tell who reads it."""

    def _begun(self) -> tuple[Reading, S]:
        while kept := self._taken():
            try:
                kept[0].begin()
            except VqdError:  # it was cut off while it was idle
                kept[0].close()
            else:
                return kept
        reading = self._queue.reading()
        reading.begin()
        return reading, self._rows(reading.connection)

    def _taken(self) -> tuple[Reading, S] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, reading: Reading, rows: S) -> bool:
        with self._lock:
            if len(self._idle) >= MOST_IDLE:
                return False
            self._idle.append((reading, rows))
            return True
