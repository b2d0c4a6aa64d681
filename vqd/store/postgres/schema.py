"""The schema of a queue on PostgreSQL: made where there is none, brought to the newest, known by
the number that SQLite's has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog
from psycopg import errors

from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.store.postgres.daemons import require_none
from vqd.store.postgres.errors import passing
from vqd.store.postgres.steps import PostgresStep, steps

SCHEMA = "vqd"
"""All of the queue lies in this schema of its database."""

WRITING = (1987142756, 1)
"""The lock of whoever writes (see `begin_writing` in migrations/0003_queue.sql)."""

_log = structlog.get_logger(__name__)


def version_of(raw: "psycopg.Connection[Any]") -> int | None:
    """Give the number of the schema that a database has; None if there is no queue in it.

    Raises:
        psycopg.Error: it cannot be read.
    """
    if raw.execute("SELECT to_regclass('vqd.form') AS form").fetchone()["form"] is None:  # type: ignore[index]
        return None
    row = raw.execute("SELECT schema FROM vqd.form").fetchone()
    return None if row is None else int(row["schema"])


@contextmanager
def alone(raw: "psycopg.Connection[Any]") -> Iterator[None]:
    """Have a transaction during which nobody else writes, or is brought to another schema."""
    with raw.transaction():
        raw.execute("SELECT pg_advisory_xact_lock($1::int, $2::int)", WRITING)
        yield


def lay_out(raw: "psycopg.Connection[Any]", database: Database) -> bool:
    """Make an empty queue in a database, whole or not at all; False if somebody was quicker.

    Raises:
        VqdError: `store_encoding`, `store_no_rights`, or as `passing` tells.
    """
    encoding = raw.execute("SHOW server_encoding").fetchone()
    if encoding is not None and encoding["server_encoding"] != "UTF8":
        raise VqdError(
            "store_encoding",
            f"{database}: its text is {encoding['server_encoding']}, not UTF8.",
            "Make another: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'.",
        )
    try:
        with alone(raw):
            if version_of(raw) is not None:
                return False
            for step in steps():
                raw.execute(step.script)
            raw.execute("INSERT INTO vqd.form (schema) VALUES ($1)", (steps()[-1].number,))
    except errors.InsufficientPrivilege as error:
        raise VqdError(
            "store_no_rights",
            f"{database}: no queue can be made there ({error.diag.message_primary}).",
            "Let the user of the URL own the database: ALTER DATABASE … OWNER TO ….",
        ) from error
    except psycopg.Error as error:
        raise passing(error) or error from error
    return True


def bring_up_to_date(
    raw: "psycopg.Connection[Any]", database: Database, known: Sequence[PostgresStep] = ()
) -> None:
    """Bring a queue to the newest schema, all steps in one transaction, where no other daemon is on
    it: one that begins meanwhile waits, and sees what it has become.

    `known` are the steps, those of this vqd if it is not said.

    Raises:
        VqdError: `already_running`, another vqd uses it; `store_unmigrated`, a step could not be
            carried out, and the queue is as it was; or as `passing` tells.
    """
    known = known or steps()
    try:
        with alone(raw):
            version = version_of(raw)
            if version is None or version < known[0].number:
                return
            to_come = [step for step in known if step.number > version]
            if to_come:
                require_none(raw, database)
                _log.info("queue.migrating", schema=version, to=to_come[-1].number)
                _carry_out(raw, to_come)
    except psycopg.Error as error:
        raise passing(error) or _unmigrated(database, error) from error


def check_version(raw: "psycopg.Connection[Any]", database: Database) -> None:
    """Refuse a queue whose schema this vqd does not know.

    Raises:
        VqdError: `store_missing`, `store_too_old`, `store_too_new`, `store_no_rights`, or as
            `passing` tells.
    """
    try:
        version = version_of(raw)
    except errors.InsufficientPrivilege as error:
        raise VqdError(
            "store_no_rights",
            f"{database}: its queue cannot be read ({error.diag.message_primary}).",
            "Name the user in the URL that the queue belongs to.",
        ) from error
    except psycopg.Error as error:
        raise passing(error) or error from error
    first, newest = steps()[0].number, steps()[-1].number
    if version is None:
        said = f"{database}: there is no queue yet."
        raise VqdError("store_missing", said, "Start the daemon once: vqd run.")
    if version > newest:
        raise VqdError(
            "store_too_new",
            f"The queue has schema {version}, this vqd knows none above {newest}.",
            "Install the vqd that wrote it, or a newer one.",
        )
    if version < newest:
        raise VqdError(
            "store_too_old",
            f"The queue has schema {version}, this vqd reads {newest}.",
            _HINTS[version >= first],
        )


_HINTS = (
    "No vqd that was released wrote it: take it away, and say vqd db rebuild for each spool.",
    "Start the daemon once; it brings the schema up to date.",
)
"""What is done about an older schema: about one that no step leads on from, and about others."""


def _carry_out(raw: "psycopg.Connection[Any]", to_come: Sequence[PostgresStep]) -> None:
    for step in to_come:
        raw.execute(step.script)
    raw.execute("UPDATE vqd.form SET schema = $1", (to_come[-1].number,))


def _unmigrated(database: Database, error: psycopg.Error) -> VqdError:
    said = " ".join(str(error).split()).removesuffix(".")
    return VqdError(
        "store_unmigrated",
        f"{database}: its schema cannot be brought up to date ({said}); it is as it was.",
        "Install the vqd that you had before.",
    )
