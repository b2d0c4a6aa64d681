"""A connection to PostgreSQL that only reads."""

import psycopg

from vqd.store.place import Database
from vqd.store.postgres.connection import PostgresConnection, connect
from vqd.store.postgres.errors import passing
from vqd.store.postgres.schema import check_version

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgresReading:
    """Reads one consistent state of the queue, for as long as that takes."""

    def __init__(self, database: Database, *, name: str) -> None:
        raw = connect(database, name=name, writes=False, idle_ms=0, lock_ms=0)
        try:
            check_version(raw, database)
        except BaseException:
            raw.close()
            raise
        self.connection = PostgresConnection(raw)

    def begin(self) -> bool:
        """Look at the queue as it is from the first statement on; False if it was cut off."""
        return self._is_carried_out(_BEGIN)

    def end(self) -> bool:
        """Let go of that; False if it was cut off."""
        return self._is_carried_out("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self.connection.raw.close()

    def _is_carried_out(self, statement: str) -> bool:
        try:
            self.connection.raw.execute(statement)
        except psycopg.Error as error:
            if passing(error) is None:
                raise
            return False
        return True
