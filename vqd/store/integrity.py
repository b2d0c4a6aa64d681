"""Whether what lies in the queue holds together: its pages, its references, its counters."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Literal

from vqd.domain.errors import VqdError
from vqd.store.connection import DAMAGED_HINT, unopened

SHOWN = 3
"""Faults of one kind that are told."""
START_S = 0.1
"""For how long a start looks through the queue: some dozen MB, if they are in memory."""
_ASKED_EVERY = 100_000
"""Steps of SQLite's between two looks at the clock: some milliseconds."""


def faults_of(connection: sqlite3.Connection) -> Iterator[str]:
    """Give what of a database SQLite finds damaged, and rows that refer to none, some of each.

    Raises:
        sqlite3.DatabaseError: it cannot be read so far.
    """
    yield from damaged_pages(connection) or ()
    yield from loose_references(connection)


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Do nothing if the queue at `path` is whole, as far as it can be read within START_S.

    Raises:
        VqdError: `store_damaged`.
    """
    try:
        faults = damaged_pages(connection, within_s=START_S)
    except sqlite3.DatabaseError as error:
        raise unopened(path, error) from error
    if faults:
        raise VqdError("store_damaged", f"{path} is damaged: {faults[0]}.", DAMAGED_HINT)


def damaged_pages(
    connection: sqlite3.Connection,
    check: Literal["quick_check", "integrity_check"] = "quick_check",
    *,
    within_s: float = inf,
) -> Sequence[str] | None:
    """Give what SQLite finds damaged, some of it; None if the time did not suffice to read all.

    `quick_check` does not compare indexes with their tables (https://sqlite.org/pragma.html).

    Raises:
        sqlite3.DatabaseError: it cannot be read so far.
    """
    until = time.monotonic() + within_s
    connection.set_progress_handler(lambda: time.monotonic() > until, _ASKED_EVERY)
    try:
        rows = connection.execute(f"PRAGMA {check}({SHOWN})").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
        return None
    finally:
        connection.set_progress_handler(None, 0)
    return [" ".join(str(row[0]).split()) for row in rows if row[0] != "ok"]


def loose_references(connection: sqlite3.Connection) -> Iterator[str]:
    """Give rows that refer to a row which is not there, of some tables."""
    found = connection.execute(
        'SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 LIMIT ?',
        (SHOWN,),
    )
    for table, parent, rows in found:
        yield f"{rows:,} rows of {table} refer to rows of {parent} that are not there"
