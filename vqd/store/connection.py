"""Opening the database: what is asked of SQLite, and what is refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from vqd.domain.errors import VqdError
from vqd.store.rows import Values

APPLICATION_ID = 0x76716401
"""`vqd` and a format number, in the file's header (https://sqlite.org/pragma.html)."""

BUSY_S = 30.0
"""How long a reader waits for who keeps it from the queue, which is nobody for as long."""
WRITES_BUSY_S = 10.0
"""How long the writer waits while another program keeps it from writing. It is shorter, since the
loop gives no sign of life meanwhile, and the write is tried again."""

DAMAGED_HINT = (
    "Stop vqd and say: vqd restore BACKUP, or without a backup: vqd db rebuild. The damaged one is"
    " kept, and the jobs' folders are not touched."
)


class SqliteConnection(sqlite3.Connection):
    """A connection as the classes of rows speak to it; SQLite finds each row when it is asked for
    it, so that every query is a walk."""

    def walk(self, statement: str, values: Values = (), /) -> Iterator[Any]:
        """Give the rows of a query one by one, as it is looked at them."""
        return self.execute(statement, values)


def open_for_writing(path: Path) -> SqliteConnection:
    """Open the one connection that writes, making the file if there is none.

    Commits are durable when they return (WAL with synchronous=FULL). Transactions are begun by
    hand.

    Raises:
        VqdError: `store_not_vqd`, `store_damaged`, `store_unopened` (rights, room), or
            `store_no_wal` (a network file system).
    """
    connection = _connect(f"file:{_quoted(path)}?mode=rwc", path)
    with closed_at_fault(connection, path):
        check_owner(connection, path)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise VqdError(
                "store_no_wal",
                f"{path}: this file system does not allow a write-ahead log (it answers {mode!r}).",
                "Put state_dir on a local disk.",
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA busy_timeout = {WRITES_BUSY_S * 1000:.0f}")
    return connection


def keep_small_tables_in_memory(connection: sqlite3.Connection) -> None:
    """Keep what a statement holds for its own duration in memory, such as what RETURNING gives.

    In a temporary file, as SQLite has it where the database is larger than its cache, it makes a
    claim three times as dear. Not for a migration, which may sort every row of the queue.
    """
    connection.execute("PRAGMA temp_store = MEMORY")


def take_back_begun(path: Path) -> None:
    """Take back what was begun when a crash kept a new queue from being made, which a connection
    that only reads cannot (https://sqlite.org/fileformat.html, hot journals).

    Where that fails, opening it says why.
    """
    if path.with_name(f"{path.name}-journal").exists():
        with (
            suppress(VqdError, sqlite3.DatabaseError),
            closing(_connect(f"file:{_quoted(path)}?mode=rw", path)) as connection,
        ):
            connection.execute("SELECT count(*) FROM sqlite_schema")


def open_for_reading(path: Path) -> SqliteConnection:
    """Open a connection that can only read.

    Raises:
        VqdError: `store_missing`, `store_not_vqd`, `store_damaged` or `store_unopened`.
    """
    if not path.exists():
        raise VqdError(
            "store_missing",
            f"{path}: there is no queue yet.",
            "Start the daemon once: vqd run.",
        )
    connection = _connect(f"file:{_quoted(path)}?mode=ro", path)
    with closed_at_fault(connection, path):
        connection.execute("PRAGMA query_only = ON")
        check_owner(connection, path)
    return connection


def _connect(uri: str, path: Path) -> SqliteConnection:
    try:
        connection = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_S,
            factory=SqliteConnection,
        )
    except sqlite3.OperationalError as error:
        raise unopened(path, error) from error
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def closed_at_fault(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Close a connection if this block raises; what SQLite says of it is told as by `unopened`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        connection.close()
        raise unopened(path, error) from error
    except BaseException:
        connection.close()
        raise


def check_owner(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is no queue of vqd's: `store_not_vqd`."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and application_id != APPLICATION_ID:
        raise VqdError(
            "store_not_vqd",
            f"{path}: this is another program's database.",
            "Name another state_dir in the settings.",
        )


def unopened(path: Path, error: sqlite3.DatabaseError) -> VqdError:
    """Tell of what SQLite said of a queue that cannot be opened or read: `store_damaged` or
    `store_unopened`."""
    if is_damage(error):
        return VqdError(
            "store_damaged",
            f"{path}: SQLite cannot read it ({error}).",
            DAMAGED_HINT,
        )
    return VqdError(
        "store_unopened",
        f"{path}: cannot be opened or read ({error}).",
        "Check the rights, the room and the disk of state_dir.",
    )


def name_of(error: BaseException | None) -> str:
    """Give SQLite's name of what went wrong (https://sqlite.org/rescode.html), or ""."""
    return getattr(error, "sqlite_errorname", None) or ""


def is_damage(error: BaseException | None) -> bool:
    """Tell whether SQLite found that the file is not what it was written as."""
    return name_of(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def is_beyond_reading(error: BaseException | None) -> bool:
    """Tell whether the file or its disk is at fault, and no other program for the moment."""
    return is_damage(error) or name_of(error).startswith("SQLITE_IOERR")


def is_of_file(error: BaseException) -> bool:
    """Tell what SQLite says of the file, its disk or its other users from what it says of a
    statement."""
    return name_of(error).startswith(_OF_FILE)


_OF_FILE = (
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_NOTADB",
    "SQLITE_PROTOCOL",
    "SQLITE_READONLY",
)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
