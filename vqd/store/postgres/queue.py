"""A queue in a database of PostgreSQL's."""

import os
import socket
from collections.abc import Callable

from vqd.domain.place import Database
from vqd.store.access import nothing
from vqd.store.postgres.reading import PostgresReading
from vqd.store.postgres.writing import PostgresTransactions


class PostgresQueue:
    """The queue in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reading(self) -> PostgresReading:
        """Open a connection that reads."""
        name = f"vqd {socket.gethostname()[:30]} {os.getpid()} reads"
        return PostgresReading(self._database, name=name)

    def writing(self, on_wait: Callable[[], None] = nothing) -> PostgresTransactions:
        """Open the one connection that writes, making the queue if there is none."""
        return PostgresTransactions(self._database, on_wait=on_wait)

    def log_bytes(self) -> int:
        """Give 0: PostgreSQL looks after its own log."""
        return 0

    def look(self) -> None:
        """Do nothing about it."""
