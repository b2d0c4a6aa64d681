import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job, job_of
from vqd.domain.errors import Problem
from vqd.domain.job import MOST_ON_AXIS
from vqd.domain.lifecycle import IllegalMove, JobState, Move, PromptState
from vqd.domain.listing import Counts
from vqd.domain.outcome import Failed, FailureCode, OutputFile, Succeeded
from vqd.domain.place import Place
from vqd.domain.queue import Prompt, PromptKey
from vqd.store.access import Transactions, queue_at
from vqd.store.batches import Batching
from vqd.store.store import SLICE, Session, Store

DONE = Succeeded((OutputFile("image", "outputs/a.png", "image", "f" * 64, 10, 8, 8),), 0.5)
BROKEN = Failed(FailureCode.NODE_ERROR, "it raised")


def claim(store: Store, prompt_id: str = "p-1", now: float = NOW) -> Prompt | None:
    return store.write(lambda session: session.prompts.claim("gpu1", prompt_id, now=now))


def bring_to(session: Session, key: PromptKey, state: PromptState) -> None:
    if state is PromptState.PENDING:
        return
    if state is PromptState.CANCELLED:
        session.prompts.move(key, Move.CANCEL, now=NOW)
        return
    session.prompts.move(key, Move.CLAIM, now=NOW, prompt_id="p", server="gpu1")
    if state is PromptState.SUCCEEDED:
        session.prompts.succeed(key, DONE, now=NOW)
    if state is PromptState.FAILED:
        session.prompts.fail(key, BROKEN, now=NOW)


VALUES: dict[Move, dict[str, Any]] = {
    Move.CLAIM: {"prompt_id": "p2", "server": "gpu2"},
    Move.REQUEUE: {"strike": 1, "not_before_at": 0.0},
    Move.SUCCEED: {"seconds": 1.0, "files": "{}"},
    Move.FAIL: {"seconds": None, "code": "node_error", "message": "no"},
    Move.CANCEL: {},
    Move.RETRY: {},
    Move.RECALL: {},
}


@pytest.mark.parametrize(("state", "move"), list(itertools.product(PromptState, Move)))
def test_a_move_changes_state_counters_and_events_together_or_nothing(
    store: Store, state: PromptState, move: Move
) -> None:
    job_key = accept_a_job(store, total=1)
    key = PromptKey(job_key, 1)
    store.write(lambda session: bring_to(session, key, state))
    with store.reading() as session:
        events_before = len(session.events.of_job(job_key))
    counts_before = job_of(store, job_key).counts

    try:
        store.write(lambda session: session.prompts.move(key, move, now=NOW, **VALUES[move]))
    except IllegalMove:
        with store.reading() as session:
            assert session.prompts.state(key) is state
            assert len(session.events.of_job(job_key)) == events_before
        assert job_of(store, job_key).counts == counts_before
        return

    with store.reading() as session:
        after = session.prompts.state(key)
        assert len(session.events.of_job(job_key)) == events_before + 1
    wanted = {name: int(name == after) for name in PromptState}
    assert after is not state
    assert job_of(store, job_key).counts == Counts(1, **{str(k): v for k, v in wanted.items()})


def test_the_schema_itself_refuses_counters_that_do_not_add_up(store: Store, place: Place) -> None:
    accept_a_job(store, total=1)
    store.close()
    with closing(queue_at(place).writing()) as transactions:
        transactions.begin()
        transactions.begin_write()
        with pytest.raises(Exception, match=r"(?i)check constraint"):
            miscount(transactions)
        transactions.roll_back()


def miscount(transactions: Transactions) -> None:
    transactions.connection.execute("UPDATE jobs SET pending = 5")
    transactions.end_write()


def test_a_claim_stores_the_prompt_id_and_starts_the_job(store: Store) -> None:
    job_key = accept_a_job(store)
    prompt = claim(store, "p-7")
    assert prompt is not None
    assert (prompt.key.number, prompt.prompt_id, prompt.server, prompt.attempt) == (
        1,
        "p-7",
        "gpu1",
        1,
    )
    job = job_of(store, job_key)
    assert (job.state, job.started_at) == (JobState.RUNNING, NOW)


def test_the_highest_priority_goes_first_then_the_oldest_job(store: Store) -> None:
    accept_a_job(store, "a", total=1)
    urgent = accept_a_job(store, "b", total=1, priority=90)
    accept_a_job(store, "c", total=1)
    order = [claim(store, f"p{turn}") for turn in range(4)]
    assert [prompt.key.job_key if prompt else None for prompt in order] == [
        urgent,
        urgent - 1,
        urgent + 1,
        None,
    ]


def test_a_requeued_prompt_waits_for_its_time_and_others_go_before_it(store: Store) -> None:
    job_key = accept_a_job(store, total=2)
    first = claim(store)
    assert first is not None
    store.write(
        lambda session: session.prompts.move(
            first.key, Move.REQUEUE, now=NOW, strike=1, not_before_at=NOW + 8
        )
    )
    second = claim(store)
    assert second is not None
    assert second.key == PromptKey(job_key, 2)
    assert claim(store) is None
    with store.reading() as session:
        assert session.prompts.next_at(NOW) == NOW + 8
        assert session.prompts.next_at(NOW + 8) is None
    again = claim(store, "p-3", NOW + 8)
    assert again is not None
    assert (again.key.number, again.attempt, again.strikes) == (1, 2, 1)


def test_what_would_wait_for_longer_than_any_is_let_wait_may_run_at_once(store: Store) -> None:
    job_key = accept_a_job(store, total=2)

    def put_back(number: int, at: float) -> None:
        key = PromptKey(job_key, number)
        store.write(
            lambda session: session.prompts.move(
                key, Move.REQUEUE, now=NOW, strike=1, not_before_at=at
            )
        )

    assert [claim(store) is None for _ in range(3)] == [False, False, True]
    put_back(1, NOW + 60)
    put_back(2, NOW + 3600)
    assert claim(store) is None
    store.write(lambda session: session.prompts.forget_delays(after=NOW + 900))
    waited_long = claim(store)
    assert waited_long is not None
    assert waited_long.key.number == 2
    assert claim(store) is None


def test_a_claim_counts_until_its_prompt_is_let_go_of(store: Store) -> None:
    accept_a_job(store, total=4)
    claims = [claim(store, prompt_id) for prompt_id in ("ends", "again", "gone", "runs")]
    ends, again, gone, runs = (one for one in claims if one is not None)
    store.write(lambda session: session.prompts.move(ends.key, Move.CANCEL, now=NOW))
    store.write(lambda session: session.put_back(again.key, now=NOW))
    assert claim(store, "another") is not None
    nobody = replace(gone, key=PromptKey(7, 1))
    asked = [ends, again, nobody, runs]
    assert store.write(lambda session: session.prompts.mine(asked)) == {runs.key}
    assert store.write(lambda session: session.prompts.mine([])) == set()


@pytest.mark.parametrize("is_to_stop", [False, True])
def test_what_ran_and_is_put_back_waits_again_unless_its_job_is_to_stop(
    store: Store, is_to_stop: bool
) -> None:
    job_key = accept_a_job(store, total=2)
    prompt = claim(store)
    assert prompt is not None
    if is_to_stop:
        store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    store.write(lambda session: session.put_back(prompt.key, now=NOW, message="its server is gone"))
    with store.reading() as session:
        state, closing = session.prompts.state(prompt.key), session.jobs.closing()
    assert state is (PromptState.CANCELLED if is_to_stop else PromptState.PENDING)
    assert [key for key, _ in closing] == ([job_key] if is_to_stop else [])


def test_a_cancelled_job_gives_no_more_claims(store: Store) -> None:
    job_key = accept_a_job(store)
    assert store.write(lambda session: session.jobs.request_cancel(job_key, now=NOW, why="asked"))
    assert claim(store) is None
    assert not store.write(
        lambda session: session.jobs.request_cancel(job_key, now=NOW, why="asked again")
    )


def test_which_of_some_paths_are_outputs_of_a_job_is_told(store: Store) -> None:
    job_key, other_key = accept_a_job(store, "a"), accept_a_job(store, "b")
    made = OutputFile("image", "outputs/a.png", "image", "f" * 64, 10, 8, 8)
    store.write(lambda session: session.outputs.add([(PromptKey(job_key, 1), made)]))
    asked = ["outputs/b.png", "outputs/a.png", "outputs/a.png.yaml"]
    with store.reading() as session:
        assert session.outputs.told(job_key, asked) == ["outputs/a.png"]
        assert session.outputs.told(other_key, asked) == []


def test_outputs_come_back_with_their_prompt(store: Store) -> None:
    job_key = accept_a_job(store, total=1)
    prompt = claim(store)
    assert prompt is not None
    store.write(lambda session: session.prompts.succeed(prompt.key, DONE, now=NOW))
    with store.reading() as session:
        (found,) = session.prompts.of_job(job_key)
        assert session.jobs.closing() == [(job_key, "20260101-000000-a")]
    assert (found.state, found.outputs, found.seconds) == ("succeeded", DONE.outputs, 0.5)


def test_what_is_written_for_each_prompt_does_not_grow_with_what_the_job_varies(
    store: Store,
) -> None:
    short, long = tuple(range(MOST_ON_AXIS)), tuple(range(MOST_ON_AXIS + 1))
    job_key = accept_a_job(store, axes={"cfg": short, "seed": long})
    with store.reading() as session:
        plan = session.jobs.get(job_key).plan
    assert plan is not None
    assert plan.axes == {"cfg": short}


def test_a_job_bigger_than_a_slice_is_invisible_until_it_is_whole(store: Store) -> None:
    seen: list[JobState] = []
    planned = a_planned_job(SLICE * 2 + 1)

    def prompts_watched():  # type: ignore[no-untyped-def]
        for prompt in planned.prompts():
            if prompt.number == SLICE + 2:
                with store.reading() as session:
                    seen.extend(job.state for job in session.joblist.open())
                assert claim(store) is None
            yield prompt

    store.accept(
        "big", type(planned)(planned.plan, prompts_watched), A_JOB_FILE, input_folder="", now=NOW
    )
    assert seen == [JobState.ASSEMBLING]
    with store.reading() as session:
        job = session.jobs.find("big")
    assert job is not None
    assert (job.state, job.counts.pending) == (JobState.QUEUED, SLICE * 2 + 1)


def test_a_job_whose_bringing_in_was_cut_off_is_brought_in_anew(store: Store) -> None:
    planned = a_planned_job(3)
    store.write(
        lambda session: session.prompts.add(
            session.jobs.begin("half", planned.plan, A_JOB_FILE, input_folder="", now=NOW),
            Batching().batch(itertools.islice(planned.prompts(), 2)),
        )
    )
    job_key = accept_a_job(store, "half", total=3)
    assert job_of(store, job_key).counts.total == 3


def test_a_failed_write_leaves_the_others_of_its_group_alone(store: Store) -> None:
    job_key = accept_a_job(store, total=50)
    gate = threading.Event()

    def blocked(session: Session) -> None:
        gate.wait(5)

    def broken(session: Session) -> None:
        session.prompts.move(PromptKey(job_key, 1), Move.CANCEL, now=NOW)
        raise ValueError("after a change")

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(store.write, blocked)
        claims = [threads.submit(claim, store, f"p{turn}") for turn in range(5)]
        failing = threads.submit(store.write, broken)
        gate.set()
        first.result()
        numbers = {prompt.key.number for one in claims if (prompt := one.result())}
        with pytest.raises(ValueError, match="after a change"):
            failing.result()
    assert len(numbers) == 5
    assert job_of(store, job_key).counts.running == 5
    assert job_of(store, job_key).counts.cancelled == 0


def test_problems_of_a_rejected_job_come_back_as_they_were(store: Store) -> None:
    problem = Problem("unknown_key", "no such key", "job.yaml", 3, 1, "paramz", hint="params?")
    store.write(
        lambda session: session.jobs.reject(
            "bad", [problem], A_JOB_FILE, name="", workflow="", input_folder="", now=NOW
        )
    )
    with store.reading() as session:
        job = session.jobs.find("bad")
    assert job is not None
    assert job.problems == (problem,)
    assert job.ends_as is JobState.FAILED


def test_prompts_that_failed_alike_are_told_together(store: Store) -> None:
    accept_a_job(store, total=4)
    for said in ("no room", "no colour", "no room", "no room"):
        claimed = claim(store, said)
        assert claimed is not None
        outcome = Failed(FailureCode.NODE_ERROR, said)
        store.write(lambda session, c=claimed, o=outcome: session.prompts.fail(c.key, o, now=NOW))  # type: ignore[misc]
    with store.reading() as session:
        alike = session.prompts.failures(1, limit=5)
    told = [(one.first.key.number, one.first.failure_message, one.prompts) for one in alike]
    assert told == [(1, "no room", 3), (2, "no colour", 1)]


def test_a_queue_that_is_opened_again_has_what_was_written(store: Store, place: Place) -> None:
    accept_a_job(store, "kept")
    store.close()
    again = Store(place)
    with again.reading() as session:
        assert session.jobs.find("kept") is not None
    again.close()


def test_a_job_whose_workflow_is_called_by_a_book_is_rejected_all_the_same(store: Store) -> None:
    words = " ".join(str(number * 7919) for number in range(4000))
    store.write(
        lambda session: session.jobs.reject(
            "bad",
            (Problem("unknown_workflow", "there is none."),),
            A_JOB_FILE,
            name=words,
            workflow=words,
            input_folder="",
            now=NOW,
        )
    )
    with store.reading() as session:
        found = session.jobs.find("bad")
    assert found is not None
    assert words.startswith(found.workflow)


def test_running_prompts_are_those_of_one_job_or_of_all(store: Store) -> None:
    jobs = [accept_a_job(store, name, total=3) for name in ("one", "two")]
    claimed = [claim(store, prompt_id) for prompt_id in ("p-1", "p-2", "p-3", "p-4")]
    done, *running = [prompt.key for prompt in claimed if prompt is not None]
    store.write(lambda session: session.prompts.succeed(done, DONE, now=NOW))
    with store.reading() as session:
        whole = {key: session.prompts.get(key) for key in running}
        of_each = [{one.key: one for one in session.prompts.running(job_key)} for job_key in jobs]
        of_all = {one.key: one for one in session.prompts.running()}
    assert of_all == whole
    assert of_each[0] | of_each[1] == whole
    assert [len(of_one) for of_one in of_each] == [2, 1]
