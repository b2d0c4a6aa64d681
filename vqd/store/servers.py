"""What the servers said of themselves."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple

from vqd.domain.queue import ServerRecord


class ServerRows:
    """One row a server, as it was last seen."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def note(self, records: Iterable[ServerRecord]) -> None:
        """Write how servers were seen."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO servers (server, url, state, said, version, seen_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            map(astuple, records),
        )

    def keep_only(self, names: set[str]) -> None:
        """Forget the servers that the settings no longer name."""
        for record in self.all():
            if record.server not in names:
                self._connection.execute("DELETE FROM servers WHERE server = ?", (record.server,))

    def all(self) -> list[ServerRecord]:
        """Give every server, by name."""
        rows = self._connection.execute("SELECT * FROM servers ORDER BY server")
        return [ServerRecord(**dict(row)) for row in rows]
