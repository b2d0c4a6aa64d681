"""How many rows a table has, read beside whoever writes it."""

from vqd.domain.place import Place
from vqd.store.reader import Reader
from vqd.store.rows import Connection


def count(place: Place, table: str) -> int:
    """Count the rows of a table."""
    with Reader(place, _itself) as reader, reader.reading() as connection:
        return int(connection.execute(f"SELECT count(*) AS rows FROM {table}").fetchone()["rows"])


def _itself(connection: Connection) -> Connection:
    return connection
