"""What tests of single rooms may ask for."""

from collections.abc import Iterator

import pytest

from tests.strange_server import StrangeServer
from vqd.comfy.client import Client
from vqd.watchers import reading


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a job be read within one look, however slow the machine is."""
    monkeypatch.setattr(reading, "PATIENCE_S", 30.0)


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    """A server that answers as a test says."""
    with StrangeServer() as strange:
        yield strange


@pytest.fixture
def client(server: StrangeServer) -> Iterator[Client]:
    """A client of it."""
    opened = Client(server.url, timeout_s=2.0)
    yield opened
    opened.close()
