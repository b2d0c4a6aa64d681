import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.outcome import Failed, FailureCode, Succeeded
from vqd.domain.queue import Prompt
from vqd.runner.conclude import REMEDIES, UNCOUNTED_LIMIT, Ended, conclude
from vqd.store.store import Store


def claimed(store: Store, now: float = NOW) -> Prompt:
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=now))
    assert prompt is not None
    return prompt


def end(
    store: Store,
    prompt: Prompt,
    outcome: Succeeded | Failed,
    *,
    retry_limit: int = 2,
    stop_job_after: int | None = None,
) -> Move:
    ended = Ended(prompt, "job", retry_limit, "gpu1", outcome, stop_job_after=stop_job_after)
    return store.write(lambda session: conclude(session, ended, now=NOW))


def failed(code: FailureCode) -> Failed:
    return Failed(code, f"because of {code}")


def test_every_failure_has_a_remedy() -> None:
    assert set(REMEDIES) == set(FailureCode)


@pytest.mark.parametrize(
    "code", ["invalid", "unavailable", "refused", "interrupted"], ids=lambda code: code
)
def test_what_trying_again_cannot_mend_fails_at_once(store: Store, code: str) -> None:
    accept_a_job(store, total=1)
    assert end(store, claimed(store), failed(FailureCode(code))) is Move.FAIL


@pytest.mark.parametrize(
    "code", ["node_error", "out_of_memory", "timed_out", "stalled", "bad_output"]
)
def test_what_may_go_better_is_tried_again_as_often_as_the_job_allows(
    store: Store, code: str
) -> None:
    accept_a_job(store, total=1)
    moves = [
        end(store, claimed(store, NOW + 100 * turn), failed(FailureCode(code))) for turn in range(3)
    ]
    assert moves == [Move.REQUEUE, Move.REQUEUE, Move.FAIL]
    with store.reading() as session:
        (prompt,) = session.prompts.of_job(1)
    assert (prompt.failure_code, prompt.strikes, prompt.attempt) == (code, 2, 3)


@pytest.mark.parametrize("code", ["unreachable", "lost", "withdrawn", "disk_full"])
def test_what_is_no_fault_of_the_prompt_is_not_counted(store: Store, code: str) -> None:
    accept_a_job(store, total=1)
    for _ in range(5):
        move = end(store, claimed(store), failed(FailureCode(code)), retry_limit=0)
        assert move is Move.REQUEUE
    with store.reading() as session:
        (prompt,) = session.prompts.of_job(1)
    assert (prompt.state, prompt.strikes, prompt.attempt) == (PromptState.PENDING, 0, 5)


def test_a_prompt_that_is_lost_again_and_again_is_given_up_on(store: Store) -> None:
    accept_a_job(store, total=1)
    moves = [
        end(store, claimed(store), failed(FailureCode.LOST)) for _ in range(UNCOUNTED_LIMIT + 1)
    ]
    assert moves == [*[Move.REQUEUE] * UNCOUNTED_LIMIT, Move.FAIL]


def test_after_so_many_failed_prompts_the_rest_of_the_job_is_cancelled(store: Store) -> None:
    job_key = accept_a_job(store, total=6)
    running = [claimed(store) for _ in range(4)]
    no = failed(FailureCode.INVALID)
    end(store, running[0], no, stop_job_after=2)
    with store.reading() as session:
        assert session.jobs.get(job_key).counts.pending == 2
    end(store, running[1], no, stop_job_after=2)
    assert end(store, running[2], no, stop_job_after=2) is Move.CANCEL
    assert end(store, running[3], Succeeded((), 0.1), stop_job_after=2) is Move.SUCCEED
    with store.reading() as session:
        job = session.jobs.get(job_key)
    assert (job.counts.failed, job.counts.cancelled, job.counts.succeeded) == (2, 3, 1)
    assert job.reason == "cancelled: 2 of its prompts failed (retry.stop_job_after)"
    assert job.ends_as is JobState.CANCELLED


def test_a_job_of_which_nothing_is_left_to_cancel_has_failed(store: Store) -> None:
    job_key = accept_a_job(store, total=2)
    for _ in range(2):
        end(store, claimed(store), failed(FailureCode.INVALID), stop_job_after=2)
    with store.reading() as session:
        job = session.jobs.get(job_key)
    assert (job.ends_as, job.reason) == (JobState.FAILED, None)


def test_a_cancelled_jobs_failures_are_cancellations_but_what_it_made_counts(
    store: Store,
) -> None:
    job_key = accept_a_job(store, total=2)
    first, second = claimed(store), claimed(store)
    store.write(lambda session: session.jobs.request_cancel(job_key, now=NOW, why="asked"))
    assert end(store, first, Succeeded((), 0.1)) is Move.SUCCEED
    assert end(store, second, failed(FailureCode.INTERRUPTED)) is Move.CANCEL
    with store.reading() as session:
        job = session.jobs.get(job_key)
    assert job.ends_as is JobState.CANCELLED


def test_a_job_whose_last_prompt_beat_the_cancel_is_done(store: Store) -> None:
    job_key = accept_a_job(store, total=1)
    prompt = claimed(store)
    store.write(lambda session: session.jobs.request_cancel(job_key, now=NOW, why="asked"))
    end(store, prompt, Succeeded((), 0.1))
    with store.reading() as session:
        assert session.jobs.get(job_key).ends_as is JobState.DONE
