"""What is asked of a queue in PostgreSQL again and again is found in an index, though nobody has
counted its rows yet."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job
from vqd.domain.listing import JobFilter, Order
from vqd.domain.place import Database
from vqd.store.access import queue_at
from vqd.store.claiming import NEXT, NEXT_OF_PROOF, NEXT_ROUTED, READY_JOBS, ROUTES
from vqd.store.classes import READY_CLASSES
from vqd.store.joblist import JobList
from vqd.store.postgres.connection import PostgresConnection
from vqd.store.requirements import WAITING, WAITING_OF_PROOF
from vqd.store.rounds import AFTER, HIGHEST, UP_TO
from vqd.store.rows import Values
from vqd.store.store import Store

NEXT_VALUES = {
    "job_key": 1,
    "requirement_key": 2,
    "route_key": 2,
    "now": NOW,
    "server": "gpu1",
    "shunned_s": 10.0,
}
ROUND = {
    "needs_key": 1,
    "now": NOW,
    "below": 101,
    "priority": 50,
    "turn": 1.0,
    "job_key": 1,
}
ASKED: dict[str, tuple[str, Values]] = {
    "next": (NEXT, NEXT_VALUES),
    "next of a proof": (NEXT_OF_PROOF, NEXT_VALUES),
    "next that is routed": (NEXT_ROUTED, NEXT_VALUES),
    "ready jobs": (READY_JOBS + " LIMIT 32", ROUND),
    "highest": (HIGHEST, ROUND),
    "the round": (AFTER + " LIMIT 32", ROUND),
    "the round from its beginning": (UP_TO + " LIMIT 32", ROUND),
    "ready classes": (READY_CLASSES, ()),
    "routes": (ROUTES, ()),
    "waiting": (WAITING, {"job_key": 1}),
    "waiting of a proof": (WAITING_OF_PROOF, {"job_key": 1}),
    "closing": (
        "SELECT job_key, job FROM jobs INDEXED BY jobs_over"
        " WHERE state IN ('quoted', 'queued', 'running') AND pending = 0 AND running = 0",
        (),
    ),
}


@pytest.fixture(scope="module")
def connection(postgres: object) -> Iterator[PostgresConnection]:
    """A connection to a queue in which much waits, of which PostgreSQL has no statistics."""
    from tests.postgres import Postgres

    assert isinstance(postgres, Postgres)
    url = postgres.database()
    with closing(Store(Database(url))) as store:
        for name in ("a", "b"):
            planned = a_planned_job(1000, name=name)
            store.accept(name, planned, A_JOB_FILE, input_folder="", now=NOW)
    with closing(queue_at(Database(url)).reading()) as reading:
        reading.begin()
        assert isinstance(reading.connection, PostgresConnection)
        yield reading.connection
    postgres.drop(url)


@pytest.mark.parametrize("name", ASKED)
def test_what_the_loop_asks_is_a_seek_without_a_sort(
    connection: PostgresConnection, name: str
) -> None:
    query, values = ASKED[name]
    plan = plan_of(connection, query, values)
    assert "Index" in plan
    for dear in ("Seq Scan", "Sort", "Aggregate", "Bitmap"):
        assert dear not in plan, plan


@pytest.mark.parametrize(
    "asked",
    [
        JobFilter(),
        JobFilter(workflow="wan", name="cats"),
        JobFilter(labels={"client": "acme"}),
        JobFilter(order=Order.TURN),
        JobFilter(order=Order.ENDED, name="cats"),
    ],
)
def test_a_page_of_jobs_is_found_in_an_index_and_never_sorted(
    connection: PostgresConnection, asked: JobFilter
) -> None:
    plans: list[str] = []
    JobList(Watched(connection, plans.append)).page(asked, limit=2)
    assert plans
    for plan in plans:
        assert "Seq Scan" not in plan, plan
        assert "Sort" not in plan, plan


class Watched(PostgresConnection):
    """A connection that tells how each of its queries is carried out."""

    def __init__(self, watched: PostgresConnection, tell: Callable[[str], None]) -> None:
        super().__init__(watched.raw)
        self._tell = tell

    def walk(self, statement: str, values: Values = (), /) -> Iterator[object]:
        self._tell(plan_of(self, f"{statement} LIMIT 32", values))
        return super().walk(statement, values)


def plan_of(connection: PostgresConnection, query: str, values: Values) -> str:
    rows = connection.execute(f"EXPLAIN {query}", values)
    return "\n".join(str(row[0]) for row in rows)
