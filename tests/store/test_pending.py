"""What of a job waits, and what comes before it."""

from typing import Any

from tests.builders import NOW, accept_a_job, comes_back
from vqd.domain.attempts import attempts_of
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.needs import Needs
from vqd.domain.pending import Ahead, Pending, Retried, Routed
from vqd.domain.queue import PromptKey
from vqd.domain.schedule import Judgement, Schedule
from vqd.store.store import Store

LATER = {"strike": 1, "not_before_at": NOW + 60, "code": "node_error", "message": "it raised"}
LARGER = Needs(vram_gb=40)


def pending_of(store: Store, job_key: int, now: float = NOW) -> Pending:
    with store.reading() as session:
        return session.pending.of_job(job_key, now)


def ahead_of(store: Store, job_key: int) -> Ahead:
    with store.reading() as session:
        return session.pending.ahead_of(job_key)


def put_back(store: Store, **values: Any) -> PromptKey:
    """Claim the next prompt and put it back."""
    prompt = store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    assert prompt is not None
    store.write(lambda session: session.prompts.move(prompt.key, Move.REQUEUE, now=NOW, **values))
    return prompt.key


def test_what_waits_is_counted_by_what_it_waits_for(store: Store) -> None:
    job_key = accept_a_job(store, total=5, schedule=Schedule(max_parallel=2))
    put_back(store, **LATER)
    routed = put_back(store, **{**LATER, "not_before_at": 0.0})
    store.write(lambda session: session.prompts.climb(routed, 1, LARGER))
    assert pending_of(store, job_key) == Pending(
        ready=3, retried=Retried(1, 1, NOW + 60), routed=(Routed(1, LARGER),), max_parallel=2
    )
    assert pending_of(store, job_key, NOW + 60).retried is None
    with store.reading() as session:
        assert [*session.pending.by_requirement(job_key, 3, NOW).values()] == [3]


def test_a_job_of_which_nothing_waits_has_nothing_pending(store: Store) -> None:
    job_key = accept_a_job(store, total=1)
    store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    assert pending_of(store, job_key) == Pending()


def test_what_is_older_or_more_urgent_and_may_start_comes_first(store: Store) -> None:
    accept_a_job(store, "old", total=3)
    held = accept_a_job(store, "held", total=3)
    store.write(lambda session: session.schedules.judged(held, Judgement("x"), now=NOW))
    job_key = accept_a_job(store, "own", total=1)
    accept_a_job(store, "new", total=5)
    accept_a_job(store, "urgent", total=7, priority=60)
    assert ahead_of(store, job_key) == Ahead(2, 10)


def test_the_attempts_at_a_prompt_are_those_of_this_life_of_its_job(store: Store) -> None:
    job_key = accept_a_job(store, "J", total=1)
    key = put_back(store, **LATER)
    store.write(
        lambda session: session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    )
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW))
    comes_back(store, job_key)
    with store.reading() as session:
        assert attempts_of(session.events.of_prompt(key)) == ()
    put_back(store, **LATER)
    with store.reading() as session:
        assert len(attempts_of(session.events.of_prompt(key))) == 1
