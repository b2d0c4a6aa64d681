"""What is asked of a file of SQLite's, and what is refused."""

import sqlite3
from pathlib import Path

import pytest

from tests.builders import accept_a_job
from vqd.domain.errors import VqdError
from vqd.store.connection import APPLICATION_ID
from vqd.store.store import Store, StoreReader


def test_a_file_that_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    path.mkdir()
    with pytest.raises(VqdError) as caught:
        Store(path)
    assert caught.value.code == "store_unopened"


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    path.write_bytes(b"this is no database, it is a text of more than a hundred bytes. " * 9)
    with pytest.raises(VqdError) as caught:
        Store(path)
    assert caught.value.code == "store_damaged"


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()
    with pytest.raises(VqdError) as caught:
        Store(path)
    assert caught.value.code == "store_not_vqd"


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "queue.db").close()
    connection = sqlite3.connect(tmp_path / "queue.db")
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(VqdError) as caught:
        Store(tmp_path / "queue.db")
    assert caught.value.code == "store_too_new"


def test_reading_beside_the_daemon_needs_a_queue(tmp_path: Path) -> None:
    reader = StoreReader(tmp_path / "none.db")
    with pytest.raises(VqdError) as caught, reader.reading():
        pass
    assert caught.value.code == "store_missing"


def test_the_file_says_that_it_is_vqds_and_survives_reopening(tmp_path: Path) -> None:
    first = Store(tmp_path / "queue.db")
    accept_a_job(first, "kept")
    first.close()
    again = Store(tmp_path / "queue.db")
    with again.reading() as session:
        assert session.jobs.find("kept") is not None
    again.close()
    connection = sqlite3.connect(tmp_path / "queue.db")
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()
