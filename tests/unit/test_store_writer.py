"""What becomes of writes that the disk has no room for."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from vqd.domain.errors import VqdError
from vqd.store.connection import SqliteConnection, open_for_writing
from vqd.store.rows import Connection
from vqd.store.sqlite import SqliteTransactions
from vqd.store.writer import Writer


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[SqliteConnection]:
    made = open_for_writing(tmp_path / "queue.db")
    made.execute("CREATE TABLE facts (fact TEXT CHECK (length(fact) > 1)) STRICT")
    yield made
    made.close()


@pytest.fixture
def writer(connection: SqliteConnection) -> Iterator[Writer]:
    made = Writer(SqliteTransactions(connection))
    yield made
    made.close()


def fact(text: str) -> Any:
    return lambda connection: connection.execute("INSERT INTO facts VALUES (?)", (text,)).rowcount


def facts(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT fact FROM facts")]


def let_be(connection: sqlite3.Connection, pages: int) -> None:
    """Let the database be so large at most (SQLITE_FULL beyond it)."""
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_what_has_no_room_is_not_written_and_can_be_when_there_is(
    connection: sqlite3.Connection, writer: Writer
) -> None:
    let_be(connection, 3)
    with pytest.raises(VqdError, match="Make room where state_dir lies") as raised:
        writer.write(fact("x" * 100_000))
    assert raised.value.code == "store_disk"
    assert facts(connection) == []
    let_be(connection, 1000)
    assert writer.write(fact("x" * 100_000)) == 1
    assert len(facts(connection)) == 1


@contextmanager
def busy(writer: Writer) -> Iterator[None]:
    """Let what is asked for in the block share one commit."""
    begun, ended = Event(), Event()

    def wait(_: Connection) -> None:
        begun.set()
        ended.wait(5)

    asked = writer.ask(wait)
    begun.wait(5)
    yield
    ended.set()
    asked.result()


def test_what_shares_a_commit_with_it_is_not_written_either_and_is_told_so(
    connection: sqlite3.Connection, writer: Writer
) -> None:
    let_be(connection, 3)
    with busy(writer):
        together = [writer.ask(fact("one")), writer.ask(fact("x" * 100_000))]
    for one in together:
        with pytest.raises(VqdError, match="is full"):
            one.result()
    assert facts(connection) == []


def test_a_write_that_is_at_fault_itself_takes_none_with_it(
    connection: sqlite3.Connection, writer: Writer
) -> None:
    with busy(writer):
        good, bad = writer.ask(fact("good")), writer.ask(fact(""))
    with pytest.raises(sqlite3.IntegrityError):
        bad.result()
    assert good.result() == 1
    assert facts(connection) == ["good"]
