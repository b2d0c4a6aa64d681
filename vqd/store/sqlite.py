"""A queue in a file of SQLite's; whoever only looks at it imports no more than that takes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from vqd.domain.errors import STORE_DISK
from vqd.store.access import Unwritten
from vqd.store.connection import (
    DAMAGED_HINT,
    SqliteConnection,
    keep_small_tables_in_memory,
    open_for_reading,
    open_for_writing,
)
from vqd.store.schema import check_form, check_version

if TYPE_CHECKING:
    from vqd.store.log import LogWatch


class SqliteQueue:
    """The queue in the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_watch: LogWatch | None = None

    def reading(self) -> SqliteReading:
        """Open a connection that reads."""
        connection = open_for_reading(self._path)
        check_version(connection)
        return SqliteReading(connection)

    def writing(self) -> SqliteTransactions:
        """Open the one connection that writes, making the queue or bringing it up to date.

        Raises:
            VqdError: `store_not_vqd`, `store_damaged`, `store_no_wal`, or as `migrate` tells.
        """
        from vqd.store.migrate import migrate
        from vqd.store.replacing import settle

        now = time.time()
        settle(self._path, now=now)
        is_new = not _is_usable(self._path)
        connection = open_for_writing(self._path)
        try:
            migrate(connection, self._path, now=now)
            keep_small_tables_in_memory(connection)
        except BaseException:
            connection.close()
            raise
        return SqliteTransactions(connection, is_new=is_new)

    def log_bytes(self) -> int:
        """Give the size of the write-ahead log."""
        from vqd.store.log import log_bytes

        return log_bytes(self._path)

    def look(self) -> None:
        """Tell of the log when it is large."""
        if self._log_watch is None:
            from vqd.store.log import LogWatch

            self._log_watch = LogWatch(self._path)
        self._log_watch.look()


class SqliteReading:
    """A connection that only reads."""

    def __init__(self, connection: SqliteConnection) -> None:
        self.connection = connection

    def begin(self) -> None:
        """Look at the queue as it is from the first statement on."""
        self.connection.execute("BEGIN")

    def end(self) -> bool:
        """Let go of that."""
        self.connection.execute("ROLLBACK")
        return True

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class SqliteTransactions:
    """The connection that writes."""

    def __init__(self, connection: SqliteConnection, *, is_new: bool = False) -> None:
        self.connection = connection
        self.is_new = is_new

    def begin(self) -> None:
        """Begin a transaction, during which nobody else writes."""
        self._carry_out("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End it, durably."""
        self._carry_out("COMMIT")

    def roll_back(self) -> None:
        """End it, if SQLite has not, and let nothing of it come about."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def begin_write(self) -> None:
        """Begin one of the writes of a transaction."""
        self._carry_out("SAVEPOINT one")

    def end_write(self) -> None:
        """End it; it comes about with the transaction."""
        self._carry_out("RELEASE one")

    def undo_write(self, error: Exception) -> None:
        """Undo it alone, unless the disk has no room for any."""
        if isinstance(error, sqlite3.Error) and _has_no_room(error):
            raise _unwritten(error) from error
        self._carry_out("ROLLBACK TO one")
        self._carry_out("RELEASE one")

    def interrupt(self) -> None:
        """Do nothing: a disk is not waited for."""

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _carry_out(self, statement: str) -> None:
        try:
            self.connection.execute(statement)
        except sqlite3.Error as error:
            raise _unwritten(error) from error


def _is_usable(path: Path) -> bool:
    """Tell whether there is a queue, which is looked at before anything of it is changed.

    Raises:
        VqdError: it is damaged, or of a schema that this vqd does not know.
    """
    from vqd.store.integrity import require_sound

    if not path.exists():
        return False
    with closing(open_for_reading(path)) as connection:
        require_sound(connection, path)
        return check_form(connection) > 0


def _unwritten(error: sqlite3.Error) -> Unwritten:
    said, name = f"The queue cannot be written: {error}", _name_of(error)
    if _has_no_room(error):
        return Unwritten(STORE_DISK, f"{said}.", "Make room where state_dir lies.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Unwritten("store_damaged", f"{said}.", DAMAGED_HINT)
    return Unwritten("store_unwritten", f"{said} ({name}).", "Check the disk of state_dir.")


def _has_no_room(error: sqlite3.Error) -> bool:
    return _name_of(error) in _NO_ROOM


def _name_of(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or ""


_NO_ROOM = frozenset(
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"}
)
"""No room, a quota, or a disk that is read-only now. Others are faults of the disk: after a failed
fsync nobody knows what is written (SQLITE_IOERR_FSYNC)."""
