"""What a verb imports is most of the time that it takes to start: this, and no time, is checked."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from tests.house import House
from vqd.domain.server import ServerRecord

HEAVY = {
    "PIL",
    "aiohttp",
    "apprise",
    "asyncio",
    "av",
    "fastapi",
    "http.client",
    "importlib.resources",
    "numpy",
    "orjson",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "requests",
    "rich",
    "ssl",
    "structlog",
    "subprocess",
    "tempfile",
    "urllib.request",
    "uvicorn",
    "watchdog",
    "websocket",
}
NOT_FOR_A_LOOK = {
    "vqd.cli.client",
    "vqd.domain.job",
    "vqd.domain.workflow",
    "vqd.service.control",
    "vqd.service.explain",
    "vqd.service.views",
    "vqd.settings.model",
    "vqd.store.store",
    "vqd.store.writer",
}
"""Modules of vqd's own that bring much with them, or can do more than look."""

RUN = """
import json, sys
from vqd.__main__ import main
sys.argv = ["vqd", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps([*sys.modules]), file=sys.stderr)
"""

LOOKED_THROUGH = """
import gc, json, sys
from vqd.__main__ import main
sys.argv = ["vqd", *sys.argv[1:]]
try:
    main()
finally:
    looks = [generation["collections"] for generation in gc.get_stats()]
    print(json.dumps([looks, gc.get_freeze_count()]), file=sys.stderr)
"""

CERTIFICATES = """
import gc, ssl, sys
from vqd.__main__ import main
sys.argv = ["vqd", *sys.argv[1:]]
try:
    main()
finally:
    contexts = [one for one in gc.get_objects() if isinstance(one, ssl.SSLContext)]
    print(sum(one.cert_store_stats()["x509"] for one in contexts), file=sys.stderr)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A queue in which a job waits that will be done at a time that can be told."""
    made = House(tmp_path)
    store = made.store()
    job_key = accept_a_job(store, total=3, labels={"client": "acme"}, comment="second round")
    up = ServerRecord("gpu0", "http://gpu0", "up", None, "0.4", NOW)
    store.write(lambda session: session.servers.note([up]))
    store.write(lambda session: session.schedules.measure(job_key, 600.0))
    store.close()
    return made


def imported_by(house: House, *words: str) -> set[str]:
    """Give what a verb imports in an interpreter of its own, and check that it tells of the job."""
    command = [sys.executable, "-c", RUN, *words, "--settings", str(house.settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "20260101-000000-a" in done.stdout
    return {*json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("list",)])
def test_a_look_at_the_queue_imports_nothing_heavy(house: House, words: tuple[str, ...]) -> None:
    imported = imported_by(house, *words)
    assert imported & HEAVY == set()
    assert imported & NOT_FOR_A_LOOK == set()


def test_how_long_a_busy_queue_takes_is_told_without_what_carries_it_out(house: House) -> None:
    with (house.folder / "state" / "daemon.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a daemon holds it
        imported = imported_by(house, "status")
    assert "vqd.store.foresight" in imported
    assert imported & HEAVY <= {"orjson"}
    assert imported & NOT_FOR_A_LOOK == set()


def said_by_an_engine(script: str, data: Path) -> str:
    """Give what a script says in the end that has started an engine."""
    command = [sys.executable, "-c", script, "engine", "--port", "0", "--data", str(data)]
    done = subprocess.run(
        [*command, "--stop-with-parent"],
        input="",  # which ends, as a parent does
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("http://127.0.0.1:")
    return done.stderr.splitlines()[-1]


def said_by_a_daemon(script: str, folder: Path) -> str:
    """Give what a script says in the end that has started a daemon, which finds no settings."""
    command = [sys.executable, "-c", script, "run", "--settings", str(folder / "missing.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "[settings_missing]" in done.stderr
    return done.stderr.splitlines()[-1]


def test_the_engine_is_served_with_nothing_of_the_daemon(tmp_path: Path) -> None:
    imported = {*json.loads(said_by_an_engine(RUN, tmp_path))}
    assert "vqd.engine.server" in imported
    assert imported & {"vqd.daemon", "vqd.settings.model", "vqd.store.store", "pydantic"} == set()
    assert "av" not in imported


def test_the_engine_reads_no_certificates_for_a_client_that_it_has_no_use_for(
    tmp_path: Path,
) -> None:
    assert said_by_an_engine(CERTIFICATES, tmp_path) == "0"


def test_a_daemon_imports_nothing_that_only_terminals_and_pictures_need(tmp_path: Path) -> None:
    imported = {*json.loads(said_by_a_daemon(RUN, tmp_path))}
    assert "vqd.daemon" in imported
    assert imported & {"rich", "pygments", "PIL", "av", "numpy", "aiohttp", "requests"} == set()


def test_what_a_daemon_imports_is_hardly_looked_through_for_garbage(tmp_path: Path) -> None:
    (young, older, oldest), frozen = json.loads(said_by_a_daemon(LOOKED_THROUGH, tmp_path))
    assert young < 60  # two hundred times by Python's own threshold
    assert (older, oldest) <= (4, 0)
    assert frozen > 10_000


def test_a_queue_elsewhere_is_asked_without_what_reads_one_here() -> None:
    command = [sys.executable, "-c", RUN, "status", "--url", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    imported = {*json.loads(done.stderr.splitlines()[-1])}
    assert done.returncode == 5
    assert "requests" in imported
    assert imported & {"sqlite3", "yaml", "structlog", "vqd.cli.beside"} == set()
