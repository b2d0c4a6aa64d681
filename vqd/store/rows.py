"""What the classes of rows speak: statements of which SQLite and PostgreSQL understand the same.

Every statement is written once. Both are told the same words, but for what stands in
`vqd/store/postgres/dialect.py`; what only one of them has is not used.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Values = Sequence[Any] | Mapping[str, Any]
"""What a statement's marks stand for: of `?` in order, of `:name` by name."""


class Row(Protocol):
    """A row: its values in order, and each by the name of its column."""

    def __getitem__(self, key: int | str, /) -> Any:
        """Give a value by its place or its column."""

    def __iter__(self) -> Iterator[Any]:
        """Give the values in order."""

    def keys(self) -> Iterable[str]:
        """Give the names of the columns in order."""


class Rows(Protocol):
    """What a statement gave: its rows, once."""

    @property
    def rowcount(self) -> int:
        """How many rows were written, which may be more than is given back."""

    def fetchone(self) -> Any:
        """Give the next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Give the rows that are left, one by one."""


class Connection(Protocol):
    """One connection to the queue, in a transaction that somebody else begins and ends."""

    def execute(self, statement: str, values: Values = (), /) -> Rows:
        """Carry out a statement."""

    def executemany(self, statement: str, values: Iterable[Values], /) -> object:
        """Carry out a statement for each of these values."""

    def walk(self, statement: str, values: Values = (), /) -> Iterator[Any]:
        """Give the rows of a query one by one, as it is looked at them: few are looked at of many.

        The query says in which order, and nothing of what it reads is written meanwhile.
        """
