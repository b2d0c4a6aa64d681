"""The locks that daemons hold on a queue in PostgreSQL for as long as they are connected: one for
each home, so that nobody is in doubt who serves a spool, or whether anybody does."""

import time
from binascii import crc32
from collections.abc import Callable
from typing import Any

import psycopg

from vqd.domain.errors import VqdError
from vqd.domain.place import Database

_CLASS = 1987142758
"""The class of these locks (pg_locks.classid)."""
_AGAIN_S = 0.1
_ENDS_WITHIN_S = 2.0
"""How soon PostgreSQL ends what a connection held that was closed."""


def be_the_one(
    raw: "psycopg.Connection[Any]",
    database: Database,
    name: str,
    *,
    within_s: float,
    wait: Callable[[float], object],
) -> None:
    """Hold the lock of a home over a connection from now on.

    Who held it under this `name` was cut off, and is ended.

    Raises:
        VqdError: `already_running`, which names the other one.
        psycopg.Error: PostgreSQL does not answer.
    """
    lock = (_CLASS, crc32(database.home.encode()) >> 1)
    until = time.monotonic() + within_s
    while not _is_taken(raw, lock):
        for other in _holders(raw, lock[1]):
            if other["name"] == name:
                raw.execute("SELECT pg_terminate_backend($1::int)", (other["pid"],))
            elif time.monotonic() > until:
                raise _refusal(database, other)
        wait(_AGAIN_S)


def require_none(raw: "psycopg.Connection[Any]", database: Database) -> None:
    """Do nothing if no daemon, of whichever home, uses the queue, or none does soon: PostgreSQL
    needs a moment to find that one has ended.

    Raises:
        VqdError: `already_running`.
        psycopg.Error: PostgreSQL does not answer.
    """
    until = time.monotonic() + _ENDS_WITHIN_S
    while others := _holders(raw, None):
        if time.monotonic() > until:
            raise _refusal(database, others[0])
        raw.execute("SELECT pg_sleep($1)", (_AGAIN_S,))


def end_the_silent(raw: "psycopg.Connection[Any]", lock: tuple[int, int], silent_s: float) -> None:
    """End who holds a lock and was waited for, to say more, for as long as that.

    Raises:
        psycopg.Error: PostgreSQL does not answer.
    """
    raw.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'advisory' AND granted AND classid = $1::bigint::oid"
        " AND objid = $2::bigint::oid AND wait_event = 'ClientRead'"
        " AND query_start < now() - make_interval(secs => $3) AND pg_locks.database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
        (*lock, silent_s),
    )


def _is_taken(raw: "psycopg.Connection[Any]", lock: tuple[int, int]) -> bool:
    row = raw.execute("SELECT pg_try_advisory_lock($1::int, $2::int) AS taken", lock).fetchone()
    return row is not None and bool(row["taken"])


def _holders(raw: "psycopg.Connection[Any]", home: int | None) -> list[Any]:
    """Give who else holds the lock of a home, or of any."""
    return raw.execute(
        "SELECT pid, application_name AS name,"
        " coalesce(host(client_addr), 'this machine') AS client"
        " FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted"
        " AND classid = $1::bigint::oid AND ($2::bigint IS NULL OR objid = $2::bigint::oid)"
        " AND pid <> pg_backend_pid() AND pg_locks.database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
        (_CLASS, home),
    ).fetchall()


def _refusal(database: Database, other: Any) -> VqdError:
    said = f"Another vqd uses {database} already ({other['name']}, from {other['client']})."
    return VqdError("already_running", said, "Stop that one first, or name another database.")
