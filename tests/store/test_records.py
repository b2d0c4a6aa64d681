from typing import Any

import pytest

from tests.builders import NOW, accept_a_job, comes_back, job_of
from tests.store.counting import count
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.domain.place import Place
from vqd.domain.queue import Prompt
from vqd.store.store import Session, Store

DAY_S = 86_400.0


def closed(store: Store, job: str, at: float = NOW, **changes: Any) -> int:
    """Bring a job in whose prompts each made two outputs, and close it."""
    job_key = accept_a_job(store, job, **changes)

    def run(session: Session) -> None:
        while prompt := session.prompts.claim("gpu1", "p", now=NOW):
            names = [f"outputs/{prompt.key.number}-{turn}.png" for turn in (1, 2)]
            made = tuple(OutputFile("image", name, "image", "f" * 64, 10) for name in names)
            session.prompts.succeed(prompt.key, Succeeded(made, 0.5), now=NOW)
        session.jobs.begin_publishing(job_key)
        session.jobs.close(job_key, JobState.DONE, None, now=at)

    store.write(run)
    return job_key


def due(store: Store, now: float, keep_s: float | None = None) -> int | None:
    with store.reading() as session:
        return session.records.due(now, keep_s)


def test_a_job_is_due_when_what_it_asks_for_has_passed_and_not_before(store: Store) -> None:
    job_key = closed(store, "a", keep_s=2 * DAY_S)
    closed(store, "for ever")
    accept_a_job(store, "still running", keep_s=1.0)
    assert due(store, NOW + 2 * DAY_S - 1) is None
    assert due(store, NOW + 2 * DAY_S) == job_key
    with store.reading() as session:
        assert session.records.next_at(None) == NOW + 2 * DAY_S


def test_the_settings_count_for_jobs_that_say_nothing_also_for_those_closed_before(
    store: Store,
) -> None:
    closed(store, "says so itself", keep_s=9 * DAY_S)
    newer = closed(store, "newer", NOW + 10)
    older = closed(store, "older")
    assert due(store, NOW + DAY_S, DAY_S) == older
    assert due(store, NOW + DAY_S, 2 * DAY_S) is None
    assert due(store, NOW + DAY_S, None) is None
    with store.reading() as session:
        assert session.records.next_at(DAY_S) == NOW + DAY_S
    assert newer != older


def test_slice_by_slice_all_but_the_jobs_own_row_goes(store: Store, place: Place) -> None:
    job_key = closed(store, "a", total=10, keep_s=1.0)
    other = closed(store, "b", total=1)
    slices = 0
    while store.write(lambda session: session.records.trim(job_key, 4)):
        slices += 1
        assert due(store, NOW) == job_key
    assert slices >= 20 / 4 + 10 / 4
    store.write(lambda session: session.records.end(job_key, now=NOW))
    assert due(store, NOW + DAY_S) is None
    with store.reading() as session:
        job = session.jobs.get(job_key)
        assert (job.is_brief, job.plan, job.state) == (True, None, JobState.DONE)
        assert job.counts.succeeded == 10
        assert list(session.prompts.of_job(job_key)) == []
        assert [event.kind for _, event in session.events.of_job(job_key)] == ["job.trimmed"]
        assert len(list(session.prompts.of_job(other))) == 1
        assert len(session.events.of_job(other)) > 1
    assert count(place, "outputs") == 2


def trim(store: Store, job_key: int) -> None:
    while store.write(lambda session: session.records.trim(job_key, 250)):
        pass


def test_a_graph_goes_with_the_last_job_that_used_it(store: Store, place: Place) -> None:
    first, last = closed(store, "a"), closed(store, "b")
    trim(store, first)
    assert count(place, "graphs") == 1
    trim(store, last)
    assert count(place, "graphs") == 0
    assert len(waiting_after_another_came(store)) == 2


def waiting_after_another_came(store: Store) -> list[Prompt]:
    job_key = accept_a_job(store, "c")
    with store.reading() as session:
        return list(session.prompts.of_job(job_key))


@pytest.mark.parametrize("slices", [0, 1, 100])
def test_a_job_that_comes_back_is_whole_again_however_much_was_trimmed(
    store: Store, slices: int
) -> None:
    job_key = closed(store, "a", total=3)
    for _ in range(slices):
        store.write(lambda session: session.records.trim(job_key, 2))
        with store.reading() as session:
            assert session.records.is_trimming(job_key)
    comes_back(store, job_key)
    with store.reading() as session:
        assert not session.records.is_trimming(job_key)
    store.write(lambda session: session.records.end(job_key, now=NOW))
    with store.reading() as session:
        job = session.jobs.get(job_key)
        assert len(list(session.prompts.of_job(job_key))) == 3
    assert (job.state, job.is_brief, job.counts.pending) == (JobState.QUEUED, False, 3)


def test_a_job_whose_prompts_are_taken_away_slice_by_slice_counts_none_that_is_gone(
    store: Store,
) -> None:
    job_key = closed(store, "a", total=3)
    while store.write(lambda session: session.records.forget_prompts("a", 2)):
        job = job_of(store, job_key)
        assert (job.state, job.counts.total) == (JobState.ASSEMBLING, 0)
    come_back = accept_a_job(store, "a", total=2)
    assert come_back == job_key
    assert job_of(store, job_key).counts.pending == 2


def test_an_open_job_loses_no_prompt_to_one_of_its_name(store: Store) -> None:
    job_key = accept_a_job(store, "a", total=3)
    with pytest.raises(VqdError, match="is in the queue already"):
        accept_a_job(store, "a")
    assert job_of(store, job_key).counts.pending == 3
    with store.reading() as session:
        assert len(list(session.prompts.of_job(job_key))) == 3


def test_a_job_that_runs_again_is_not_trimmed(store: Store) -> None:
    job_key = closed(store, "a", total=3, keep_s=1.0)
    comes_back(store, job_key)
    assert due(store, NOW + DAY_S) is None
    assert not store.write(lambda session: session.records.trim(job_key, 250))
    with store.reading() as session:
        assert len(list(session.prompts.of_job(job_key))) == 3
