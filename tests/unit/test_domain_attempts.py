"""The attempts that a prompt's events tell of."""

from tests.builders import NOW
from vqd.domain.attempts import AttemptRecord, attempts_of
from vqd.domain.queue import Event


def event(at: float, verb: str, **facts: str) -> Event:
    return Event(NOW + at, f"prompt.{verb}", 1, facts)


def test_each_claim_is_an_attempt_and_what_follows_is_its_end() -> None:
    events = [
        event(0, "claimed", server="gpu0"),
        event(4, "requeued", code="out_of_memory", message="CUDA", step="free_memory"),
        event(5, "claimed", server="gpu1"),
        event(9, "failed", code="node_error", message="it raised"),
        event(20, "retried"),
        event(30, "claimed", server="gpu0"),
        event(31, "succeeded"),
    ]
    assert attempts_of(events) == (
        AttemptRecord(1, "gpu0", NOW, 4.0, "out_of_memory", "CUDA", "free_memory"),
        AttemptRecord(2, "gpu1", NOW + 5, 4.0, "node_error", "it raised"),
        AttemptRecord(3, "gpu0", NOW + 30, 1.0, "succeeded"),
    )


def test_one_that_has_not_ended_runs() -> None:
    assert attempts_of([event(0, "claimed", server="gpu0")]) == (AttemptRecord(1, "gpu0", NOW),)


def test_one_that_was_put_back_before_it_began_says_so() -> None:
    (attempt,) = attempts_of([event(0, "claimed", server="gpu0"), event(1, "requeued")])
    assert (attempt.outcome, attempt.message) == ("put_back", None)


def test_a_prompt_that_was_cancelled_before_it_was_claimed_has_none() -> None:
    assert attempts_of([event(0, "cancelled")]) == ()
