from dataclasses import replace

import pytest

from tests.builders import NOW, accept_a_job, job_of
from vqd.domain.figures import Histogram
from vqd.domain.lifecycle import JobState, Move
from vqd.domain.outcome import Failed, FailureCode, Outcome, Succeeded
from vqd.domain.queue import Job, Prompt
from vqd.runner.conclude import Ended
from vqd.runner.figures import MOST_WORKFLOWS, OTHER, Counting
from vqd.store.store import Store


@pytest.fixture
def prompt(store: Store) -> Prompt:
    accept_a_job(store)
    claimed = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert claimed is not None
    return claimed


@pytest.fixture
def job(store: Store) -> Job:
    ran = job_of(store, accept_a_job(store))
    return replace(ran, state=JobState.DONE, started_at=NOW + 7, finished_at=NOW + 107)


def ended(prompt: Prompt, outcome: Outcome, workflow: str = "wan") -> Ended:
    return Ended(prompt, "job", 2, "gpu1", outcome, workflow=workflow)


def test_a_value_lies_in_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram([1.0, 10.0])
    for value in (0.5, 1.0, 1.1, 10.0, 11.0, -3.0):
        histogram.add(value)
    assert histogram.counts == (3, 2, 1)
    assert histogram.total == 23.6


def test_a_prompt_that_is_tried_again_counts_as_attempts_and_once_as_a_prompt(
    prompt: Prompt,
) -> None:
    counting = Counting()
    trouble = Failed(FailureCode.NODE_ERROR, "it raised", seconds=2.0)
    counting.concluded(ended(prompt, trouble), Move.REQUEUE)
    counting.concluded(ended(prompt, trouble), Move.REQUEUE)
    counting.concluded(ended(prompt, Succeeded((), 20.0)), Move.SUCCEED)
    work = counting.work()
    assert work.attempts == {("wan", FailureCode.NODE_ERROR): 2, ("wan", None): 1}
    assert work.prompts == {("wan", Move.SUCCEED): 1}
    assert work.busy_s == {"gpu1": 24.0}
    assert work.prompt_s["wan"].total == 20.0


def test_an_attempt_of_which_no_time_is_known_keeps_no_server_busy(prompt: Prompt) -> None:
    counting = Counting()
    counting.concluded(ended(prompt, Failed(FailureCode.REFUSED, "no")), Move.FAIL)
    assert counting.work().busy_s == {}
    assert counting.work().prompts == {("wan", Move.FAIL): 1}


def test_a_job_counts_how_long_it_waited_and_ran(job: Job) -> None:
    counting = Counting()
    counting.closed(job)
    work = counting.work()
    assert work.jobs == {("image-scale", JobState.DONE): 1}
    assert (work.job_wait_s.total, work.job_run_s.total) == (7.0, 100.0)


def test_a_job_that_could_not_be_read_counts_for_no_workflow(job: Job) -> None:
    counting = Counting()
    rejected = replace(job, plan=None, workflow="anything", state=JobState.FAILED, started_at=None)
    counting.closed(rejected)
    assert counting.work().jobs == {("", JobState.FAILED): 1}
    assert sum(counting.work().job_wait_s.counts) == 0


def test_a_thousand_workflows_are_told_as_fifty_and_others(prompt: Prompt) -> None:
    counting = Counting()
    for number in range(1000):
        made = ended(prompt, Succeeded((), 1.0), f"workflow-{number}")
        counting.concluded(made, Move.SUCCEED)
    work = counting.work()
    assert len(work.attempts) == len(work.prompt_s) == MOST_WORKFLOWS + 1
    assert work.attempts[OTHER, None] == 1000 - MOST_WORKFLOWS
