"""What the contract of the store is kept by: a queue in SQLite's file, and one in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from vqd.domain.place import Database, Place
from vqd.store.store import Store


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a queue lies that has no job yet."""
    if request.param == "sqlite":
        yield tmp_path / "queue.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.database(postgres.template("queue", lay_out))
    yield Database(url)
    postgres.drop(url)


def lay_out(url: str) -> None:
    """Make an empty queue in a database."""
    Store(Database(url)).close()


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """The queue that lies there."""
    opened = Store(place)
    yield opened
    opened.close()
