import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job, job_of, write
from tests.waiting import wait_for
from vqd.cli.statusfile import read_status
from vqd.domain.job import PlannedJob
from vqd.domain.lifecycle import PROOF_MADE, JobState, Move, PromptState
from vqd.domain.outcome import Failed, FailureCode, Parcel, Progress
from vqd.domain.queue import PromptKey
from vqd.domain.schedule import Judgement
from vqd.domain.server import ServerRecord
from vqd.runner.publish import AT_ONCE, Publisher
from vqd.runner.room import Room
from vqd.service.control import Control
from vqd.spool.files import temporary_beside
from vqd.spool.layout import Spool
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks, Space
from vqd.store.store import Store

JOB = "20260101-000000-a"


@pytest.fixture
def over(store: Store, spool: Spool) -> int:
    """A job of which nothing runs any more; its key."""
    return a_job_that_is_over(store, spool, JOB)


def a_job_that_is_over(store: Store, spool: Spool, job: str) -> int:
    job_key = accept_a_job(store, job)
    store.write(
        lambda session: session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    )
    write(spool.active / job / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    return job_key


@pytest.fixture
def publisher(store: Store, spool: Spool) -> Iterator[Publisher]:
    made = Publisher(store, spool, on_change=lambda: None)
    made.start()
    yield made
    made.stop()


def test_a_status_that_cannot_be_written_again_and_again_is_logged_once(
    publisher: Publisher, store: Store, spool: Spool, over: int
) -> None:
    temporary_beside(spool.active / JOB / "STATUS.yaml").mkdir()
    with capture_logs() as log:
        for job in ("20260101-000000-b", "20260101-000000-c"):
            publisher.tell([over, a_job_that_is_over(store, spool, job)], {}, None)
            wait_for((spool.active / job / "STATUS.yaml").is_file, within_s=30)
    assert [line["event"] for line in log] == ["status.unwritten"]


def test_a_status_that_cannot_be_told_holds_up_no_publishing(
    publisher: Publisher, spool: Spool, over: int
) -> None:
    publisher.tell([over], {PromptKey(over, 1): ("gpu1", Progress("1", float("nan")))}, None)
    publisher.publish(over, JOB)
    wait_for((spool.failed / JOB).is_dir, within_s=30)


def closed(publisher: Publisher, spool: Spool, job_key: int) -> Path:
    """Have a job that is over closed, and give its folder in failed/."""
    publisher.publish(job_key, JOB)
    return wait_for(lambda: [*spool.failed.glob(JOB)], within_s=30)[0]


def test_what_an_attempt_named_and_never_wrote_down_is_no_output_of_the_job(
    publisher: Publisher, spool: Spool, over: int
) -> None:
    write(spool.active / JOB / "outputs" / "deep" / "p1.png", "made")
    write(spool.active / JOB / "outputs" / "deep" / "p1.png.yaml", "vqd: 1")
    with capture_logs() as log:
        folder = closed(publisher, spool, over)
    assert (folder / "previous" / "outputs" / "deep" / "p1.png").read_text() == "made"
    assert (folder / "previous" / "outputs" / "deep" / "p1.png.yaml").is_file()
    assert [*(folder / "outputs").rglob("*.*")] == []
    assert not (folder / "inputs" / "previous").exists()
    assert [line["set_aside"] for line in log if line["event"] == "outputs.untold"] == [2]


@pytest.fixture
def theirs(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an output of which nothing tells, and which nobody may move."""
    path = write(spool.active / JOB / "outputs" / "theirs" / "p1.png", "made")
    rename = Path.rename

    def refuse_theirs(self: Path, target: Path) -> Path:
        if self == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_theirs)
    return path


@pytest.mark.usefixtures("theirs")
def test_what_may_not_be_moved_out_of_the_outputs_keeps_no_job_from_closing(
    publisher: Publisher, spool: Spool, over: int
) -> None:
    write(spool.active / JOB / "outputs" / "p2.png", "made")
    folder = closed(publisher, spool, over)
    assert (folder / "outputs" / "theirs" / "p1.png").is_file()
    assert (folder / "previous" / "outputs" / "p2.png").is_file()
    assert not (folder / "previous" / "outputs" / "theirs").exists()


@pytest.mark.usefixtures("theirs")
def test_where_nothing_may_be_moved_out_of_the_outputs_no_previous_is_left(
    publisher: Publisher, spool: Spool, over: int
) -> None:
    folder = closed(publisher, spool, over)
    assert (folder / "outputs" / "theirs" / "p1.png").is_file()
    assert [*folder.glob("previous*")] == []


def test_while_the_queue_is_not_written_either_a_job_waits_and_ends_no_thread(
    publisher: Publisher, store: Store, spool: Spool, over: int
) -> None:
    store.close()  # from here on nothing can be written, and all can be read
    publisher.publish(over, JOB)
    wait_for(lambda: publisher.again_s(time.monotonic()), within_s=60, what="its refusal")
    assert (spool.active / JOB).is_dir()
    publishing = [one for one in threading.enumerate() if one.name == "publisher"]
    assert len(publishing) == AT_ONCE


def test_a_job_whose_move_could_not_be_synced_is_over_only_when_it_is(
    store: Store, spool: Spool, over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def refuse_once(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append(path)
        if path == spool.failed and synced.count(path) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(os, "fsync", refuse_once)
    for times in (1, 2):
        one = Publisher(store, spool, on_change=lambda: None)
        one.start()
        one.publish(over, JOB)
        wait_for(lambda: synced.count(spool.failed) == times, within_s=60)  # noqa: B023
        one.stop()
        assert (spool.failed / JOB).is_dir()
        assert (job_of(store, over).state is JobState.PUBLISHING) == (times == 1)


def test_a_job_whose_share_does_not_tell_whether_its_folder_is_there_is_not_over(
    publisher: Publisher, store: Store, spool: Spool, over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = os.stat

    def untold(path: object, **how: Any) -> os.stat_result:
        if str(path).endswith(f"active/{JOB}"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return told(path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr("vqd.runner.publish.AGAIN_S", 0.0)
    with monkeypatch.context() as patch, capture_logs() as log:
        patch.setattr(os, "stat", untold)
        publisher.publish(over, JOB)
        wait_for(lambda: [one["event"] for one in log], within_s=30)
        wait_for(lambda: publisher.again_s(time.monotonic()) is not None, within_s=30)
    assert log[0]["event"] == "publish.postponed"
    assert job_of(store, over).finished_at is None
    assert closed(publisher, spool, over).is_dir()


def test_what_is_being_closed_again_is_not_asked_for_again(
    store: Store, spool: Spool, over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.publish.AGAIN_S", 0.0)
    spool.failed.rmdir()
    write(spool.failed, "a file in its place")
    postponed = threading.Event()
    publisher = Publisher(store, spool, on_change=postponed.set)
    publisher.start()
    publisher.publish(over, JOB)
    assert postponed.wait(60)
    assert publisher.again_s(time.monotonic()) == 0
    publisher.stop()
    publisher.publish(over, JOB)
    assert publisher.again_s(time.monotonic()) is None


def test_a_page_of_the_proof_is_there_before_the_status_tells_of_it(
    publisher: Publisher, store: Store, spool: Spool
) -> None:
    planned = a_planned_job(3, has_proof=True)
    firsts = [replace(one, is_proof=one.number < 3) for one in planned.prompts()]
    proved = PlannedJob(planned.plan, lambda: iter(firsts))
    store.accept(JOB, proved, A_JOB_FILE, input_folder="", now=NOW)
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    failed = Failed(FailureCode.NODE_ERROR, "it raised")
    store.write(lambda session: session.prompts.fail(prompt.key, failed, now=NOW))
    job_key = prompt.key.job_key
    folder = spool.active / JOB
    write(folder / "job.yaml", "")
    publisher.tell([job_key], {}, None)
    wait_for((folder / "STATUS.yaml").exists, within_s=30)
    assert not (folder / "proof.html").exists()
    (folder / "STATUS.yaml").unlink()
    store.write(lambda session: session.schedules.judged(job_key, Judgement(PROOF_MADE), now=NOW))
    publisher.tell([job_key], {}, None)
    wait_for((folder / "STATUS.yaml").exists, within_s=30)
    page = (folder / "proof.html").read_text(encoding="utf-8")
    assert [f'id="p{number}"' in page for number in (1, 2, 3)] == [True, True, False]
    assert "it raised" in page
    assert "2 prompts" in page


def test_a_job_that_takes_long_to_close_holds_up_no_other_and_no_status(
    store: Store, spool: Spool, over: int
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def clock() -> float:
        """The first that closes a job asks for the time, and waits for it."""
        if threading.current_thread().name == "publisher" and not reached.is_set():
            reached.set()
            go_on.wait(60)
        return NOW

    other = a_job_that_is_over(store, spool, "20260101-000000-b")
    live = accept_a_job(store, "20260101-000000-c")
    write(spool.active / "20260101-000000-c" / "job.yaml", "")
    publisher = Publisher(store, spool, on_change=lambda: None, clock=clock)
    publisher.start()
    publisher.publish(over, JOB)
    assert reached.wait(60)
    publisher.tell([over, live], {}, None)
    publisher.publish(other, "20260101-000000-b")
    wait_for((spool.active / "20260101-000000-c" / "STATUS.yaml").exists, within_s=30)
    wait_for((spool.failed / "20260101-000000-b").is_dir, within_s=30)
    assert not (spool.active / JOB / "STATUS.yaml").exists()
    go_on.set()
    wait_for((spool.failed / JOB).is_dir, within_s=30)
    publisher.stop()
    assert (read_status(spool.failed / JOB) or {})["state"] == "cancelled"


def test_what_is_left_to_publish_does_not_keep_the_daemon_from_ending(
    store: Store, spool: Spool, over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.publish.ENDED_WITHIN_S", 0.0)
    others = [a_job_that_is_over(store, spool, f"20260101-000000-{name}") for name in "bc"]
    go_on = threading.Event()

    def take_until_it_is_waited_for() -> None:
        go_on.wait(60)

    join = threading.Thread.join

    def join_and_let_go(thread: threading.Thread, timeout: float | None = None) -> None:
        go_on.set()
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", join_and_let_go)
    publisher = Publisher(store, spool, on_change=take_until_it_is_waited_for)
    publisher.publish(over, JOB)
    for other, name in zip(others, "bc", strict=True):
        publisher.publish(other, f"20260101-000000-{name}")
    publisher.start()
    wait_for(lambda: len([*spool.failed.iterdir()]) == AT_ONCE, within_s=30)
    publisher.stop()
    assert [path.name for path in spool.active.iterdir()] == ["20260101-000000-c"]


def test_a_status_says_when_its_job_will_be_done_and_what_was_answered_in_this_life(
    publisher: Publisher, store: Store, spool: Spool
) -> None:
    job_key = accept_a_job(store, JOB, total=3)
    (spool.active / JOB).mkdir()
    up = ServerRecord("gpu1", "http://gpu1", "up", None, "0.4", NOW)
    store.write(lambda session: session.servers.note([up]))
    store.write(lambda session: session.schedules.measure(job_key, 1000.0))
    control = Control(store, on_change=lambda: None)
    control.cancel("nobody", why="x", now=NOW)
    control.prioritise(JOB, 80, now=NOW + 1)
    control.resume(JOB, now=NOW + 2)
    publisher.tell([job_key], {}, None)
    told = wait_for(lambda: read_status(spool.active / JOB), within_s=30)
    assert [(one["what"], one["done"], one["said"]) for one in told["answers"]] == [
        ("PRIORITY 80", True, "priority 80"),
        ("RESUME", False, "it is not suspended"),
    ]
    left = datetime.fromisoformat(told["finish"]["expected"]).timestamp() - time.time()
    assert 2900 < left <= 3000


def test_while_nothing_is_sent_no_status_says_when_its_job_will_be_done(
    publisher: Publisher, store: Store, spool: Spool
) -> None:
    job_key = accept_a_job(store, JOB, total=3)
    (spool.active / JOB).mkdir()
    up = ServerRecord("gpu1", "http://gpu1", "up", None, "0.4", NOW)
    store.write(lambda session: session.servers.note([up]))
    store.write(lambda session: session.schedules.measure(job_key, 1000.0))
    publisher.tell([job_key], {}, "parked: no room")
    told = wait_for(lambda: read_status(spool.active / JOB), within_s=30)
    assert (told["reason"], told["finish"]) == ("parked: no room", None)


def test_a_status_says_that_outputs_are_on_their_way_home_and_that_the_depot_is_away(
    store: Store, spool: Spool, over: int
) -> None:
    away: list[str] = []
    publisher = Publisher(
        store, spool, on_change=lambda: None, why_depot_away=lambda: next(iter(away), None)
    )
    parcel = Parcel("outputs/1.tar", "0" * 64, 9)
    store.write(lambda session: session.depot.send(PromptKey(over, 1), parcel))
    said = "the outputs of a prompt are on their way home"
    publisher.start()
    try:
        for told in (said, f"{said}, and the depot is away: it does not answer"):
            publisher.tell([over], {}, None)
            wait_for(partial(_says, spool.active / JOB, told), within_s=30, what=told)
            away.append("it does not answer")
    finally:
        publisher.stop()


def _says(folder: Path, reason: str) -> bool:
    told = read_status(folder)
    return told is not None and told["reason"] == reason


@pytest.mark.parametrize("is_disk", [True, False])
def test_a_job_that_cannot_be_handed_over_says_why_in_its_status_until_it_can(
    store: Store, spool: Spool, over: int, monkeypatch: pytest.MonkeyPatch, *, is_disk: bool
) -> None:
    monkeypatch.setattr("vqd.runner.publish.AGAIN_S", 0.0)
    home = spool.failed / JOB
    full = Space(Path("/srv/vqd"), 0, 1, None, None, is_read_only=is_disk)
    looks = [Disks(full, None, Reserve(0, 1.0))]
    spool.failed.rmdir()
    write(spool.failed, "a file in its place")
    with publishing(store, spool, Room(store, lambda: looks[-1], on_change=lambda: None)) as asked:
        asked.publish(over, JOB)
        told = wait_for(lambda: reason_in(spool.active / JOB), within_s=30)
        why = "/srv/vqd is read-only: mount it so that it can be written"
        assert told == f"parked: {why if is_disk else f'{home} cannot be written: Not a directory'}"
        with store.reading() as session:
            assert session.jobs.get(over).why == told
        looks.append(Disks(None, None, Reserve()))
        spool.failed.unlink()
        spool.failed.mkdir()
        asked.publish(over, JOB)
        wait_for(home.is_dir, within_s=30)
    with store.reading() as session:
        assert session.jobs.get(over).why == reason_in(home)
    assert reason_in(home) is None


@contextmanager
def publishing(store: Store, spool: Spool, room: Room) -> Iterator[Publisher]:
    publisher = Publisher(store, spool, on_change=lambda: None, room=room)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


def reason_in(folder: Path) -> str | None:
    told = read_status(folder)
    return None if told is None else told["reason"]
