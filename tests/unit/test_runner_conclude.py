from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.graph import Target
from vqd.domain.ladder import Step
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.needs import Capability, Needs
from vqd.domain.outcome import Failed, FailureCode, Succeeded
from vqd.domain.queue import Prompt
from vqd.runner.conclude import LOOKED_AT_S, REMEDIES, Ended, conclude
from vqd.store.claiming import SHUNNED_S
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
    on_oom: Sequence[Step] = (),
    servers: Sequence[Capability] = (),
    has_rivals: bool = False,
    server: str = "gpu1",
) -> Move:
    ended = Ended(
        prompt,
        "job",
        retry_limit,
        server,
        outcome,
        stop_job_after=stop_job_after,
        on_oom=on_oom,
        servers=servers,
        has_rivals=has_rivals,
    )
    return store.write(lambda session: conclude(session, ended, now=NOW))


def failed(code: FailureCode) -> Failed:
    return Failed(code, f"because of {code}")


def test_every_failure_has_a_remedy() -> None:
    assert set(REMEDIES) == set(FailureCode)


@pytest.mark.parametrize(
    "code",
    ["invalid", "refused", "interrupted", "quarantined"],
    ids=lambda code: code,
)
def test_what_trying_again_cannot_mend_fails_at_once(store: Store, code: str) -> None:
    accept_a_job(store, total=1)
    assert end(store, claimed(store), failed(FailureCode(code))) is Move.FAIL


def test_what_servers_turn_out_to_lack_is_waited_for_longer_and_longer_and_not_counted(
    store: Store,
) -> None:
    accept_a_job(store, total=1)
    now, waits = NOW, []
    for _ in range(8):
        move = end(store, claimed(store, now), failed(FailureCode.UNAVAILABLE), retry_limit=0)
        assert move is Move.REQUEUE
        with store.reading() as session:
            (prompt,) = session.prompts.of_job(1)
            due_at = session.prompts.next_at(NOW)
        assert due_at is not None
        waits.append(due_at - NOW)
        now = due_at
    assert waits == [LOOKED_AT_S * min(2**turn, 32) for turn in range(8)]
    assert prompt.strikes == 0


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


DEATH = replace(failed(FailureCode.LOST), node="3", server_died=True)


def test_a_prompt_that_took_two_servers_down_is_sent_to_no_third(store: Store) -> None:
    accept_a_job(store, total=1)
    first = end(store, claimed(store), DEATH, server="gpu1")
    for code in (FailureCode.LOST, FailureCode.UNREACHABLE):
        assert end(store, claimed(store), failed(code)) is Move.REQUEUE
    second = end(store, claimed(store), DEATH, server="gpu2")
    assert (first, second) == (Move.REQUEUE, Move.FAIL)
    with store.reading() as session:
        (prompt,) = session.prompts.of_job(1)
    assert (prompt.failure_code, prompt.strikes) == ("quarantined", 0)
    assert prompt.failure_message is not None
    at = "at 2026-09-21T14:13:20Z in node 3"
    assert f"gpu1 {at}; gpu2 {at}" in prompt.failure_message


def test_a_quarantined_prompt_that_a_person_asks_for_again_starts_anew(store: Store) -> None:
    accept_a_job(store, total=1)
    for _ in range(2):
        end(store, claimed(store), DEATH)
    store.write(lambda session: session.prompts.move_all(1, Move.RETRY, FAILED, now=NOW))
    assert end(store, claimed(store), DEATH) is Move.REQUEUE


def test_a_prompt_that_is_lost_as_often_as_may_be_is_not_failed_for_that(store: Store) -> None:
    accept_a_job(store, total=1)
    moves = [end(store, claimed(store), failed(FailureCode.LOST)) for _ in range(30)]
    assert set(moves) == {Move.REQUEUE}


def claim(store: Store, server: str, now: float) -> Prompt | None:
    return store.write(lambda session: session.prompts.claim(server, "p", now=now))


def test_another_server_is_first_to_be_given_what_failed_on_one(store: Store) -> None:
    accept_a_job(store, total=1)
    end(store, claimed(store), failed(FailureCode.NODE_ERROR), has_rivals=True)
    with store.reading() as session:
        due_at = session.prompts.next_at(NOW)
    assert due_at is not None
    assert claim(store, "gpu1", due_at) is None
    with store.reading() as session:
        assert session.prompts.next_at(due_at) == due_at + SHUNNED_S
    assert claim(store, "gpu2", due_at) is not None


def test_what_no_other_server_takes_in_time_goes_to_the_one_on_which_it_failed(
    store: Store,
) -> None:
    accept_a_job(store, total=1)
    end(store, claimed(store), failed(FailureCode.NODE_ERROR), has_rivals=True)
    assert claim(store, "gpu1", NOW + SHUNNED_S) is None
    assert claim(store, "gpu1", NOW + 1 + SHUNNED_S) is not None


def test_where_there_is_one_server_what_failed_is_not_held_up(store: Store) -> None:
    accept_a_job(store, total=1)
    end(store, claimed(store), failed(FailureCode.NODE_ERROR))
    assert claim(store, "gpu1", NOW + 1) is not None


@pytest.mark.parametrize(
    ("code", "is_stray"),
    [("unreachable", True), ("stalled", True), ("timed_out", True), ("lost", False)],
)
def test_what_a_server_may_still_have_is_remembered_to_be_taken_off_it(
    store: Store, code: str, is_stray: bool
) -> None:
    accept_a_job(store, total=1)
    end(store, claimed(store), failed(FailureCode(code)))
    with store.reading() as session:
        assert session.servers.strays() == ([("gpu1", "p")] if is_stray else [])
    store.write(lambda session: session.servers.forget_strays(["p"]))
    with store.reading() as session:
        assert session.servers.strays() == []


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


WIDTH = Target("1", "width")
LADDER = (
    Step(frees_memory=True),
    Step(route=Needs.of([], 40)),
    Step(params={"width": 4}, edits=((WIDTH, 4),), mark="degraded"),
)
NO_MEMORY = Failed(FailureCode.OUT_OF_MEMORY, "no memory is left")
SMALL, BIG = Capability(vram_gb=24), Capability(vram_gb=48)


def climb(store: Store, *servers: Capability) -> Move:
    return end(store, claimed(store), NO_MEMORY, on_oom=LADDER, servers=servers, retry_limit=0)


def only_prompt(store: Store) -> Prompt:
    """The only prompt, as it would be sent."""
    with store.reading() as session:
        (prompt,) = session.prompts.of_job(1)
        plan = session.jobs.get(1).plan
    assert plan is not None
    return prompt.as_climbed(plan)


def test_a_prompt_takes_one_step_for_each_time_that_memory_does_not_suffice(store: Store) -> None:
    accept_a_job(store, total=1, on_oom=LADDER)
    moves, steps = [], []
    for _ in range(4):
        moves.append(climb(store, SMALL, BIG))
        steps.append(only_prompt(store).step)
    assert moves == [Move.REQUEUE] * 3 + [Move.FAIL]
    assert steps == [1, 2, 3, 3]
    prompt = only_prompt(store)
    assert (prompt.strikes, prompt.attempt, prompt.failure_code) == (0, 4, "out_of_memory")
    with store.reading() as session:
        events = [event.facts for _, event in session.events.of_job(1)]
    said = [facts["step"] for facts in events if "step" in facts]
    assert said == ["free_memory", "route vram_gb=40", "set width=4"]


def test_a_route_that_no_server_fits_is_passed_over(store: Store) -> None:
    accept_a_job(store, total=1, on_oom=LADDER)
    climb(store, SMALL)
    climb(store, SMALL)
    prompt = only_prompt(store)
    assert (prompt.step, prompt.mark) == (3, "degraded")
    with store.reading() as session:
        assert session.prompts.routes() == []


def test_what_a_step_sets_counts_from_then_on_and_not_after_a_retry(store: Store) -> None:
    accept_a_job(store, total=1, on_oom=LADDER)
    for width, params in ((1, {"cfg": 1.5}), (1, {"cfg": 1.5}), (4, {"cfg": 1.5, "width": 4})):
        prompt = only_prompt(store)
        assert prompt.edits[WIDTH] == 1
        climb(store, BIG)
        assert (only_prompt(store).edits[WIDTH], only_prompt(store).params) == (width, params)
    assert climb(store, BIG) is Move.FAIL
    store.write(lambda session: session.prompts.move_all(1, Move.RETRY, FAILED, now=NOW))
    prompt = only_prompt(store)
    assert (prompt.step, prompt.edits[WIDTH], prompt.mark) == (0, 1, "")
    with store.reading() as session:
        assert session.prompts.routes() == []


def test_a_size_lies_on_its_side_where_the_prompt_is_flipped(store: Store) -> None:
    step = Step(params={"size": "4x2"}, edits=((WIDTH, 4),), flipped=((WIDTH, 2),))
    accept_a_job(store, total=1, on_oom=(step,), params={"flip": True})
    end(store, claimed(store), NO_MEMORY, on_oom=(step,))
    assert only_prompt(store).edits[WIDTH] == 2


def test_a_failure_of_another_kind_climbs_no_step(store: Store) -> None:
    accept_a_job(store, total=1, on_oom=LADDER)
    end(store, claimed(store), failed(FailureCode.NODE_ERROR), on_oom=LADDER)
    assert (only_prompt(store).step, only_prompt(store).strikes) == (0, 1)


FAILED = PromptState.FAILED


def pace_after(store: Store, took_s: float | None, *ended_at: float) -> float:
    """Give the mean that is told after prompts that were claimed at once ended so."""
    accept_a_job(store, total=len(ended_at))
    made = Succeeded((), 2.0, took_s=took_s)
    for prompt in [claimed(store) for _ in ended_at]:
        one = Ended(prompt, "job", 2, "gpu1", made)
        at = ended_at[prompt.key.number - 1]
        store.write(lambda session, one=one, at=at: conclude(session, one, now=at))  # type: ignore[misc]
    with store.reading() as session:
        pace = session.estimates.pace("image-scale")
    assert pace is not None
    return pace.mean_s


def test_a_prompt_is_measured_with_its_files_on_their_way_and_without_what_came_before_it(
    store: Store,
) -> None:
    assert pace_after(store, 20.0, NOW + 8, NOW + 11) == (8 + 3) / 2


def test_where_nobody_saw_how_long_all_took_the_servers_own_time_counts(store: Store) -> None:
    assert pace_after(store, None, NOW + 8) == 2.0


@pytest.mark.parametrize("stepped_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_makes_no_prompt_long(store: Store, stepped_s: float) -> None:
    assert pace_after(store, 4.0, NOW + stepped_s) == 4.0
