"""Whether PostgreSQL answers, keeps what it is told, and has a queue that holds together."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from vqd.domain.errors import VqdError
from vqd.domain.finding import SET_NTP, Finding, clocks, command, ok, warn, wrong
from vqd.domain.place import Database
from vqd.store.counters import miscounted
from vqd.store.examine import refusals, replaced_by
from vqd.store.postgres.queue import PostgresQueue

_FACTS = (
    "SELECT split_part(current_setting('server_version'), ' ', 1) AS version,"
    " current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS waits,"
    " CAST(extract(epoch FROM clock_timestamp()) AS double precision) AS at"
)


def examine_database(
    database: Database, *, rows: bool = False, now: Callable[[], float] = time.time
) -> Iterator[Finding]:
    """Examine the queue in a database; with `rows`, whether every counter is right, too."""
    began_at = time.monotonic()
    try:
        with closing(PostgresQueue(database).reading()) as reading:
            reading.begin()
            facts = reading.connection.execute(_FACTS).fetchone()
            took_ms = round(1000 * (time.monotonic() - began_at))
            yield ok(
                "store_answers",
                f"{database}: PostgreSQL {facts['version']} answers in {took_ms} ms",
            )
            yield _clock(facts["at"] - now(), database)
            yield from _durability(facts, database)
            if rows:
                yield from _counters([*miscounted(reading.connection)])
            yield from refusals(reading.connection)
    except VqdError as error:
        yield _unopened(error, database)


def _clock(apart_s: float, database: Database) -> Finding:
    """Compare its clock with this machine's. Hosts go by times that others wrote, and all of them
    can be compared with that of the database."""
    cure = command("sudo", *SET_NTP, why="on the machine of PostgreSQL")
    return clocks(apart_s, cure, whose=f"{database}: its clock")


def _durability(facts: Any, database: Database) -> Iterator[Finding]:
    """Find what may lose a commit when the server's machine dies."""
    for name, value in (("fsync", facts["fsync"]), ("synchronous_commit", facts["waits"])):
        if value == "off":
            said = f"{database}: {name} is off there: a power cut may lose what was accepted"
            yield warn(
                "store_not_durable", said, command("psql", "-c", f"ALTER SYSTEM RESET {name}")
            )


def _counters(faults: list[str]) -> Iterator[Finding]:
    mend = command("vqd", "db", "rebuild", why="from the folders; this one is kept")
    yield from (replaced_by("store_disagrees", fault, mend) for fault in faults)
    if not faults:
        yield ok("store_agrees", "every counter is right")


def _unopened(error: VqdError, database: Database) -> Finding:
    said = error.message.removesuffix(".")
    if error.code == "store_missing":
        return ok(error.code, f"{database}: no queue yet; the daemon makes it")
    return wrong(error.code, said, command("psql", str(database), why=error.hint))
