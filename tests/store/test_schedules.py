"""What holds and releases jobs, as the queue remembers it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job, comes_back, job_of, kept
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import PROOF_MADE, SUSPENDED, JobState, Move, PromptState
from vqd.domain.needs import Needs
from vqd.domain.outcome import Failed, FailureCode, Succeeded
from vqd.domain.place import Place
from vqd.domain.queue import Prompt, PromptKey
from vqd.domain.schedule import Awaited, Conditions, Judgement, Schedule, Standing
from vqd.domain.schedule import judge as judged_by_rules
from vqd.store.store import Session, Store, StoreReader

FREE = Judgement()


def scheduled(store: Store, name: str = "a", total: int = 1, **schedule: Any) -> int:
    """Bring a job in under its own name, with a schedule."""
    return accept_a_job(store, f"J-{name}", total=total, name=name, schedule=Schedule(**schedule))


def claim(store: Store, classes: list[int] | None = None, now: float = NOW) -> int | None:
    """Claim a prompt; gives its job's key."""

    def claimed(session: Session) -> Prompt | None:
        ready = session.classes.ready()
        served = [one for one in ready if classes is None or one.key in classes]
        chosen = session.prompts.next("gpu1", now=now, classes=served)
        return session.prompts.claim("gpu1", "p", now=now, chosen=chosen) if chosen else None

    prompt = store.write(claimed)
    return prompt.key.job_key if prompt else None


def judge(store: Store, job_key: int, judgement: Judgement) -> bool:
    return store.write(lambda session: session.schedules.judged(job_key, judgement, now=NOW))


def unjudged(store: Store, now: float = NOW) -> list[int]:
    with store.reading() as session:
        return session.schedules.unjudged(now, 100)


def standing_of(store: Store, job_key: int) -> Standing:
    with store.reading() as session:
        return session.schedules.standing(job_key)


def awaited_by(store: Store, job_key: int) -> list[Awaited]:
    return list(standing_of(store, job_key).awaited)


def finish(store: Store, job_key: int, state: JobState) -> None:
    """Close a job whatever its prompts did."""
    for source in (PromptState.PENDING, PromptState.RUNNING):
        store.write(
            lambda session, s=source: session.prompts.move_all(job_key, Move.CANCEL, s, now=NOW)  # type: ignore[misc]
        )
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, state, None, now=NOW))


def test_a_job_that_asks_for_nothing_is_never_judged(store: Store) -> None:
    job_key = scheduled(store)
    assert unjudged(store) == []
    assert claim(store) == job_key


@pytest.mark.parametrize(
    "schedule",
    [
        {"not_before_at": NOW + 9},
        {"window": "nights"},
        {"after": ("plates",)},
        {"needs": Needs.of(["wan"], None)},
        {"suspended": True},
    ],
    ids=lambda schedule: next(iter(schedule)),
)
def test_nothing_of_a_job_is_claimed_before_it_was_judged(
    store: Store, schedule: dict[str, Any]
) -> None:
    job_key = scheduled(store, **schedule)
    assert claim(store) is None
    assert unjudged(store) == [job_key]
    judge(store, job_key, FREE)
    assert unjudged(store) == []
    assert claim(store) == job_key


def test_a_hold_is_told_and_keeps_the_job_until_its_time(store: Store) -> None:
    job_key = scheduled(store, not_before_at=NOW + 9)
    assert judge(store, job_key, Judgement("waits until then", NOW + 9))
    assert not judge(store, job_key, Judgement("waits until then", NOW + 9))
    assert claim(store) is None
    assert job_of(store, job_key).why == "waits until then"
    with store.reading() as session:
        assert session.schedules.next_at() == NOW + 9
        kinds = [event.kind for _, event in session.events.of_job(job_key)]
    assert kinds == ["job.accepted", "job.held"]
    assert unjudged(store) == []
    assert unjudged(store, NOW + 9) == [job_key]


def test_a_hold_says_nothing_of_a_job_of_which_nothing_waits(store: Store) -> None:
    job_key = scheduled(store)
    claim(store)
    store.write(lambda session: session.schedules.suspend(job_key, now=NOW))
    assert job_of(store, job_key).hold == SUSPENDED
    assert job_of(store, job_key).why is None


def test_suspending_holds_at_once_and_resuming_waits_to_be_judged(store: Store) -> None:
    job_key = scheduled(store, total=3)
    assert store.write(lambda session: session.schedules.suspend(job_key, now=NOW))
    assert not store.write(lambda session: session.schedules.suspend(job_key, now=NOW))
    judge(store, job_key, Judgement(SUSPENDED))
    assert claim(store) is None
    assert store.write(lambda session: session.schedules.resume(job_key, now=NOW))
    assert not store.write(lambda session: session.schedules.resume(job_key, now=NOW))
    assert not standing_of(store, job_key).is_suspended
    judge(store, job_key, FREE)
    assert claim(store) == job_key


def test_a_new_priority_counts_at_once(store: Store) -> None:
    scheduled(store, "a")
    late = scheduled(store, "b")
    store.write(lambda session: session.schedules.prioritise(late, 80, now=NOW))
    assert claim(store) == late
    assert job_of(store, late).priority == 80


def test_no_more_prompts_of_a_job_run_at_once_than_it_allows(store: Store) -> None:
    few = scheduled(store, "few", total=4, max_parallel=2)
    other = scheduled(store, "other", total=1)
    assert [claim(store) for _ in range(4)] == [few, few, other, None]
    with store.reading() as session:
        (first, _) = session.prompts.running(few)
    store.write(lambda session: session.prompts.succeed(first.key, Succeeded((), 1.0), now=NOW))
    assert [claim(store) for _ in range(2)] == [few, None]


def test_a_server_is_given_only_what_it_can_serve(store: Store) -> None:
    wan = scheduled(store, "wan", needs=Needs.of(["WAN"], None))
    plain = scheduled(store, "plain")
    big = scheduled(store, "big", needs=Needs.of([], 22))
    for job_key in (wan, big):
        judge(store, job_key, FREE)
    with store.reading() as session:
        classes = {one.needs: one.key for one in session.classes.ready()}
    assert set(classes) == {Needs(), Needs(("wan",)), Needs(vram_gb=22)}
    served = [classes[Needs()], classes[Needs(vram_gb=22)]]
    assert [claim(store, served) for _ in range(3)] == [plain, big, None]
    assert claim(store) == wan


def test_only_classes_with_something_ready_are_looked_at(store: Store) -> None:
    for number in range(30):
        scheduled(store, f"n{number}", needs=Needs.of([f"tag{number}"], None))
    last = scheduled(store, "last", needs=Needs.of(["last"], None))
    judge(store, last, FREE)
    store.write(lambda session: session.schedules.judge_all_again())
    with store.reading() as session:
        assert len(session.classes.ready()) == 31
    for job_key in range(1, last):
        judge(store, job_key, Judgement("no server has it"))
    judge(store, last, FREE)
    with store.reading() as session:
        (only,) = session.classes.ready()
    assert only.needs == Needs(("last",))


def test_across_classes_the_priority_and_then_the_age_decide(store: Store) -> None:
    needs = [Needs.of(["a"], None), Needs(), Needs.of(["b"], None)]
    keys = [scheduled(store, str(turn), needs=needs[turn % 3]) for turn in range(6)]
    for job_key in keys:
        judge(store, job_key, FREE)
    store.write(lambda session: session.schedules.prioritise(keys[4], 90, now=NOW))
    order = [keys[4], *(key for key in keys if key != keys[4])]
    assert [claim(store) for _ in range(6)] == order


def test_a_job_waits_for_the_newest_of_a_name_before_it(store: Store) -> None:
    scheduled(store, "plates")
    accept_a_job(store, "J-plates-2", total=1, name="plates")
    waiting = scheduled(store, "comp", after=("plates", "J-plates", "nobody"))
    accept_a_job(store, "J-plates-3", total=1, name="plates")
    assert awaited_by(store, waiting) == [
        Awaited("J-plates", JobState.QUEUED),
        Awaited("nobody", None),
        Awaited("plates", JobState.QUEUED),
    ]
    finish(store, 2, JobState.DONE)
    assert awaited_by(store, waiting)[2] == Awaited("plates", JobState.DONE)


def test_a_newer_job_takes_the_place_of_one_that_failed(store: Store) -> None:
    first = scheduled(store, "plates")
    waiting = scheduled(store, "comp", after=("plates",))
    finish(store, first, JobState.FAILED)
    assert awaited_by(store, waiting) == [Awaited("plates", JobState.FAILED)]
    accept_a_job(store, "J-plates-2", total=1, name="plates")
    assert awaited_by(store, waiting) == [Awaited("plates", JobState.QUEUED)]


def test_a_name_is_the_same_however_its_accents_are_written(store: Store) -> None:
    accept_a_job(store, "J-summer", total=1, name="e\u0301te\u0301")
    waiting = scheduled(store, "comp", after=("\u00e9t\u00e9",))
    assert awaited_by(store, waiting) == [Awaited("\u00e9t\u00e9", JobState.QUEUED)]


def test_an_old_success_does_not_make_up_for_a_new_failure(store: Store) -> None:
    finish(store, scheduled(store, "plates"), JobState.DONE)
    finish(store, accept_a_job(store, "J-2", total=1, name="plates"), JobState.FAILED)
    waiting = scheduled(store, "comp", after=("plates",))
    assert awaited_by(store, waiting) == [Awaited("plates", JobState.FAILED)]


def test_jobs_of_one_name_may_wait_for_each_other_in_a_row(store: Store) -> None:
    keys = [
        accept_a_job(
            store, f"J-{n}", total=1, name="nightly", schedule=Schedule(after=("nightly",))
        )
        for n in range(3)
    ]
    assert awaited_by(store, keys[0]) == [Awaited("nightly", None)]
    for key in keys[1:]:
        assert awaited_by(store, key) == [Awaited("nightly", JobState.QUEUED)]
    finish(store, keys[1], JobState.FAILED)
    assert awaited_by(store, keys[2]) == [Awaited("nightly", JobState.FAILED)]


def test_a_circle_of_waiting_jobs_is_seen_by_each_of_them(store: Store) -> None:
    names = ["a", "b", "c"]
    keys = [scheduled(store, name, after=(names[turn - 1],)) for turn, name in enumerate(names)]
    outside = scheduled(store, "d", after=("a",))
    for key in keys:
        assert [one.is_waiting_back for one in awaited_by(store, key)] == [True]
    assert [one.is_waiting_back for one in awaited_by(store, outside)] == [False]


def test_whatever_happens_to_an_awaited_job_lets_those_that_wait_be_judged(store: Store) -> None:
    waiting = scheduled(store, "comp", after=("plates", "J-late"))

    def is_to_be_judged() -> bool:
        was_due = waiting in unjudged(store)
        judge(store, waiting, Judgement("waits for the job plates"))
        return was_due

    assert is_to_be_judged()
    assert not is_to_be_judged()
    plates = scheduled(store, "plates")
    assert is_to_be_judged()
    finish(store, plates, JobState.FAILED)
    assert is_to_be_judged()
    comes_back(store, plates, name="plates")
    assert is_to_be_judged()
    scheduled(store, "other")
    assert not is_to_be_judged()
    scheduled(store, "late")
    assert is_to_be_judged()


def test_a_job_that_was_done_is_waited_for_no_more(store: Store) -> None:
    plates = scheduled(store, "plates")
    waiting = scheduled(store, "comp", after=("plates",))
    finish(store, plates, JobState.DONE)
    awaited = awaited_by(store, waiting)
    store.write(lambda session: session.schedules.forget_done(waiting, awaited))
    accept_a_job(store, "J-2", total=1, name="plates")
    assert awaited_by(store, waiting) == []


def test_a_deadline_counts_from_acceptance_and_again_from_a_retry(store: Store) -> None:
    job_key = accept_a_job(store, total=1, deadline_s=60.0)
    assert claim(store) == job_key
    assert unjudged(store, NOW + 59) == []
    assert unjudged(store, NOW + 60) == [job_key]
    finish(store, job_key, JobState.CANCELLED)
    assert unjudged(store, NOW + 60) == []
    comes_back(store, job_key, now=NOW + 100, deadline_s=60.0)
    assert standing_of(store, job_key).deadline_at == NOW + 160


def test_the_expected_time_follows_what_was_measured(store: Store) -> None:
    job_key = scheduled(store, total=40, window="nights")
    judge(store, job_key, Judgement(None, NOW + 99))
    assert standing_of(store, job_key).expected_s is None
    for seconds in (10.0, 20.0):
        store.write(lambda session, s=seconds: session.schedules.measure(job_key, s))  # type: ignore[misc]
    assert standing_of(store, job_key).expected_s == 15.0
    assert unjudged(store) == [job_key]
    for _ in range(100):
        store.write(lambda session: session.schedules.measure(job_key, 60.0))
    assert standing_of(store, job_key).expected_s == pytest.approx(60, abs=1)


def test_a_cancelled_job_is_judged_no_more(store: Store) -> None:
    job_key = scheduled(store, not_before_at=NOW + 9)
    assert store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    assert not store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    assert unjudged(store, NOW + 10) == []
    job = job_of(store, job_key)
    assert (job.counts.cancelled, job.why) == (1, "cancelled: asked")


def test_holds_and_what_they_come_of_survive_reopening_the_store(
    store: Store, place: Place
) -> None:
    schedule = Schedule(
        suspended=True,
        not_before_at=NOW + 9,
        window="nights",
        max_parallel=2,
        after=("plates",),
        needs=Needs.of(["wan"], 22),
    )
    planned = a_planned_job(1, name="a", schedule=schedule, deadline_s=50.0)
    store.accept("J", planned, A_JOB_FILE, input_folder="", now=NOW)
    again = StoreReader(place)
    with again.reading() as session:
        standing = session.schedules.standing(1)
        job = session.jobs.get(1)
    again.close()
    assert (standing.is_suspended, standing.not_before_at, standing.window) == (
        True,
        NOW + 9,
        "nights",
    )
    assert (standing.needs, standing.deadline_at) == (Needs(("wan",), 22), NOW + 50)
    assert [one.name for one in standing.awaited] == ["plates"]
    assert job.why == SUSPENDED
    assert job.plan is not None
    assert job.plan.schedule == schedule


def a_proved_job(**changes: Any) -> PlannedJob:
    """A job of four prompts, of which the first and the third are its proof."""
    planned = a_planned_job(4, has_proof=True, **changes)

    def prompts() -> Iterator[PlannedPrompt]:
        return (replace(one, is_proof=one.number in (1, 3)) for one in planned.prompts())

    return PlannedJob(planned.plan, prompts)


def proved_job(store: Store, **changes: Any) -> int:
    """Bring such a job in."""
    store.accept("J", a_proved_job(**changes), A_JOB_FILE, input_folder="", now=NOW)
    return key_of(store, "J")


def key_of(store: Store, job: str) -> int:
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    return found.job_key


def claim_number(store: Store) -> int | None:
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    return prompt.key.number if prompt else None


def end(store: Store, job_key: int, number: int, outcome: Succeeded | Failed) -> None:
    """Let a prompt be over, and the job be judged."""
    key = PromptKey(job_key, number)

    def write(session: Session) -> None:
        if isinstance(outcome, Succeeded):
            session.prompts.succeed(key, outcome, now=NOW)
        else:
            session.prompts.fail(key, outcome, now=NOW)

    store.write(write)
    judge_anew(store, job_key)


def judge_anew(store: Store, job_key: int) -> None:
    """Judge a job that is due by what the queue remembers of it."""
    assert unjudged(store) == [job_key]
    judge(store, job_key, judged_by_rules(standing_of(store, job_key), Conditions(), NOW))


def make_proof(store: Store, job_key: int, *outcomes: Succeeded | Failed) -> None:
    assert [claim_number(store) for _ in range(3)] == [1, 3, None]
    for number, outcome in zip((1, 3), outcomes or (DONE, DONE), strict=True):
        end(store, job_key, number, outcome)


DONE = Succeeded((), 1.0)


def test_only_the_proof_is_claimed_and_then_the_job_waits(store: Store) -> None:
    job_key = proved_job(store)
    assert [claim_number(store) for _ in range(3)] == [1, 3, None]
    assert job_of(store, job_key).state is JobState.RUNNING
    end(store, job_key, 3, DONE)
    assert job_of(store, job_key).why is None
    end(store, job_key, 1, DONE)
    job = job_of(store, job_key)
    assert (job.state, job.why, job.counts.pending) == (JobState.QUEUED, PROOF_MADE, 2)
    assert claim_number(store) is None
    with store.reading() as session:
        assert [prompt.key.number for prompt in session.prompts.of_proof(job_key)] == [1, 3]


def test_the_rest_runs_once_the_proof_is_approved(store: Store) -> None:
    job_key = proved_job(store)
    make_proof(store, job_key)
    assert store.write(lambda session: session.schedules.approve(job_key, now=NOW))
    assert not store.write(lambda session: session.schedules.approve(job_key, now=NOW))
    assert claim_number(store) is None
    judge_anew(store, job_key)
    assert [claim_number(store) for _ in range(3)] == [2, 4, None]
    assert job_of(store, job_key).state is JobState.RUNNING
    for number in (2, 4):
        store.write(
            lambda session, n=number: session.prompts.succeed(  # type: ignore[misc]
                PromptKey(job_key, n), DONE, now=NOW
            )
        )
    assert unjudged(store) == []


def test_an_approval_may_come_before_the_proof(store: Store) -> None:
    job_key = proved_job(store)
    assert claim_number(store) == 1
    assert store.write(lambda session: session.schedules.approve(job_key, now=NOW))
    judge_anew(store, job_key)
    assert [claim_number(store) for _ in range(4)] == [2, 3, 4, None]


def test_what_failed_of_a_proof_may_be_made_again_before_the_approval(store: Store) -> None:
    job_key = proved_job(store)
    make_proof(store, job_key, DONE, Failed(FailureCode.NODE_ERROR, "it raised"))
    assert job_of(store, job_key).why == PROOF_MADE
    store.write(
        lambda session: session.prompts.move_all(job_key, Move.RETRY, PromptState.FAILED, now=NOW)
    )
    judge_anew(store, job_key)
    assert job_of(store, job_key).why is None
    assert [claim_number(store) for _ in range(2)] == [3, None]
    end(store, job_key, 3, DONE)
    assert job_of(store, job_key).why == PROOF_MADE


def test_a_job_that_is_all_proof_waits_for_nothing(store: Store) -> None:
    job_key = proved_job(store)
    make_proof(store, job_key)
    for number in (2, 4):
        key = PromptKey(job_key, number)
        store.write(lambda session, k=key: session.prompts.move(k, Move.CANCEL, now=NOW))  # type: ignore[misc]
    assert not standing_of(store, job_key).is_proof_made


def test_a_proof_that_is_kept_waits_again_for_its_approval(store: Store) -> None:
    store.accept("J", kept(a_proved_job(), 1, 3), A_JOB_FILE, input_folder="inputs", now=NOW)
    job_key = key_of(store, "J")
    judge_anew(store, job_key)
    assert (job_of(store, job_key).why, claim_number(store)) == (PROOF_MADE, None)


def test_a_proof_with_others_kept_behind_it_was_approved_of(store: Store) -> None:
    store.accept("J", kept(a_proved_job(), 1, 3, 4), A_JOB_FILE, input_folder="inputs", now=NOW)
    judge_anew(store, key_of(store, "J"))
    assert (job_of(store, key_of(store, "J")).why, claim_number(store)) == (None, 2)


def test_a_proof_that_is_to_be_made_anew_is_approved_of_anew(store: Store) -> None:
    store.accept("J", kept(a_proved_job(), 3, 4), A_JOB_FILE, input_folder="inputs", now=NOW)
    judge_anew(store, key_of(store, "J"))
    assert [claim_number(store) for _ in range(2)] == [1, None]


QUOTE = "quoted: 2 prompts, time unknown; APPROVE starts it"


def quoted_job(store: Store, **changes: Any) -> int:
    planned = a_planned_job(2, **changes)
    store.accept("J", planned, A_JOB_FILE, input_folder="", now=NOW, quote=QUOTE)
    with store.reading() as session:
        found = session.jobs.find("J")
    assert found is not None
    return found.job_key


def test_a_quoted_job_starts_when_it_is_approved_and_its_deadline_counts_from_then(
    store: Store,
) -> None:
    job_key = quoted_job(store, deadline_s=60)
    job = job_of(store, job_key)
    assert (job.state, job.why) == (JobState.QUOTED, QUOTE)
    assert (claim(store, now=NOW + 99), unjudged(store, NOW + 99)) == (None, [])
    assert store.write(lambda session: session.schedules.approve(job_key, now=NOW + 99))
    assert standing_of(store, job_key).deadline_at == NOW + 159
    judge_anew(store, job_key)
    assert job_of(store, job_key).state is JobState.QUEUED
    assert claim(store) == job_key
    assert not store.write(lambda session: session.schedules.approve(job_key, now=NOW))


def test_a_quoted_job_with_a_proof_is_approved_of_twice(store: Store) -> None:
    job_key = quoted_job(store, has_proof=True)
    assert store.write(lambda session: session.schedules.approve(job_key, now=NOW))
    assert standing_of(store, job_key).is_proof_made  # of no prompt at all
    assert store.write(lambda session: session.schedules.approve(job_key, now=NOW))
    judge_anew(store, job_key)
    assert claim(store) == job_key


def test_a_quoted_job_that_is_cancelled_can_be_closed_and_is_quoted_again(store: Store) -> None:
    job_key = quoted_job(store)
    assert store.write(lambda session: session.cancel(job_key, now=NOW, why="x"))
    with store.reading() as session:
        assert session.jobs.closing() == [(job_key, "J")]
    finish(store, job_key, JobState.CANCELLED)
    assert quoted_job(store) == job_key
    job = job_of(store, job_key)
    assert (job.state, job.why, claim(store)) == (JobState.QUOTED, QUOTE, None)
