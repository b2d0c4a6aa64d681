"""Folders that were a job's before: under which JOB they come in, and when."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.builders import NOW, write
from tests.samples import TWO_LINES, picture_job
from tests.waiting import wait_for
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.queue import Job
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.submit import Submission
from vqd.spool.drops import lay_inputs_out
from vqd.spool.files import temporary_beside
from vqd.spool.layout import Spool
from vqd.store.store import Store

JOB = "20260101-000000-beach"


class Door:
    """What takes drops in, without a daemon."""

    def __init__(self, spool: Spool, store: Store, aside: Aside) -> None:
        self.spool = spool
        self.store = store
        drafting = Drafting(spool, workflows=[], input_roots=[])
        self.submission = Submission(spool, store, drafting, aside, on_change=lambda: None)

    def take(self, name: str) -> str:
        """Take a folder of the inbox."""
        job_file = self.spool.inbox / name / "job.yaml"
        draft = self.submission.draft(job_file, now=NOW)
        return self.submission.take_folder(job_file, draft, now=NOW).job

    def job(self, job: str) -> Job | None:
        with self.store.reading() as session:
            return session.jobs.find(job)

    def wait(self, job: str, state: JobState) -> Job:
        """Wait until a job is in this state."""

        def found() -> Job | None:
            held = self.job(job)
            return held if held is not None and held.state is state else None

        return wait_for(found, within_s=60)

    def close(self, job: str) -> None:
        """Cancel a job and begin to close it."""
        found = self.job(job)
        assert found is not None
        key = found.job_key
        self.store.write(
            lambda session: session.prompts.move_all(key, Move.CANCEL, PromptState.PENDING, now=NOW)
        )
        self.store.write(lambda session: session.jobs.begin_publishing(key))

    def closed(self, job: str) -> None:
        """Close it, as the last step does."""
        found = self.job(job)
        assert found is not None
        key = found.job_key
        self.store.write(lambda session: session.jobs.close(key, JobState.FAILED, None, now=NOW))


@pytest.fixture
def door(spool: Spool, store: Store) -> Iterator[Door]:
    aside = Aside("returns")
    aside.start()
    yield Door(spool, store, aside)
    aside.stop()


@pytest.fixture
def beach(door: Door) -> Path:
    """A job that was accepted; its folder in active/."""
    folder = picture_job(door.spool.active / JOB)
    door.submission.readmit(now=NOW)
    door.wait(JOB, JobState.QUEUED)
    return folder


def test_a_folder_whose_job_is_still_being_closed_waits_where_it_is(
    door: Door, beach: Path
) -> None:
    door.close(JOB)
    beach.rename(door.spool.inbox / "beach")
    with pytest.raises(VqdError, match="still being closed"):
        door.take("beach")
    assert (door.spool.inbox / "beach" / "job.yaml").is_file()
    door.closed(JOB)
    assert door.take("beach") == JOB
    assert door.wait(JOB, JobState.QUEUED).counts.pending == 2


def test_a_folder_taken_out_while_its_job_is_open_goes_on_where_it_was(
    door: Door, beach: Path
) -> None:
    before = door.job(JOB)
    beach.rename(door.spool.inbox / "beach")
    assert door.take("beach") == JOB
    assert (beach.is_dir(), door.job(JOB)) == (True, before)


def test_an_open_job_that_was_taken_out_and_edited_is_a_new_one(door: Door, beach: Path) -> None:
    write(beach / "job.yaml", TWO_LINES + "params: {method: area}\n")
    beach.rename(door.spool.inbox / "beach")
    job = door.take("beach")
    assert job != JOB
    assert door.wait(job, JobState.QUEUED).counts.pending == 2
    assert sorted(path.name for path in (door.spool.active / job / "inputs").iterdir()) == [
        "p1.png",
        "p2.png",
    ]


@pytest.mark.parametrize("told", ["../../etc", "beach", "20260101-000000-a/b", ".hidden", ""])
def test_a_status_that_tells_no_name_of_a_job_is_not_followed(door: Door, told: str) -> None:
    folder = picture_job(door.spool.inbox / "beach", pictures=1)
    write(folder / "STATUS.yaml", f"job: '{told}'\nheartbeat_at: x\n")
    job = door.take("beach")
    assert job.endswith("-beach")
    assert door.wait(job, JobState.QUEUED).counts.pending == 1


def test_a_folder_that_cannot_be_compared_is_tried_again_at_the_next_look(
    door: Door, beach: Path
) -> None:
    door.close(JOB)
    door.closed(JOB)
    lay_inputs_out(beach, "job.yaml")
    in_the_way = temporary_beside(beach / "STATUS.yaml")
    in_the_way.mkdir()
    with capture_logs() as logs:
        door.submission.readmit(now=NOW)
        wait_for(lambda: logs, within_s=60)
    assert [line["event"] for line in logs] == ["return.postponed"]
    in_the_way.rmdir()

    def is_taken_in() -> bool:
        door.submission.readmit(now=NOW)
        found = door.job(JOB)
        return found is not None and found.state is JobState.QUEUED

    wait_for(is_taken_in, within_s=60)


def test_a_folder_that_was_claimed_when_the_daemon_died_is_taken_in_once(
    door: Door, beach: Path
) -> None:
    door.close(JOB)
    door.closed(JOB)
    for _ in range(20):
        door.submission.readmit(now=NOW)
    door.wait(JOB, JobState.QUEUED)
    found = door.job(JOB)
    assert found is not None
    with door.store.reading() as session:
        kinds = [event.kind for _, event in session.events.of_job(found.job_key)]
    assert kinds.count("job.accepted") == 2


def test_a_folder_that_waits_to_be_taken_in_under_another_name_keeps_it_at_a_rescan(
    spool: Spool, store: Store
) -> None:
    (spool.done / JOB).mkdir()
    folder = picture_job(spool.inbox / "copy")
    write(folder / "STATUS.yaml", f"job: {JOB}\nheartbeat_at: x\n")
    aside = Aside("returns")
    door = Door(spool, store, aside)
    job = door.take("copy")
    assert job != JOB
    door.submission.readmit(now=NOW + 1)
    aside.start()
    try:
        door.wait(job, JobState.QUEUED)
    finally:
        aside.stop()
    assert spool.active_jobs() == {job}
