"""What every test may ask for, and what none may leave behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.daemons import Daemon
from tests.manager import Manager
from tests.postgres import Postgres, postgres_server, require_postgres
from tests.proxy import Proxy
from tests.waiting import wait_for
from tests.webhouse import POOLED
from vqd.engine.child import EngineProcess
from vqd.spool.layout import Spool
from vqd.store.store import Store

# Of two runs of one code none finds what the other does not, and none fails of a slow machine.
settings.register_profile(
    "vqd", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("vqd")

_LAST = ("browser", "store", "unit")
"""Folders whose files begin after all others: a browser fails what it loads while tests/boot and
tests/cluster change the machine's network, and what takes seconds is no long wait at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files begin in that order, which script/test keeps."""
    items.sort(key=lambda item: _LAST.index(_folder(item)) if _folder(item) in _LAST else -1)


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty queue in a file of its own."""
    opened = Store(tmp_path / "queue.db")
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool.create(tmp_path / "spool")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon on the built-in engine, not started yet."""
    made = Daemon(tmp_path / "house")
    yield made
    made.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """What hears in systemd's place what this process, and those that it starts, tell of it."""
    made = Manager(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", made.address)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this process; skips where there is none."""
    require_postgres()
    with postgres_server() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """The built-in engine as a process, one for all tests of a module."""
    process = EngineProcess(tmp_path_factory.mktemp("engine"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def proxy(engine: EngineProcess) -> Iterator[Proxy]:
    """What stands between a daemon and the engine, and answers as a test wants."""
    with Proxy(engine.url) as made:
        yield made


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_for(
        lambda: not [one for one in _alive() if one not in before],
        within_s=30,
        what="the end of every thread that the test began",
    )


def _alive() -> list[threading.Thread]:
    """Every thread, but those of a web server's pool, which ends with that (tests/webhouse.py)."""
    return [one for one in threading.enumerate() if one.is_alive() and one.name != POOLED]
