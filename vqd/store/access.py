"""How a queue is opened, whatever keeps it: to read it, and to write it a transaction at a time.

SQLite keeps it in a file (`sqlite`), PostgreSQL in a database (`postgres`), each with its own idea
of what a lock is, what is refused, and what is to be done about it.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Protocol

from vqd.domain.errors import VqdError
from vqd.domain.host import Host
from vqd.domain.place import Database, Place
from vqd.store.rows import Connection


def nothing() -> None:
    """Do nothing."""


class Unwritten(VqdError):
    """Nothing of a transaction was written, none of its writes being at fault."""


class Unread(VqdError):
    """The queue, or the disk it lies on, cannot be read, and no second try mends that."""


class Reading(Protocol):
    """A connection that only reads. Used by one thread at a time."""

    @property
    def connection(self) -> Connection:
        """What reads, between `begin` and `end`."""

    def begin(self) -> None:
        """Look at the queue as it is now.

        Raises:
            VqdError: the connection was cut off meanwhile.
        """

    def hosts(self) -> Sequence[Host]:
        """Give those who share the queue, between `begin` and `end`; nobody where no others can."""

    def told(self, error: Exception) -> VqdError | None:
        """Tell of what was said of the queue itself while it was read, by `Unread` where that is
        for good; None where a statement is at fault, or it was told already."""

    def end(self) -> bool:
        """Let go of that; False if the connection is of no use any more."""

    def close(self) -> None:
        """Close the connection."""


class Transactions(Protocol):
    """The connection that writes. Used by one thread, which `interrupt` does not wait for."""

    @property
    def connection(self) -> Connection:
        """What writes, between `begin` and `commit`, the same for good."""

    @property
    def is_new(self) -> bool:
        """Whether there was no queue: what there is of one lies in the folders alone."""

    def begin(self) -> None:
        """Begin a transaction, during which nobody else writes.

        Raises:
            Unwritten: that cannot be.
        """

    def commit(self) -> None:
        """End it, durably.

        Raises:
            Unwritten: nothing of it came about.
        """

    def roll_back(self) -> None:
        """End it, and let nothing of it come about, if that was not so already."""

    def begin_write(self) -> None:
        """Begin one of the writes of a transaction.

        Raises:
            Unwritten: nothing of the transaction will come about.
        """

    def end_write(self) -> None:
        """End it; it comes about with the transaction.

        Raises:
            Unwritten: nothing of the transaction will come about.
            Exception: the write is at fault, and is to be undone.
        """

    def undo_write(self, error: Exception) -> None:
        """Undo it alone, for it raised this.

        Raises:
            Unwritten: it is not at fault itself, and nothing of the transaction will come about.
        """

    def interrupt(self) -> None:
        """Let what waits for a queue that does not answer be given up. Any thread may."""

    def close(self) -> None:
        """Close the connection."""


class Queue(Protocol):
    """A queue that lies somewhere."""

    def reading(self) -> Reading:
        """Open a connection that reads.

        Raises:
            VqdError: `store_missing`, `store_too_old` and the like.
        """

    def writing(self, on_wait: Callable[[], None] = nothing) -> Transactions:
        """Open the one connection that writes, making the queue or bringing it up to date.

        `on_wait` is called now and then while it is not known whether a commit came about.

        Raises:
            VqdError: why that cannot be.
        """

    def log_bytes(self) -> int:
        """Give the size of its write-ahead log, if that is its own to look after; else 0."""

    def look(self) -> None:
        """Tell of such a log when it is large. Any one thread may look."""


def queue_at(place: Place) -> Queue:
    """Give the queue that lies there, or will.

    Raises:
        VqdError: `cluster_missing`, the extra is not installed.
    """
    if isinstance(place, Database):
        _require_extra()
        from vqd.store.postgres.queue import PostgresQueue

        return PostgresQueue(place)
    from vqd.store.sqlite import SqliteQueue

    return SqliteQueue(place)


def _require_extra() -> None:
    if find_spec("psycopg") is None:
        said = "The settings name a `database`, and psycopg is not installed."
        raise VqdError("cluster_missing", said, "Install the extra: pip install 'vqd[cluster]'.")
