"""The schema of a queue on PostgreSQL: made where there is none, known by the number that SQLite's
has."""

from importlib import resources
from typing import Any

import psycopg
from psycopg import errors

from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.store.postgres.errors import passing
from vqd.store.schema import DIGESTS

SCHEMA = "vqd"
"""All of the queue lies in this schema of its database."""

WRITING = (1987142756, 1)
"""The lock of whoever writes (see `begin_writing` in schema.sql)."""
_NEWEST = max(DIGESTS)


def version_of(raw: "psycopg.Connection[Any]") -> int | None:
    """Give the number of the schema that a database has; None if there is no queue in it.

    Raises:
        psycopg.Error: it cannot be read.
    """
    if raw.execute("SELECT to_regclass('vqd.form') AS form").fetchone()["form"] is None:  # type: ignore[index]
        return None
    row = raw.execute("SELECT schema FROM vqd.form").fetchone()
    return None if row is None else int(row["schema"])


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
    script = (resources.files("vqd.store.postgres") / "schema.sql").read_text(encoding="utf-8")
    try:
        with raw.transaction():
            raw.execute("SELECT pg_advisory_xact_lock($1::int, $2::int)", WRITING)
            if version_of(raw) is not None:
                return False
            raw.execute(script)
            raw.execute("INSERT INTO vqd.form (schema) VALUES ($1)", (_NEWEST,))
    except errors.InsufficientPrivilege as error:
        raise VqdError(
            "store_no_rights",
            f"{database}: no queue can be made there ({error.diag.message_primary}).",
            "Let the user of the URL own the database: ALTER DATABASE … OWNER TO ….",
        ) from error
    except psycopg.Error as error:
        raise passing(error) or error from error
    return True


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
    if version is None:
        said = f"{database}: there is no queue yet."
        raise VqdError("store_missing", said, "Start the daemon once: vqd run.")
    if version > _NEWEST:
        raise VqdError(
            "store_too_new",
            f"The queue has schema {version}, this vqd knows none above {_NEWEST}.",
            "Install the vqd that wrote it, or a newer one.",
        )
    if version < _NEWEST:
        raise VqdError(
            "store_too_old",
            f"The queue has schema {version}, this vqd reads {_NEWEST}.",
            "Move it to SQLite with the vqd that wrote it, and back with this one:"
            " vqd database migrate.",
        )
