"""Pages of jobs and prompts, and how they are found."""

from itertools import pairwise

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import JobFilter, ListedJob, Order
from vqd.domain.outcome import Failed, FailureCode
from vqd.domain.queue import PromptKey
from vqd.store.store import Store

ANY = JobFilter()


def names(jobs: list[ListedJob]) -> list[str]:
    return [job.job for job in jobs]


def listed(store: Store, asked: JobFilter = ANY, limit: int = 100) -> list[str]:
    with store.reading() as session:
        return names(session.joblist.page(asked, limit=limit))


def fails(store: Store, key: PromptKey) -> None:
    outcome = Failed(FailureCode.NODE_ERROR, "it is broken")
    store.write(lambda session: session.prompts.fail(key, outcome, now=NOW))


@pytest.fixture
def queue(store: Store) -> Store:
    """Six jobs of two workflows and two clients, the third cancelled."""
    for number in range(6):
        accept_a_job(
            store,
            f"20260101-00000{number}-{'cats' if number % 2 else 'Dogs'}",
            workflow="wan" if number < 4 else "flux",
            labels={"client": "acme" if number < 3 else "umbrella", "shot": str(number % 2)},
        )
    store.write(lambda session: session.cancel(3, now=NOW, why="a test"))
    store.write(lambda session: session.jobs.begin_publishing(3))
    return store


def test_the_newest_come_first_and_a_page_goes_on_where_the_last_ended(queue: Store) -> None:
    with queue.reading() as session:
        first = session.joblist.page(JobFilter(), limit=4)
        rest = session.joblist.page(JobFilter(), after=(first[-1].job_key,), limit=4)
    assert names(first) + names(rest) == listed(queue)
    assert len(rest) == 2
    assert all(earlier > later for earlier, later in pairwise(listed(queue)))


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        (JobFilter(states=frozenset({JobState.PUBLISHING})), [2]),
        (JobFilter(states=frozenset({JobState.PUBLISHING, JobState.QUEUED})), [5, 4, 3, 2, 1, 0]),
        (JobFilter(states=frozenset({JobState.DONE})), []),
        (JobFilter(workflow="flux"), [5, 4]),
        (JobFilter(workflow="wan", states=frozenset({JobState.QUEUED})), [3, 1, 0]),
        (JobFilter(workflow="none of that name"), []),
        (JobFilter(labels={"client": "umbrella"}), [5, 4, 3]),
        (JobFilter(labels={"client": "umbrella", "shot": "1"}), [5, 3]),
        (JobFilter(labels={"client": "umbrella"}, workflow="wan"), [3]),
        (JobFilter(labels={"client": "acme"}, states=frozenset({JobState.PUBLISHING})), [2]),
        (JobFilter(labels={"shot": "0"}, name="dogs"), [4, 2, 0]),
        (JobFilter(name="DOGS"), [4, 2, 0]),
        (JobFilter(name="000005"), [5]),
        (JobFilter(name="%"), []),
        (JobFilter(name="_"), []),
    ],
)
def test_jobs_are_found_by_what_is_asked_for(
    queue: Store, asked: JobFilter, numbers: list[int]
) -> None:
    assert [int(job[14]) for job in listed(queue, asked)] == numbers


def test_the_labels_of_a_job_that_comes_back_are_those_it_has_now(queue: Store) -> None:
    queue.write(lambda session: session.jobs.close(3, JobState.CANCELLED, None, now=NOW))
    queue.accept(
        "20260101-000002-Dogs",
        a_planned_job(labels={"client": "hooli"}),
        A_JOB_FILE,
        input_folder="inputs",
        now=NOW,
    )
    assert listed(queue, JobFilter(labels={"client": "hooli"})) == ["20260101-000002-Dogs"]
    assert "20260101-000002-Dogs" not in listed(queue, JobFilter(labels={"client": "acme"}))


def test_prompts_come_by_number_and_by_state(store: Store) -> None:
    job_key = accept_a_job(store, total=5)
    for number in (1, 2):
        store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
        fails(store, PromptKey(job_key, number))
    with store.reading() as session:
        page = session.listing.prompts(job_key, after=1, limit=3)
        failed = session.listing.prompts(job_key, PromptState.FAILED, limit=9)
        waiting = session.listing.prompts(job_key, PromptState.PENDING, after=3, limit=9)
    assert [one.key for one in page] == [PromptKey(job_key, number) for number in (2, 3, 4)]
    assert [one.key.number for one in failed] == [1, 2]
    assert [one.key.number for one in waiting] == [4, 5]


def test_jobs_are_counted_by_state(queue: Store) -> None:
    with queue.reading() as session:
        assert session.listing.counts() == {JobState.QUEUED: 5, JobState.PUBLISHING: 1}


def test_a_job_is_found_by_a_label_as_long_as_a_book(store: Store) -> None:
    words = " ".join(str(number * 7919) for number in range(4000))
    accept_a_job(store, "20260101-000000-one", labels={"story": words})
    accept_a_job(store, "20260101-000001-two", labels={"story": words[1:]})
    for order in (Order.NEWEST, Order.TURN):
        asked = JobFilter(labels={"story": words}, order=order)
        assert listed(store, asked) == ["20260101-000000-one"]
    with store.reading() as session:
        found = session.jobs.find("20260101-000000-one")
    assert found is not None
    assert found.labels == {"story": words}


@pytest.mark.parametrize("order", [Order.NEWEST, Order.TURN])
def test_a_page_may_be_as_long_as_the_queue(store: Store, order: Order) -> None:
    names = [f"20260101-0000{number:02}-a" for number in range(50)]
    for name in names:
        accept_a_job(store, name, total=1)
    with store.reading() as session:
        page = session.joblist.page(JobFilter(order=order), limit=99)
    assert [job.job for job in page] == (names if order is Order.TURN else names[::-1])


def test_the_prompts_of_a_large_job_come_one_by_one_in_order(store: Store) -> None:
    job_key = accept_a_job(store, total=1200)
    with store.reading() as session:
        numbers = [prompt.key.number for prompt in session.prompts.of_job(job_key)]
    assert numbers == [*range(1, 1201)]


def test_a_comment_with_a_nul_in_it_or_what_looks_like_one_is_listed(store: Store) -> None:
    accept_a_job(store, "nul", comment="so\0it was")
    accept_a_job(store, "path", comment=r"C:\u0000\queue")
    with store.reading() as session:
        path, nul = session.joblist.newest(2)
    assert nul.comment.startswith("so")
    assert path.comment.startswith("C:\\u")
    assert path.comment.endswith("\\queue")
