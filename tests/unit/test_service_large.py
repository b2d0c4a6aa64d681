"""Jobs that are too large to be brought in while everybody waits."""

from pathlib import Path

import pytest

from tests.builders import NOW, write
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.domain.lifecycle import JobState
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.submit import LARGE, Coming, Submission
from vqd.spool.layout import Spool
from vqd.store.store import Store


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path / "spool")


@pytest.fixture
def aside() -> Aside:
    return Aside("returns")


@pytest.fixture
def submission(spool: Spool, store: Store, aside: Aside) -> Submission:
    drafting = Drafting(spool, workflows=(), input_roots=())
    return Submission(spool, store, drafting, aside, on_change=lambda: None)


@pytest.mark.parametrize("is_bare", [False, True], ids=["a folder", "a job file"])
def test_a_large_job_is_claimed_at_once_and_others_are_taken_before_it_is_in_the_queue(
    submission: Submission, spool: Spool, store: Store, aside: Aside, *, is_bare: bool
) -> None:
    large = taken(submission, spool, "large", prompts=LARGE + 1, is_bare=is_bare)
    small = taken(submission, spool, "small", prompts=1, is_bare=False)
    assert (small.accepted.done(), large.accepted.done()) == (True, False)
    assert {path.name for path in spool.active.iterdir()} == {large.job, small.job}
    assert state_of(store, large) is JobState.ASSEMBLING
    assert submission.readmit(now=NOW) == []
    aside.start()
    try:
        large.accepted.result(60)
    finally:
        aside.stop()
    assert state_of(store, large) is JobState.QUEUED
    assert submission.readmit(now=NOW) == []


def test_a_large_job_that_was_cut_off_is_taken_up_at_the_next_start(
    submission: Submission, spool: Spool, store: Store
) -> None:
    large = taken(submission, spool, "large", prompts=LARGE + 1, is_bare=False)
    wait_for(lambda: is_begun(store, large.job), within_s=60, what="its first prompts")
    drafting = Drafting(spool, workflows=(), input_roots=())
    next_start = Submission(spool, store, drafting, Aside("returns"), on_change=lambda: None)
    assert next_start.readmit(now=NOW) == [large.job]
    with store.reading() as session:
        found = session.jobs.find(large.job)
    assert found is not None
    assert (found.state, found.counts.total) == (JobState.QUEUED, LARGE + 1)


def is_begun(store: Store, job: str) -> bool:
    with store.reading() as session:
        return session.jobs.find(job) is not None


def taken(
    submission: Submission, spool: Spool, name: str, *, prompts: int, is_bare: bool
) -> Coming:
    """Drop a job of so many prompts, and take it."""
    text = f"vqd: 1\nworkflow: image-scale\nname: {name}\nfan_out: {{limit: 5000, matrix: {{}}}}\n"
    sizes = ", ".join(f"{16 + number}x16" for number in range(prompts))
    text = text.replace("matrix: {}", f"matrix: {{size: [{sizes}]}}")
    folder = picture_job(spool.inbox / name, pictures=1, job=text)
    job_file = folder / "job.yaml"
    if is_bare:
        (folder / "p1.png").rename(spool.inbox / "p1.png")
        job_file.unlink()
        job_file = write(spool.inbox / f"{name}.yaml", f"{text}inputs: {{image: p1.png}}\n")
    draft = submission.draft(job_file, now=NOW)
    assert draft.total == prompts
    if not is_bare:
        return submission.take_folder(job_file, draft, now=NOW)
    (outcome,) = submission.take_files([(job_file, draft)], now=NOW)
    assert isinstance(outcome, Coming)
    return outcome


def state_of(store: Store, coming: Coming) -> JobState:
    """How far a job is in the queue."""
    with store.reading() as session:
        found = session.jobs.find(coming.job)
    assert found is not None
    return found.state
