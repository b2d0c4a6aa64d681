"""A queue that moves into PostgreSQL, or out of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.store.postgres.connection import PostgresConnection, connect
from vqd.store.postgres.daemons import require_none
from vqd.store.postgres.errors import passing
from vqd.store.postgres.schema import check_version, lay_out
from vqd.store.rows import Connection

_SEEDS = ("needs", "requirements")
"""What a new queue has already, and the one that is moved, too."""
_KEYS = (
    "SELECT table_name AS name, column_name AS key FROM information_schema.columns"
    " WHERE table_schema = 'vqd' AND is_identity = 'YES'"
)


@contextmanager
def new_queue(database: Database) -> Iterator[Connection]:
    """Make an empty queue, which is there when the block ends, with what was written, or not.

    Raises:
        VqdError: `already_running`, or as `connect` and `lay_out` tell.
    """
    with closing(connect(database, name="vqd moves", idle_ms=0, lock_ms=0)) as raw:
        try:
            require_none(raw, database)
            with raw.transaction():
                lay_out(raw, database)
                connection = PostgresConnection(raw)
                for table in _SEEDS:
                    connection.execute(f"DELETE FROM {table}")
                yield connection
                _go_on_after(connection)
        except psycopg.Error as error:
            raise passing(error) or error from error


def require_alone(database: Database) -> None:
    """Do nothing if no daemon uses a queue, and all its jobs are at home here, as those of a queue
    in a file are.

    Raises:
        VqdError: `already_running`, `relocate_shared`, or as `connect` tells.
    """
    with closing(connect(database, name="vqd moves", idle_ms=0, lock_ms=0)) as raw:
        try:
            require_none(raw, database)
            check_version(raw, database)
            others = "SELECT count(DISTINCT home) AS homes FROM jobs WHERE home <> $1"
            row = raw.execute(others, (database.home,)).fetchone()
        except psycopg.Error as error:
            raise passing(error) or error from error
    if row is not None and row["homes"]:
        spools = "another spool" if row["homes"] == 1 else f"{row['homes']} other spools"
        said = f"{database}: jobs of {spools} are in the queue, and one in a file is one spool's."
        raise VqdError("relocate_shared", said, "Let it be, or say vqd db rebuild for each spool.")


def _go_on_after(connection: Connection) -> None:
    """Let the next key of each table come after those that were written."""
    for row in connection.execute(_KEYS).fetchall():
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('vqd.{row['name']}', '{row['key']}'),"
            f" (SELECT coalesce(max({row['key']}), 0) + 1 FROM {row['name']}), false)"
        )
