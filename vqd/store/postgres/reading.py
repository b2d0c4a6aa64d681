"""A connection to PostgreSQL that only reads."""

from collections.abc import Sequence

from vqd.domain.errors import VqdError
from vqd.domain.host import Host, HostDepot
from vqd.domain.place import Database
from vqd.store.postgres.connection import PostgresConnection, closed_if_it_fails, connect
from vqd.store.postgres.schema import check_version
from vqd.store.rows import Row

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgresReading:
    """Reads one consistent state of the queue, for as long as that takes."""

    def __init__(self, database: Database, *, name: str) -> None:
        with closed_if_it_fails(connect(database, name=name, idle_ms=0, lock_ms=0)) as raw:
            check_version(raw, database)
        self.connection = PostgresConnection(raw)

    def begin(self) -> None:
        """Look at the queue as it is from the first statement on."""
        self.connection.execute(_BEGIN)

    def hosts(self) -> Sequence[Host]:
        """Give those who share the queue, as the leases tell of them (vqd/leases/schema.py)."""
        [found] = self.connection.execute(
            "SELECT to_regclass('vqd_leases.hosts') IS NOT NULL AS are_told"
        )
        if not found["are_told"]:  # no daemon has been here yet
            return ()
        return [_host(row) for row in self.connection.execute("SELECT * FROM vqd_leases.hosts")]

    def told(self, _: Exception) -> VqdError | None:
        """Give nothing: the connection tells by itself."""
        return None

    def end(self) -> bool:
        """Let go of that; False if it was cut off."""
        try:
            self.connection.execute("ROLLBACK")
        except VqdError:
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self.connection.raw.close()


def _host(row: Row) -> Host:
    depot = row["depot"]
    return Host(
        row["home"],
        row["name"],
        row["silent_s"],
        row["lease_s"],
        row["gone_s"],
        frozenset(row["reaches"].split()),
        None if depot is None else HostDepot(depot, row["depot_said"], row["depot_away_s"]),
    )
