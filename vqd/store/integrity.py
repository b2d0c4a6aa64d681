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
START_S = 0.5
"""For how long a start looks through the queue: some hundred MB, if they are in memory."""
_ASKED_EVERY = 100_000
"""Steps of SQLite's between two looks at the clock: some milliseconds."""

_COUNTED = """
SELECT job, printf('%d of %d prompts', coalesce(found.total, 0), jobs.total) AS said
FROM jobs LEFT JOIN (
    SELECT job_key, count(*) AS total, total(state = 'pending') AS pending,
        total(state = 'running') AS running, total(state = 'succeeded') AS succeeded,
        total(state = 'failed') AS failed, total(state = 'cancelled') AS cancelled,
        total(kept) AS kept
    FROM prompts GROUP BY job_key
) AS found USING (job_key)
WHERE record = 'whole' AND jobs.state <> 'assembling' AND (
    jobs.total, jobs.pending, jobs.running, jobs.succeeded, jobs.failed, jobs.cancelled, jobs.kept
) IS NOT (
    coalesce(found.total, 0), coalesce(found.pending, 0), coalesce(found.running, 0),
    coalesce(found.succeeded, 0), coalesce(found.failed, 0), coalesce(found.cancelled, 0),
    coalesce(found.kept, 0)
) ORDER BY job_key LIMIT ?
"""


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


def miscounted(connection: sqlite3.Connection) -> Iterator[str]:
    """Give jobs whose counters are not those of their prompts, some of them.

    Cost: a look at every prompt.
    """
    for job, said in connection.execute(_COUNTED, (SHOWN,)):
        yield f"the counters of {job} are not those of its prompts, {said} are there"
