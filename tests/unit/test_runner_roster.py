"""How the servers are, written down as it changes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import NOW
from vqd.domain.errors import VqdError
from vqd.runner.inputs import InputChecks
from vqd.runner.roster import Roster
from vqd.runner.server import Server, ServerAddress
from vqd.store import connection
from vqd.store.store import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A queue that waits for no other program."""
    monkeypatch.setattr(connection, "WRITES_BUSY_S", 0.0)
    opened = Store(tmp_path / "queue.db")
    yield opened
    opened.close()


def a_server(name: str) -> Server:
    return Server(ServerAddress(name, "http://127.0.0.1:9"), InputChecks(), on_change=lambda: None)


def states(store: Store) -> dict[str, str | None]:
    with store.reading() as session:
        return {one.server: one.said for one in session.servers.all()}


def test_what_the_queue_did_not_take_is_written_with_what_comes_next(
    store: Store, tmp_path: Path
) -> None:
    servers = {name: a_server(name) for name in ("gone", "gpu1", "gpu2")}
    roster = Roster(store, servers.values())
    roster.note(NOW)
    del servers["gone"]
    roster.forget_others()
    servers["gpu1"].note_leaving(is_leaving=True)
    with closing(sqlite3.connect(tmp_path / "queue.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(VqdError, match="locked"):
            roster.note(NOW)
    assert states(store) == dict.fromkeys(("gone", "gpu1", "gpu2"), "not connected yet")
    roster.note(NOW)
    leaving = "not in the settings any more; what runs there comes to its end"
    assert states(store) == {"gpu1": leaving, "gpu2": "not connected yet"}
