"""The order in which jobs start, changed by hand."""

import random
from collections.abc import Iterator

import pytest

from tests.builders import NOW, accept_a_job, comes_back, job_of
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import JobFilter, Order
from vqd.service.control import Control, Spot
from vqd.service.pages import Pages
from vqd.store.store import Session, Store

FOUR = "abcd"
A_PAGE = 2


def queued(store: Store, names: str = FOUR, **priorities: int) -> dict[str, int]:
    """Accept a job of a prompt for each letter; gives their keys."""
    return {
        name: accept_a_job(store, name, total=1, priority=priorities.get(name, 50))
        for name in names
    }


def in_turn(store: Store, **asked: object) -> str:
    """The jobs in the order in which a list tells of them, a page at a time."""
    asks = JobFilter(order=Order.TURN, **asked)  # type: ignore[arg-type]  # named by each test
    return "".join(_paged(store, asks))


def _paged(store: Store, asked: JobFilter) -> Iterator[str]:
    pages, cursor = Pages(store), None
    while True:
        page = pages.jobs(asked, cursor, limit=A_PAGE)
        yield from (job.job for job in page.rows)
        cursor = page.next
        if cursor is None:
            return


def claimed(store: Store) -> str:
    """The jobs in the order in which their prompts are claimed."""
    started = ""
    while prompt := store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW)):
        started += job_of(store, prompt.key.job_key).job
    return started


def put(store: Store, job_key: int, other_key: int, *, is_after: bool = False) -> None:
    def placed(session: Session) -> int:
        turns = session.turns
        return (turns.put_after if is_after else turns.put_before)(job_key, other_key)

    store.write(placed)


def prioritise(store: Store, job_key: int, priority: int) -> None:
    store.write(lambda session: session.schedules.prioritise(job_key, priority, now=NOW))


def end(store: Store, job_key: int, now: float) -> None:
    store.write(lambda session: session.cancel(job_key, now=now, why="a test"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, JobState.FAILED, None, now=now))


def test_what_comes_first_starts_first_and_a_higher_priority_before(store: Store) -> None:
    queued(store, "abcde", d=80, b=20)
    assert in_turn(store) == claimed(store) == "daceb"


@pytest.mark.parametrize(
    ("spot", "order"),
    [
        (Spot(), "dabc"),
        (Spot("b"), "adbc"),
        (Spot("a"), "dabc"),
        (Spot("a", is_after=True), "adbc"),
        (Spot("c", is_after=True), "abcd"),
    ],
)
def test_a_job_starts_where_it_was_put(store: Store, spot: Spot, order: str) -> None:
    queued(store)
    control = Control(store, on_change=lambda: None)
    assert control.place("d", spot, now=NOW).done
    assert in_turn(store) == claimed(store) == order


def test_it_has_the_priority_of_what_it_was_put_beside(store: Store) -> None:
    keys = queued(store, a=90, b=10)
    control = Control(store, on_change=lambda: None)
    assert control.place("d", Spot("a"), now=NOW).said == "starts before a, with priority 90"
    assert control.place("c", Spot("b", is_after=True), now=NOW).done
    assert in_turn(store) == claimed(store) == "dabc"
    assert [job_of(store, keys[name]).priority for name in "dc"] == [90, 10]


def test_what_comes_later_starts_after_what_was_put_last(store: Store) -> None:
    keys = queued(store)
    put(store, keys["a"], keys["d"], is_after=True)
    put(store, keys["b"], keys["a"], is_after=True)
    queued(store, "e")
    assert in_turn(store) == "cdabe"


def test_another_priority_is_a_place_by_age_and_the_same_is_none(store: Store) -> None:
    keys = queued(store)
    store.write(lambda session: session.turns.put_first(keys["c"]))
    prioritise(store, keys["c"], 50)
    assert in_turn(store) == "cabd"
    prioritise(store, keys["c"], 60)
    prioritise(store, keys["c"], 50)
    assert in_turn(store) == "abcd"


def test_there_is_always_room_between_two_jobs(store: Store) -> None:
    keys = queued(store)
    for _ in range(80):  # each halves what is left before d
        for name in "bc":
            put(store, keys[name], keys["d"])
    assert in_turn(store) == claimed(store) == "abcd"


def test_any_moves_leave_the_order_that_a_list_would_have(store: Store) -> None:
    keys = queued(store, "abcdefgh", c=70, f=70)
    chance, order = random.Random(7), list(in_turn(store))
    for _ in range(200):
        name, other = chance.sample(order, 2)
        is_after = chance.random() < 0.5
        put(store, keys[name], keys[other], is_after=is_after)
        order.remove(name)
        order.insert(order.index(other) + is_after, name)
        assert in_turn(store) == "".join(order)
    assert claimed(store) == "".join(order)


def test_what_is_over_is_told_by_when_it_ended(store: Store) -> None:
    keys = queued(store)
    for age, name in enumerate("bdac"):
        end(store, keys[name], NOW + age)
    assert in_turn(store) == ""
    assert "".join(_paged(store, JobFilter(order=Order.ENDED))) == "cadb"
    failed = JobFilter(order=Order.ENDED, states=frozenset({JobState.FAILED}), name="d")
    assert "".join(_paged(store, failed)) == "d"
    comes_back(store, keys["a"])
    assert in_turn(store) == "a"


def test_only_another_job_that_is_not_over_has_a_place(store: Store) -> None:
    keys = queued(store)
    control = Control(store, on_change=lambda: None)
    assert control.place("a", Spot("a"), now=NOW).said == "name another job"
    assert control.place("a", Spot("x"), now=NOW).said == "x: no such job"
    store.write(lambda session: session.cancel(keys["b"], now=NOW, why="a test"))
    assert not control.place("a", Spot("b"), now=NOW).done
    with store.reading() as session:
        told = [event.facts for _, event in session.events.of_job(keys["a"])][1:]
    assert [one["what"] for one in told] == ["PLACE before a", "PLACE before x", "PLACE before b"]
