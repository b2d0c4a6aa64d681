"""A daemon whose queue lies in PostgreSQL: all that there is, and what comes of a server that is
not there for a while."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon, status_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.ports import lasting_port
from tests.postgres import PROGRAMS, Postgres, postgres_server, require_postgres
from tests.samples import picture_job
from tests.waiting import wait_for

WIDE = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [700x500, 710x500, 720x500, 730x500, 740x500, 750x500]
    method: [lanczos, area]
retry: {limit: 0}
"""
PROMPTS = 12


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[Daemon]:
    """A daemon with a queue in a database of its own."""
    made = Daemon(tmp_path / "house", database=database)
    yield made
    made.close()


def drop(daemon: Daemon, folder: Path, name: str, *, pictures: int = 1, job: str = WIDE) -> None:
    picture_job(folder / name, pictures=pictures, job=job).rename(daemon.spool.inbox / name)


def begun(daemon: Daemon, folder: Path, *, pictures: int = 1) -> Path:
    """Let a job begin, of which much is left to do; gives its folder."""
    daemon.start()
    drop(daemon, folder, "wide", pictures=pictures)
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=60)
    (active,) = daemon.spool.active.glob("*-wide")
    return active


def test_a_job_goes_from_the_inbox_to_done_and_every_verb_knows_of_it(
    house: Daemon, tmp_path: Path
) -> None:
    pause = write(house.spool.root / "PAUSE", "")
    house.start()
    drop(house, tmp_path, "wide")
    wait_for(lambda: "wide" in house.vqd("status").stdout, within_s=60)
    assert "PAUSE" in house.vqd("explain", "wide").stdout
    pause.unlink()
    wait_for(lambda: house.logged("prompt.concluded"), within_s=60)
    house.kill()
    house.start()
    done = house.wait_done("wide")
    assert_made_once(house, done, PROMPTS)
    assert set(outcomes(house)) <= {"succeeded", "lost"}  # its engine was killed with it
    assert "wide" in house.vqd("list").stdout
    assert f"{PROMPTS}" in house.vqd("show", "wide").stdout
    assert "builtin" in house.vqd("servers").stdout
    checked = house.vqd("db", "check")
    assert "every counter is right" in checked.stdout
    assert "fsync is off there" in checked.stdout  # as it is where a test starts the server
    assert not (house.folder / "state" / "queue.db").exists()


def test_what_postgres_does_itself_is_refused_with_what_to_do(house: Daemon) -> None:
    house.start()
    refused = house.vqd("backup")
    assert refused.returncode != 0
    assert "pg_dump" in refused.stderr
    assert house.stop() == 0
    refused = house.vqd("restore", "yesterday.db")
    assert "pg_restore" in refused.stderr


def test_a_queue_in_postgres_is_made_anew_of_the_folders(house: Daemon, tmp_path: Path) -> None:
    house.start()
    drop(house, tmp_path, "one", job="vqd: 1\nworkflow: image-scale\n")
    house.wait_done("one")
    refused = house.vqd("db", "rebuild")
    assert "already" in refused.stderr
    house.stop()
    rebuilt = house.vqd("db", "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "schema vqd_replaced_" in rebuilt.stdout
    house.start()
    assert "one" in house.vqd("list").stdout


def test_a_queue_moves_to_postgres_in_the_middle_of_a_job(tmp_path: Path, database: str) -> None:
    before = Daemon(tmp_path / "house")
    begun(before, tmp_path)
    assert "already_running" in before.vqd("db", "migrate", "--to", database).stderr
    before.stop()
    nobody = f"postgresql://vqd@127.0.0.1:{lasting_port()}/vqd"
    away = before.vqd("db", "migrate", "--to", nobody).stderr
    assert "Say it again once PostgreSQL answers" in away
    assert "[store_unreachable]" in away
    moved = before.vqd("db", "migrate", "--to", database)
    assert moved.returncode == 0, moved.stderr
    assert f"1 job, {PROMPTS} prompts" in moved.stdout
    assert f"  database: {database}" in moved.stdout.splitlines()
    after = Daemon(tmp_path / "house", database=database)
    try:
        after.start()
        assert_made_once(after, after.wait_done("wide"), PROMPTS)
    finally:
        after.close()
    back = after.vqd("db", "migrate", "--to", "sqlite")
    assert "take `database` out of the settings" in back.stdout, back.stderr
    assert (after.folder / "state" / "queue.db").exists()


def test_a_dump_of_yesterday_is_brought_to_what_the_folders_tell(
    house: Daemon, tmp_path: Path, database: str
) -> None:
    begun(house, tmp_path)
    dump = str(tmp_path / "queue.dump")
    pg("pg_dump", "--format=custom", "--schema=vqd", f"--file={dump}", database)
    done = house.wait_done("wide")
    assert house.stop() == 0
    pg("psql", "--quiet", "--command=DROP SCHEMA IF EXISTS vqd_leases CASCADE", database)
    restoring = ("--clean", "--if-exists", "--single-transaction")
    pg("pg_restore", *restoring, f"--dbname={database}", dump)
    concluded = len(house.logged("prompt.concluded"))
    house.start()
    wait_for(lambda: f"{PROMPTS}/{PROMPTS}" in house.vqd("list").stdout, within_s=60)
    assert house.closed("wide") == done
    assert len(house.logged("prompt.concluded")) == concluded


def pg(program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs."""
    assert PROGRAMS is not None
    subprocess.run([PROGRAMS / program, *words], check=True, capture_output=True)


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL that only one test uses, which may do to it what it likes."""
    require_postgres()
    with postgres_server() as server:
        yield server


def test_a_server_that_goes_away_parks_everything_until_it_is_back(
    own: Postgres, tmp_path: Path
) -> None:
    daemon = Daemon(tmp_path / "house", database=own.database())
    try:
        active = begun(daemon, tmp_path, pictures=4)
        own.stop()
        wait_for(lambda: daemon.logged("room.refused"), within_s=60)
        drop(daemon, tmp_path, "meanwhile", job="vqd: 1\nworkflow: image-scale\n")
        write(active / "PRIORITY 60", "")
        assert "cannot be reached" in daemon.vqd("list").stderr
        own.start()
        assert_made_once(daemon, daemon.wait_done("wide"), 4 * PROMPTS)
        daemon.wait_done("meanwhile")
        assert set(outcomes(daemon)) <= {"succeeded", "withdrawn"}
        assert len(daemon.logged("daemon.started")) == 1
        assert status_of(daemon.spool.done / active.name)["counts"]["succeeded"] == 4 * PROMPTS
    finally:
        daemon.close()


def test_a_daemon_that_finds_no_server_says_so_and_ends(own: Postgres, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "house", database=own.database())
    own.stop()
    daemon.start(may_end=True)
    assert daemon.process is not None
    assert daemon.process.wait(90) != 0
    said = (daemon.folder / "daemon.log").read_text(encoding="utf-8")
    assert "The queue cannot be reached" in said
