"""A queue that is moved from SQLite to PostgreSQL and back has every row that it had."""

import os
import pwd
import signal
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from tests.mounts import largest_file
from tests.ports import lasting_port
from tests.store.counting import count
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.notice import HouseEvent
from vqd.domain.outcome import Failed, FailureCode, OutputFile, Succeeded
from vqd.domain.place import Database, Place
from vqd.domain.schedule import Schedule
from vqd.domain.server import ServerRecord
from vqd.store.learning import learn
from vqd.store.relocating import relocate
from vqd.store.store import Session, Store

EMPTY = HouseEvent.QUEUE_EMPTY
TABLES = ("jobs", "prompts", "outputs", "events", "labels", "awaited", "needs", "requirements")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A queue in a file with a bit of everything, a prompt that runs, and text of all kinds."""
    path = tmp_path / "queue.db"
    with closing(Store(path)) as store:
        first = accept_a_job(store, "done", total=3, labels={"shot": "Ünï \U0001f3ac"})
        accept_a_job(store, "waits", schedule=Schedule(after=("done",), suspended=True))
        accept_a_job(store, "open", total=2100)
        learn(store, "gpu1", "a" * 64, {"Blur": {"input": {}}}.items, now=NOW)
        seen = ServerRecord("gpu1", "http://gpu1:8188", "up", None, None, NOW, NOW, 24.5, ("wan",))
        store.write(lambda session: session.servers.note([seen]))
        store.write(lambda session: end(session, first))
        store.write(lambda session: session.prompts.claim("gpu1", "p-9", now=NOW))
        store.write(lambda session: session.rules.keep(is_fair=True))
    return path


def end(session: Session, job_key: int) -> None:
    output = OutputFile("clip", "outputs/ä b.mp4", "video", "c" * 64, 1 << 40, fps=23.976)
    for number in (1, 2, 3):
        prompt = session.prompts.claim("gpu1", f"p-{number}", now=NOW + 0.1)
        assert prompt is not None
        if number == 3:
            failed = Failed(FailureCode.NODE_ERROR, "so\0said")
            session.prompts.fail(prompt.key, failed, now=NOW + 1 / 3)
            continue
        made = (output,) if number == 1 else ()
        session.prompts.succeed(prompt.key, Succeeded(made, 0.1 + 0.2, {}), now=NOW + 1 / 3)
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, JobState.FAILED, "one failed", now=NOW + 1e-6)


def refuse(session: Session, *, said: str) -> None:
    session.refusals.note(said)


def told(place: Place) -> str:
    """What a person sees of a queue, and how many rows its tables have; without NULs, which text in
    PostgreSQL has not."""
    with closing(Store(place)) as store, store.reading() as session:
        jobs = session.joblist.newest(9)
        prompts = [session.listing.prompts(job.job_key, limit=5) for job in jobs]
        events = [session.events.of_job(job.job_key) for job in jobs]
        servers, is_fair = session.servers.all(), session.rules.is_fair()
    rows = [count(place, table) for table in TABLES]
    return repr((jobs, prompts, events, servers, is_fair, rows)).replace(r"\x00", "\ufffd")


def test_there_and_back_again_it_is_the_same_queue(file: Path, database: str) -> None:
    there = Database(database)
    moved = relocate(file, there, now=NOW)
    assert (moved.jobs, moved.prompts) == (3, 2105)
    assert not file.exists()
    kept = Path(moved.kept) / "queue.db"
    was = told(kept)
    assert told(there) == was
    back = relocate(there, file, now=NOW + 1)
    assert back.rows == moved.rows
    assert back.kept.startswith("schema vqd_replaced_")
    assert told(file) == was


def test_what_ran_waits_again_and_is_taken_off_its_server(file: Path, database: str) -> None:
    relocate(file, Database(database), now=NOW)
    with closing(Store(Database(database))) as store, store.reading() as session:
        assert session.prompts.running() == []
        assert session.servers.strays() == [("gpu1", "p-9")]
        job = session.jobs.find("open")
        assert job is not None
        assert (job.counts.pending, job.counts.running) == (2100, 0)


def test_new_keys_come_after_those_that_were_moved(file: Path, database: str) -> None:
    relocate(file, Database(database), now=NOW)
    with closing(Store(Database(database))) as store:
        assert accept_a_job(store, "next") == 4
        store.write(lambda session: session.prompts.claim("gpu1", "p-10", now=NOW))


def test_where_there_is_another_queue_nothing_is_moved(file: Path, database: str) -> None:
    with closing(Store(Database(database))) as store:
        accept_a_job(store, "theirs")
    with pytest.raises(VqdError) as caught:
        relocate(file, Database(database), now=NOW)
    assert caught.value.code == "relocate_not_empty"
    assert count(file, "jobs") == 3
    assert count(Database(database), "jobs") == 1


def runs(place: Place) -> list[str | None]:
    """The prompt_ids of what runs."""
    with closing(Store(place)) as store, store.reading() as session:
        return [prompt.prompt_id for prompt in session.prompts.running()]


@pytest.mark.parametrize("way", ["there", "back"])
def test_what_runs_goes_on_where_another_queue_is_in_the_way(
    file: Path, database: str, way: str
) -> None:
    ends: tuple[Place, Place] = (file, Database(database))
    with closing(Store(Database(database))) as store:
        accept_a_job(store, "theirs")
        store.write(lambda session: session.prompts.claim("gpu1", "p-7", now=NOW))
    source, target = ends if way == "there" else ends[::-1]
    before = runs(source)
    with pytest.raises(VqdError) as caught:
        relocate(source, target, now=NOW)
    assert caught.value.code == "relocate_not_empty"
    assert len(before) == 1
    assert runs(source) == before


def test_what_runs_goes_on_where_the_database_cannot_be_reached(file: Path) -> None:
    nobody = Database(f"postgresql://vqd@127.0.0.1:{lasting_port()}/vqd")
    with pytest.raises(VqdError) as caught:
        relocate(file, nobody, now=NOW)
    assert caught.value.code == "store_unreachable"
    assert runs(file) == ["p-9"]


def test_of_a_queue_that_a_disk_does_not_take_nothing_is_left_there(
    file: Path, database: str
) -> None:
    relocate(file, Database(database), now=NOW)
    before = set(file.parent.iterdir())
    with largest_file(700_000), pytest.raises(VqdError) as caught:
        relocate(Database(database), file, now=NOW)
    assert caught.value.code == "store_disk"
    assert set(file.parent.iterdir()) == before
    assert relocate(Database(database), file, now=NOW).jobs == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can move a queue for somebody else")
def test_a_queue_that_root_moves_is_that_of_the_user_of_its_folder(
    file: Path, database: str
) -> None:
    relocate(file, Database(database), now=NOW)
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(file.parent, nobody, -1)
    relocate(Database(database), file, now=NOW)
    assert file.stat().st_uid == nobody


def test_a_queue_that_a_daemon_uses_is_not_moved(file: Path, database: str, tmp_path: Path) -> None:
    relocate(file, Database(database), now=NOW)
    with closing(Store(Database(database))), pytest.raises(VqdError) as caught:
        relocate(Database(database), file, now=NOW)
    assert caught.value.code == "already_running"
    assert not file.exists()


def test_what_another_host_told_of_itself_is_left(file: Path, database: str) -> None:
    ours, theirs = Database(database, home="ours"), Database(database, home="theirs")
    relocate(file, ours, now=NOW)
    for place in (ours, theirs):
        with closing(Store(place)) as store:
            store.write(lambda session: session.house.begin("queue", EMPTY, now=NOW))
            store.write(partial(refuse, said=place.home))
    relocate(ours, file, now=NOW)
    assert (count(file, "house"), count(file, "refusals")) == (1, 1)
    with closing(Store(file)) as store, store.reading() as session:
        assert session.refusals.said() == "ours"


@pytest.mark.parametrize("home", ["ours", "nobody's"])
def test_a_queue_in_which_another_spool_has_jobs_is_not_moved_into_a_file(
    file: Path, database: str, home: str
) -> None:
    with closing(Store(Database(database, home="theirs"))) as store:
        accept_a_job(store, "theirs")
    with closing(Store(Database(database, home="ours"))) as store:
        accept_a_job(store, "ours")
    file.unlink()
    with pytest.raises(VqdError, match="spool") as caught:
        relocate(Database(database, home=home), file, now=NOW)
    assert caught.value.code == "relocate_shared"
    assert not file.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from vqd.domain.place import Database
from vqd.store.relocating import relocate
def die(part):
    if part > 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
file, url = Path(sys.argv[1]), Database(sys.argv[2])
ends = (file, url) if file.exists() else (url, file)
relocate(*ends, now=1.0, on_progress=die)
"""


@pytest.mark.parametrize("way", ["there", "back"])
def test_killed_in_the_middle_nothing_is_lost_and_it_can_be_said_again(
    file: Path, database: str, way: str
) -> None:
    there = Database(database)
    if way == "back":
        relocate(file, there, now=NOW)
    source, target = (file, there) if way == "there" else (there, file)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(file), database], check=False)
    assert ended.returncode == -signal.SIGKILL
    with pytest.raises(VqdError, match="there is no queue yet"):
        count(target, "jobs")
    assert count(source, "jobs") == 3
    assert relocate(source, target, now=NOW).jobs == 3


def test_cut_off_before_the_old_one_was_set_aside_it_goes_on_there(
    file: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr("vqd.store.relocating.set_aside", die)
        with pytest.raises(OSError, match="cut off"):
            relocate(file, Database(database), now=NOW)
    assert file.exists()
    assert relocate(file, Database(database), now=NOW).jobs == 3
    assert not file.exists()
