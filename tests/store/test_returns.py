"""Jobs that come back, as the queue has them: what is kept of them, and under which row."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.builders import (
    A_JOB_FILE,
    NOW,
    a_made,
    a_plan,
    a_planned_job,
    accept_a_job,
    kept,
)
from vqd.domain.errors import Problem, VqdError
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import IllegalMove, JobState
from vqd.store.jobs import ALL_KEPT
from vqd.store.store import Store


def test_what_was_made_before_has_succeeded_when_a_job_is_accepted(store: Store) -> None:
    planned = kept(a_planned_job(600), *range(1, 600))
    store.accept("J", planned, A_JOB_FILE, input_folder="inputs", now=NOW)
    with store.reading() as session:
        job = session.jobs.find("J")
        assert job is not None
        prompts = list(session.prompts.of_job(job.job_key))
    counts = job.counts
    assert (counts.total, counts.pending, counts.succeeded, counts.kept) == (600, 1, 599, 599)
    assert [prompt.is_kept for prompt in prompts] == [True] * 599 + [False]
    assert (prompts[0].server, prompts[0].attempt, prompts[0].seconds) == ("gpu9", 2, 1.5)
    assert prompts[0].outputs[0].path == "outputs/a_1.png"
    claimed = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert claimed is not None
    assert (claimed.key.number, claimed.attempt) == (600, 1)


def test_a_job_of_which_everything_is_kept_is_over_and_says_why(store: Store) -> None:
    planned = kept(a_planned_job(2), 1, 2)
    store.accept("J", planned, A_JOB_FILE, input_folder="inputs", now=NOW)
    with store.reading() as session:
        job = session.jobs.find("J")
        assert job is not None
        assert session.jobs.closing() == [(job.job_key, "J")]
    assert (job.ends_as, job.reason) == (JobState.DONE, ALL_KEPT)


def test_what_a_ladder_put_in_place_of_asked_values_is_kept_with_what_it_made(store: Store) -> None:
    made = replace(a_made("a_1"), mark="degraded", params={"cfg": 1.0}, asked={"cfg": 1.5})

    def prompts() -> Iterator[PlannedPrompt]:
        return (replace(prompt, made=made) for prompt in a_planned_job(1).prompts())

    planned = PlannedJob(a_plan(1), prompts)
    store.accept("J", planned, A_JOB_FILE, input_folder="inputs", now=NOW)
    with store.reading() as session:
        job = session.jobs.find("J")
        assert job is not None
        (prompt,) = session.prompts.of_job(job.job_key)
    prompt = prompt.as_climbed(a_plan(1))
    assert (prompt.params["cfg"], prompt.asked, prompt.mark) == (1.0, {"cfg": 1.5}, "degraded")


def test_a_closed_job_that_is_accepted_anew_keeps_its_events_and_nothing_else(store: Store) -> None:
    job_key = accept_a_job(store, "J", total=700)
    store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    close(store, job_key, JobState.CANCELLED)
    store.accept("J", a_planned_job(3), A_JOB_FILE, input_folder="inputs", now=NOW + 9)
    with store.reading() as session:
        job = session.jobs.get(job_key)
        events = [event.kind for _, event in session.events.of_job(job_key)]
        assert len(list(session.prompts.of_job(job_key))) == 3
    assert events.count("job.accepted") == 2
    assert (job.state, job.counts.total, job.reason) == (JobState.QUEUED, 3, None)
    assert (job.accepted_at, job.cancel_requested_at) == (NOW + 9, None)


def test_a_closed_job_whose_edit_is_at_fault_is_rejected_under_its_name(store: Store) -> None:
    job_key = accept_a_job(store, "J")
    store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    close(store, job_key, JobState.CANCELLED)
    problem = Problem("unknown_key", "no such key.")
    facts = {"name": "J", "workflow": "image-scale", "input_folder": "inputs", "now": NOW}
    store.reject(
        "J",
        lambda session: session.jobs.reject("J", [problem], A_JOB_FILE, **facts),  # type: ignore[arg-type]
    )
    with store.reading() as session:
        job = session.jobs.get(job_key)
    assert (job.state, job.counts.total, job.problems) == (JobState.PUBLISHING, 0, (problem,))


def test_a_job_that_is_open_is_not_accepted_over(store: Store) -> None:
    accept_a_job(store, "J")
    with pytest.raises(VqdError, match="in the queue already"):
        store.write(
            lambda session: session.jobs.begin("J", a_plan(1), A_JOB_FILE, input_folder="", now=NOW)
        )


def close(store: Store, job_key: int, state: JobState) -> None:
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, state, None, now=NOW))


def test_nothing_of_a_job_that_is_let_go_of_runs_before_its_prompts_are_forgotten(
    store: Store,
) -> None:
    accept_a_job(store, "J", total=2)
    claimed = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert claimed is not None

    store.write(lambda session: session.adopted.disown("J", now=NOW))

    with store.reading() as session:
        assert session.prompts.running() == []
        assert [*map(sorted, session.servers.strays())] == [["gpu1", "p"]]
    with pytest.raises(IllegalMove):
        store.write(lambda session: session.put_back(claimed.key, now=NOW))
    assert store.write(lambda session: session.prompts.claim("gpu1", "q", now=NOW)) is None
