"""A queue in PostgreSQL set aside, so that the daemon makes one of the folders."""

from contextlib import closing
from datetime import UTC, datetime

import psycopg

from vqd.domain.place import Database
from vqd.store.postgres.daemons import require_none
from vqd.store.postgres.errors import passing
from vqd.store.postgres.schema import SCHEMA, version_of
from vqd.store.postgres.writing import PostgresTransactions


def set_aside(database: Database, *, now: float) -> str | None:
    """Give the schema of the queue another name, and that name; None if there is no queue.

    The leases of its prompts, whose keys the next queue has again, are forgotten.

    Raises:
        VqdError: `already_running`, or as the queue is opened.
    """
    kept = datetime.fromtimestamp(now, UTC).strftime(f"{SCHEMA}_replaced_%Y%m%d_%H%M%S")
    with closing(PostgresTransactions(database, makes=False)) as transactions:
        raw = transactions.connection.raw
        try:
            require_none(raw, database)
            if version_of(raw) is None:
                return None
            with raw.transaction():
                raw.execute(f"ALTER SCHEMA {SCHEMA} RENAME TO {kept}")
                raw.execute("DROP SCHEMA IF EXISTS vqd_leases CASCADE")
        except psycopg.Error as error:
            raise passing(error) or error from error
    return f"schema {kept} of {database}"
