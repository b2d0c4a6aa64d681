"""What becomes of writes that the file does not take: no room, another program, a fault."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from vqd.domain.errors import VqdError
from vqd.store import calm
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
def failures() -> list[str]:
    """What the writer told of itself."""
    return []


@pytest.fixture
def writer(connection: SqliteConnection, tmp_path: Path, failures: list[str]) -> Iterator[Writer]:
    transactions = SqliteTransactions(connection, tmp_path / "queue.db")
    made = Writer(transactions, on_failure=lambda: failures.append("failed"))
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
        ended.wait(60)

    asked = writer.ask(wait)
    begun.wait(60)
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


def test_while_another_program_holds_the_queue_nothing_is_written_and_all_can_be_after_that(
    connection: sqlite3.Connection, writer: Writer, failures: list[str], tmp_path: Path
) -> None:
    connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(tmp_path / "queue.db", isolation_level=None)) as another:
        another.execute("BEGIN EXCLUSIVE")
        with pytest.raises(VqdError, match="database is locked") as raised:
            writer.write(fact("one"))
    assert raised.value.code == "store_locked"
    assert raised.value.may_pass
    assert writer.write(fact("one")) == 1
    assert failures == []


def test_after_a_fault_that_no_second_try_mends_nothing_more_is_written(
    connection: sqlite3.Connection, writer: Writer, failures: list[str]
) -> None:
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(VqdError, match="SQLITE_READONLY") as raised:
        writer.write(fact("one"))
    assert (raised.value.code, failures) == ("store_unwritten", ["failed"])
    connection.execute("PRAGMA query_only = OFF")
    with pytest.raises(VqdError, match="SQLITE_READONLY"):
        writer.write(fact("two"))
    assert (facts(connection), failures) == ([], ["failed"])


def test_a_write_that_is_at_fault_itself_takes_none_with_it(
    connection: sqlite3.Connection, writer: Writer
) -> None:
    with busy(writer):
        good, bad = writer.ask(fact("good")), writer.ask(fact(""))
    with pytest.raises(sqlite3.IntegrityError):
        bad.result()
    assert good.result() == 1
    assert facts(connection) == ["good"]


def test_a_bulk_write_lets_by_what_follows_an_urgent_one(
    connection: sqlite3.Connection, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CALM_S", "APART_S"):
        monkeypatch.setattr(calm, name, 60)
    assert writer.ask(fact("the first of a bulk"), bulk=True).result() == 1
    assert writer.write(fact("urgent")) == 1
    bulk = writer.ask(fact("the second of it"), bulk=True)
    assert writer.write(fact("what follows")) == 1
    assert not bulk.done()
    writer.close()
    assert bulk.result() == 1
    assert facts(connection) == [
        "the first of a bulk",
        "urgent",
        "what follows",
        "the second of it",
    ]


def test_a_bulk_write_comes_about_however_many_urgent_ones_do(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calm, "CALM_S", 60)
    monkeypatch.setattr(calm, "APART_S", 0.001)
    for number in range(3):
        assert writer.write(fact(f"urgent {number}")) == 1
        assert writer.write(fact(f"bulk {number}"), bulk=True) == 1
