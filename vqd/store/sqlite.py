"""A queue in a file of SQLite's; whoever only looks at it imports no more than that takes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vqd.domain.errors import STORE_DISK, STORE_LOCKED, VqdError
from vqd.store.access import Unread, Unwritten, nothing
from vqd.store.connection import (
    DAMAGED_HINT,
    SqliteConnection,
    closed_at_fault,
    is_beyond_reading,
    is_damage,
    is_of_file,
    keep_small_tables_in_memory,
    name_of,
    open_for_reading,
    open_for_writing,
    take_back_begun,
    unopened,
)
from vqd.store.held import HeldFile
from vqd.store.schema import check_form, check_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from vqd.store.log import LogWatch


class SqliteQueue:
    """The queue in the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_watch: LogWatch | None = None

    def reading(self) -> SqliteReading:
        """Open a connection that reads."""
        try:
            connection = open_for_reading(self._path)
            with ExitStack() as at_fault:
                at_fault.callback(connection.close)
                check_version(connection)
                at_fault.pop_all()
        except sqlite3.DatabaseError as error:
            raise _unread(self._path, error) from error
        except VqdError as error:
            if is_beyond_reading(error.__cause__):
                raise Unread(error.code, error.message, error.hint) from error
            raise
        return SqliteReading(connection, self._path)

    def writing(self, on_wait: Callable[[], None] = nothing) -> SqliteTransactions:  # noqa: ARG002
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
        with closed_at_fault(connection, self._path):
            migrate(connection, self._path, now=now)
            keep_small_tables_in_memory(connection)
        return SqliteTransactions(connection, self._path, is_new=is_new)

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
    """A connection that only reads the file at `path`."""

    def __init__(self, connection: SqliteConnection, path: Path) -> None:
        self.connection = connection
        self._path = path

    def begin(self) -> None:
        """Look at the queue as it is from the first statement on."""
        try:
            self.connection.execute("BEGIN")
        except sqlite3.DatabaseError as error:
            raise _unread(self._path, error) from error

    def hosts(self) -> tuple[()]:
        """Give nobody: one daemon has the file to itself."""
        return ()

    def told(self, error: Exception) -> VqdError | None:
        """Tell of what SQLite said of the file, its disk or its other users."""
        if isinstance(error, sqlite3.DatabaseError) and is_of_file(error):
            return _unread(self._path, error)
        return None

    def end(self) -> bool:
        """Let go of that; False where SQLite cannot."""
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:  # what keeps it from that is told by who read
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class SqliteTransactions:
    """The connection that writes the file at `path`, as long as that is there."""

    def __init__(self, connection: SqliteConnection, path: Path, *, is_new: bool = False) -> None:
        self.connection = connection
        self.is_new = is_new
        self._path = path
        self._held = HeldFile(path)

    def begin(self) -> None:
        """Begin a transaction, during which nobody else writes."""
        if not self._held.is_held():
            raise Unwritten(
                "store_replaced",
                f"{self._path} is gone, or another file is in its place, since it was opened.",
                "Start vqd again: it goes by what lies there then, and by the jobs' folders. Stop"
                " it before you put another queue there: vqd restore does that.",
            )
        self._carry_out("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End it, durably."""
        self._carry_out("COMMIT")

    def roll_back(self) -> None:
        """End it, if SQLite has not, and let nothing of it come about."""
        if self.connection.in_transaction:
            with suppress(sqlite3.Error):  # of the same fault: what was begun is never committed
                self.connection.execute("ROLLBACK")

    def begin_write(self) -> None:
        """Begin one of the writes of a transaction."""
        self._carry_out("SAVEPOINT one")

    def end_write(self) -> None:
        """End it; it comes about with the transaction."""
        self._carry_out("RELEASE one")

    def undo_write(self, error: Exception) -> None:
        """Undo it alone, unless the file or its disk is at fault."""
        if isinstance(error, sqlite3.Error) and is_of_file(error):
            raise unwritten(error) from error
        self._carry_out("ROLLBACK TO one")
        self._carry_out("RELEASE one")

    def interrupt(self) -> None:
        """Do nothing: a disk is not waited for."""

    def close(self) -> None:
        """Close the connection; a log that is no more of the file that lies there is set aside."""
        from vqd.store.replacing import set_logs_aside

        self.connection.close()
        if not self._held.is_held():
            set_logs_aside(self._path, now=time.time())

    def _carry_out(self, statement: str) -> None:
        try:
            self.connection.execute(statement)
        except sqlite3.Error as error:
            raise unwritten(error) from error


def _is_usable(path: Path) -> bool:
    """Tell whether there is a queue, which is looked at before anything of it is changed.

    Raises:
        VqdError: it is damaged, or of a schema that this vqd does not know.
    """
    from vqd.store.integrity import require_sound

    if not path.exists():
        return False
    take_back_begun(path)
    with closing(open_for_reading(path)) as connection:
        require_sound(connection, path)
        return check_form(connection) > 0


def _unread(path: Path, error: sqlite3.DatabaseError) -> VqdError:
    told = unopened(path, error)
    return Unread(told.code, told.message, told.hint) if is_beyond_reading(error) else told


def unwritten(error: sqlite3.Error) -> Unwritten:
    """Tell of what SQLite said of a queue that cannot be written."""
    said, name = f"The queue cannot be written: {error}", name_of(error)
    if name in _NO_ROOM:
        return Unwritten(STORE_DISK, f"{said}.", "Make room where state_dir lies.")
    if name.startswith("SQLITE_BUSY"):
        return Unwritten(STORE_LOCKED, f"{said}.", "End what has queue.db open, or wait for it.")
    if is_damage(error):
        return Unwritten("store_damaged", f"{said}.", DAMAGED_HINT)
    hint = "Check the disk of state_dir, and the rights of what lies there."
    return Unwritten("store_unwritten", f"{said} ({name}).", hint)


_NO_ROOM = frozenset(
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"}
)
"""No room, a quota, or a disk that is read-only now. Others are faults of the disk: after a failed
fsync nobody knows what is written (SQLITE_IOERR_FSYNC)."""
