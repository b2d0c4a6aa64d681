"""Where the folders of jobs are that another daemon's spool may hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.runner.jobfolders import AGAIN_S, HomeAway, HomeSilent, JobFolders
from vqd.runner.otherspools import LOOK_AGAIN_S, OtherSpools
from vqd.runner.share import Share
from vqd.spool.layout import Spool
from vqd.store.store import Store


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def other(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path / "other")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folders(spool: Spool, other: Spool, clock: Clock) -> JobFolders:
    share = Share(spool, on_answer=lambda: None)
    others = OtherSpools([other], "", on_answer=lambda: None, clock=clock)
    others.look()
    return JobFolders(spool, share, others, clock=clock)


@pytest.fixture
def job(store: Store) -> Job:
    store.accept("20261126-080000-a", a_planned_job(), A_JOB_FILE, input_folder="", now=NOW)
    with store.reading() as session:
        found = session.jobs.find("20261126-080000-a")
    assert found is not None
    return found


@pytest.fixture
def prompt(store: Store, job: Job) -> Prompt:
    with store.reading() as session:
        return session.prompts.get(PromptKey(job.job_key, 1))


def test_a_job_of_ones_own_is_in_ones_own_spool_or_gone(
    folders: JobFolders, spool: Spool, job: Job, prompt: Prompt
) -> None:
    assert folders.active(job, prompt) is None
    (spool.active / job.job).mkdir()
    assert folders.active(job, prompt) == spool.active / job.job
    assert not folders.is_elsewhere(job)


def test_a_job_of_another_is_in_the_spool_of_that_one(
    folders: JobFolders, other: Spool, job: Job, prompt: Prompt
) -> None:
    (other.active / job.job).mkdir()
    theirs = replace(job, home=other.marker.word)

    assert folders.active(theirs, prompt) == other.active / job.job
    assert folders.is_elsewhere(theirs)
    assert folders.reached() == [other.marker.word]


@pytest.mark.parametrize("why", ["gone", "paused", "away", "another"])
def test_a_spool_of_another_that_cannot_be_used_is_left_alone_for_a_while(
    folders: JobFolders, other: Spool, clock: Clock, job: Job, prompt: Prompt, why: str
) -> None:
    """A folder that is gone is for its own daemon to find out: nothing is cancelled."""
    theirs = replace(job, home=other.marker.word)
    if why != "gone":
        (other.active / job.job).mkdir()
    if why == "paused":
        (other.root / "PAUSE").touch()
    if why == "away":
        other.marker.path.unlink()
    if why == "another":
        other.marker.path.write_bytes(b"vqd spool 0\n")

    with pytest.raises(HomeAway):
        folders.active(theirs, prompt)

    assert folders.reached() == []
    clock.now = AGAIN_S
    assert folders.reached() == [theirs.home]


def test_a_spool_that_is_paused_is_in_reach_for_what_was_sent_before(
    folders: JobFolders, other: Spool, job: Job, prompt: Prompt
) -> None:
    (other.active / job.job).mkdir()
    (other.root / "PAUSE").touch()
    theirs = replace(job, home=other.marker.word)
    assert folders.active(theirs, prompt, is_sent=True) == other.active / job.job
    assert folders.again_s() is None


def test_while_a_spool_has_not_told_whose_it_is_nobody_knows_whether_a_job_is_in_it(
    spool: Spool, tmp_path: Path, clock: Clock, job: Job, prompt: Prompt
) -> None:
    mount = tmp_path / "mount"
    others = OtherSpools([Spool(mount)], "", on_answer=lambda: None, clock=clock)
    others.look()
    made = JobFolders(spool, Share(spool, on_answer=lambda: None), others, clock=clock)
    theirs = replace(job, home="theirs")
    with pytest.raises(HomeSilent):
        made.active(theirs, prompt)
    assert made.again_s() == LOOK_AGAIN_S

    other = Spool.create(mount)
    clock.now = LOOK_AGAIN_S
    assert others.look()

    with pytest.raises(HomeAway) as caught:
        made.active(theirs, prompt)
    assert not isinstance(caught.value, HomeSilent)
    assert made.again_s() is None
    assert made.reached() == [other.marker.word]
