"""Values on their way to PostgreSQL and back, as SQLite would have them."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.types.numeric import FloatDumper, Int8Dumper
from psycopg.types.string import StrDumper


class NamedRow:
    """A row: its values in order, and each by the name of its column."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, key: int | str, /) -> Any:
        return self._values[key if isinstance(key, int) else self._places[key]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """Give the names of the columns in order."""
        return [*self._places]


def named_rows(cursor: psycopg.Cursor[Any]) -> Any:
    """Give what makes rows of a cursor's values (a row factory of psycopg's)."""
    places = {column.name: at for at, column in enumerate(cursor.description or ())}
    return lambda values: NamedRow(places, values)


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Let a connection take and give values as SQLite does.

    Each kind of value has one type, whatever its size, so that a statement is prepared once.
    """
    adapters = connection.adapters
    adapters.register_dumper(str, _Text)
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(float, FloatDumper)
    adapters.register_loader("numeric", _Number)


class _Text(StrDumper):
    """Text without NULs, which PostgreSQL cannot keep."""

    def dump(self, obj: str) -> Buffer | None:
        """Encode it; a NUL becomes the sign that stands for what cannot be shown."""
        return super().dump(obj.replace("\0", "\ufffd"))


class _Number(Loader):
    """What sums and means are, of integers too."""

    def load(self, data: Buffer) -> int | float:
        """Give an integer where it is one."""
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)
