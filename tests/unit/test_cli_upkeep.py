"""backup, restore and db: what they say, and how they end."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import accept_a_job, write
from tests.house import House
from vqd.cli.codes import EXIT_REFUSED, EXIT_WARNED, EXIT_WRONG

JOB = "20260101-000000-beach"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A queue with a job whose folder is where it is to be."""
    made = House(tmp_path)
    store = made.store()
    accept_a_job(store, JOB)
    store.close()
    write(tmp_path / "spool" / "active" / JOB / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    return made


@contextmanager
def serving(house: House) -> Iterator[None]:
    """As while a daemon runs there."""
    with (house.folder / "state" / "daemon.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def state_of(house: House) -> set[str]:
    return {path.name.split("-")[0] for path in (house.folder / "state").iterdir()}


def test_a_backup_says_where_it_lies_and_what_it_holds(house: House) -> None:
    with serving(house):
        said = house.vqd("backup")
    assert said.exit_code == 0
    (made,) = (house.folder / "state" / "backups").glob("*.db")
    assert said.stdout.startswith(f"{made}: 1 job, 1 of them not over, ")


def test_it_goes_where_it_is_told_to_and_so_many_are_kept(house: House) -> None:
    for _ in range(3):
        assert (
            house.vqd("backup", "--to", str(house.folder / "there"), "--keep", "2").exit_code == 0
        )
    assert len(list((house.folder / "there").glob("*.db"))) == 2
    assert not (house.folder / "state" / "backups").exists()


def test_a_restore_says_what_it_put_there_and_what_it_kept(house: House) -> None:
    made = Path(json.loads(house.vqd("backup", "--json").stdout)["backup"])
    said = house.vqd("restore", str(made.parent))
    assert said.exit_code == 0
    (kept,) = (house.folder / "state").glob("replaced-*")
    assert str(made) in said.stdout
    assert f"{kept}, the queue that was there" in said.stdout
    assert state_of(house) == {"queue.db", "backups", "replaced", "daemon.lock"}


@pytest.mark.parametrize("words", [("restore", "state/backups"), ("db", "rebuild")])
def test_nothing_is_put_in_the_place_of_a_queue_that_a_daemon_uses(
    house: House, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(house.folder)
    house.vqd("backup")
    with serving(house):
        said = house.vqd(*words)
    assert said.exit_code == EXIT_REFUSED
    assert "[already_running]" in said.stderr
    assert state_of(house) == {"queue.db", "backups", "daemon.lock"}


def test_of_a_backup_that_is_not_there_the_newest_is_named(house: House) -> None:
    assert "vqd backup makes one" in house.vqd("restore", "none.db").stderr
    made = json.loads(house.vqd("backup", "--json").stdout)["backup"]
    said = house.vqd("restore", "none.db")
    assert (said.exit_code, made in said.stderr) == (EXIT_REFUSED, True)
    assert "[backup_missing]" in house.vqd("restore", str(house.folder)).stderr


def test_a_queue_that_is_to_be_made_anew_is_kept(house: House) -> None:
    said = house.vqd("db", "rebuild")
    (kept,) = (house.folder / "state").glob("replaced-*")
    assert (said.exit_code, str(kept) in said.stdout) == (0, True)
    again = house.vqd("db", "rebuild")
    assert (again.exit_code, "there is no queue" in again.stdout) == (0, True)


def test_while_the_share_is_away_no_queue_is_set_aside(house: House) -> None:
    (house.folder / "spool" / ".vqd-spool").unlink()
    said = house.vqd("db", "rebuild")
    assert (said.exit_code, "[spool_away]" in said.stderr) == (EXIT_REFUSED, True)
    assert "queue.db" in state_of(house)


def test_a_queue_in_which_all_agrees_is_told_to_be_well(house: House) -> None:
    said = house.vqd("db", "check")
    assert (said.exit_code, "all is well" in said.stdout) == (0, True)


def test_folders_that_the_queue_does_not_know_could_be_better(house: House) -> None:
    for number in range(5):
        folder = house.folder / "spool" / "active" / f"20260102-000000-{number}"
        write(folder / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    said = house.vqd("db", "check", "--json")
    assert said.exit_code == EXIT_WARNED
    found = [one for one in json.loads(said.stdout)["findings"] if one["level"] == "warn"]
    assert {one["code"] for one in found} == {"folder_unknown"}
    assert "20260102-000000-0 lies in active/" in found[0]["said"]
    assert found[-1]["said"].startswith("2 more folders")


@pytest.mark.parametrize(("succeeded", "ends"), [(1, EXIT_WARNED), (2, 0)])
def test_a_folder_is_unknown_only_if_a_start_would_take_it_in(
    house: House, succeeded: int, ends: int
) -> None:
    told = f"""\
job: 20260102-000000-a
workflow: image-scale
state: done
reason: null
counts: {{total: 1, pending: 0, running: 0, succeeded: {succeeded}, failed: 0, cancelled: 0}}
accepted_at: '2026-01-02T00:00:00Z'
started_at: null
finished_at: null
problems: []
drift: []
heartbeat_at: '2026-01-02T00:00:00Z'
"""
    write(house.folder / "spool" / "done" / "20260102-000000-a" / "STATUS.yaml", told)
    said = house.vqd("db", "check")
    assert (said.exit_code, "unknown to the queue" in said.stdout) == (ends, bool(ends))


def test_a_job_that_lost_its_folder_is_wrong(house: House) -> None:
    (house.folder / "spool" / "active" / JOB).rename(house.folder / "elsewhere")
    said = house.vqd("db", "check")
    assert (said.exit_code, "has no folder" in said.stdout) == (EXIT_WRONG, True)
