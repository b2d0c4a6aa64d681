"""Procrastinate's manager of jobs over a connection that is given to it, inside its transaction.

Its coroutines await this connector alone, which has every answer at once. So they come to their end
at the first step, and no event loop is needed.
"""

from collections.abc import Coroutine, Mapping
from typing import Any, LiteralString, Protocol, TypeVar, runtime_checkable

from procrastinate.connector import BaseConnector
from procrastinate.manager import JobManager
from psycopg import Connection, Cursor
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg.types.numeric import IntDumper
from psycopg.types.string import StrDumperUnknown

T = TypeVar("T")


@runtime_checkable
class Ahead(Protocol):
    """A connection on which statements run ahead of their answers."""

    def hear(self) -> None:
        """Wait for the answers that are still due."""


class GivenConnection(BaseConnector):
    """Asks by a connection whose transaction is the caller's; errors stay psycopg's."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """Carry a statement out."""
        tell(self._connection, query, as_values(arguments))

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        """Carry a statement out and give its one row."""
        return self._rows(query, arguments)[0]

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        """Carry a statement out and give its rows."""
        return self._rows(query, arguments)

    def _rows(self, query: LiteralString, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        return ask(self._connection, query, as_values(arguments))


def ask(
    connection: Connection[Any], statement: LiteralString, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Carry a statement out, whose values are named, and give its rows by name."""
    cursor = tell(connection, statement, values)
    if isinstance(connection, Ahead):
        connection.hear()
    return cursor.fetchall() if cursor.description else []


def tell(
    connection: Connection[Any], statement: LiteralString, values: Mapping[str, Any]
) -> Cursor[dict[str, Any]]:
    """Carry a statement out, of which no answer is wanted; where statements run ahead of their
    answers, a later one may tell that it is at fault.

    However whoever gave the connection has it speak, here it is as psycopg does by itself, which
    is how Procrastinate's statements are meant.
    """
    cursor = Cursor(connection, row_factory=dict_row)
    cursor.adapters.register_dumper(str, StrDumperUnknown)
    cursor.adapters.register_dumper(int, IntDumper)
    return cursor.execute(statement, values, prepare=True if values else None)


def manager_over(connection: Connection[Any]) -> JobManager:
    """Give Procrastinate's manager of jobs over a connection; drive its coroutines by `at_once`."""
    return JobManager(GivenConnection(connection))


def at_once(asked: Coroutine[Any, Any, T]) -> T:
    """Give what a coroutine gives that never waits.

    Raises:
        RuntimeError: it waits for something.
    """
    try:
        asked.send(None)
    except StopIteration as ended:
        given: T = ended.value
        return given
    asked.close()
    raise RuntimeError("it waits for something else than the connection that was given")


def as_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as Procrastinate's statements take them: objects as JSON."""
    return {name: _as_json(value) for name, value in arguments.items()}


def _as_json(value: Any) -> Any:
    """Give the objects in a statement's values as JSON, also those within lists and rows."""
    if isinstance(value, dict):
        return Jsonb(value)
    if isinstance(value, tuple):
        return tuple(_as_json(one) for one in value)
    return [_as_json(one) for one in value] if isinstance(value, list) else value
