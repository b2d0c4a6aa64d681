"""What is asked of the queue again and again is found in an index, whatever waits, by SQLite."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import JobFilter, Order
from vqd.store.claiming import NEXT, NEXT_OF_PROOF, NEXT_ROUTED, READY_JOBS, ROUTES
from vqd.store.classes import JUDGE_CLASS, READY_CLASSES
from vqd.store.connection import SqliteConnection, open_for_reading
from vqd.store.joblist import JobList
from vqd.store.listing import ListingRows
from vqd.store.outputs import OutputRows
from vqd.store.requirements import WAITING, WAITING_OF_PROOF
from vqd.store.store import Store

AFTER = {Order.NEWEST: (5,), Order.TURN: (50, 5.0, 5), Order.ENDED: (NOW, 5)}
SHUNNING = {"server": "gpu1", "shunned_s": 10.0}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            NEXT.replace(":job_key", "1").replace(":now", "5").replace(":requirement_key", "3"),
            "prompts_pending (job_key=? AND requirement_key=? AND route_key=? AND not_before_at<?)",
        ),
        (
            NEXT_OF_PROOF.replace(":job_key", "1")
            .replace(":now", "5")
            .replace(":requirement_key", "3"),
            "prompts_of_proof (job_key=? AND requirement_key=? AND not_before_at<?)",
        ),
        (
            NEXT_ROUTED.replace(":job_key", "1")
            .replace(":now", "5")
            .replace(":route_key", "2")
            .replace(":requirement_key", "3"),
            "prompts_pending (job_key=? AND requirement_key=? AND route_key=? AND not_before_at<?)",
        ),
        (ROUTES, "prompts_routed (route_key>?)"),
        (
            "SELECT job_key FROM jobs INDEXED BY jobs_over"
            " WHERE state IN ('quoted', 'queued', 'running') AND pending = 0 AND running = 0"
            " UNION ALL SELECT job_key FROM jobs INDEXED BY jobs_publishing"
            " WHERE state = 'publishing'",
            "jobs_over",
        ),
        (
            "SELECT job_key FROM jobs WHERE cancel_requested_at IS NOT NULL AND running > 0",
            "jobs_stopping",
        ),
    ],
)
def test_what_the_loop_asks_is_a_seek_without_a_sort(
    store: Store, tmp_path: Path, query: str, index: str
) -> None:
    connection = sqlite3.connect(tmp_path / "queue.db")
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", SHUNNING))
    connection.close()
    assert index in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (READY_JOBS.replace("?", "1"), "jobs_ready (needs_key=?)"),
        (READY_CLASSES, "jobs_ready (needs_key>?)"),
        (
            JUDGE_CLASS.replace(":at_once", "0").replace(":needs_key", "2"),
            "jobs_ready (needs_key=?)",
        ),
        (
            WAITING.replace(":job_key", "1"),
            "prompts_pending (job_key=? AND requirement_key>?)",
        ),
        (
            WAITING_OF_PROOF.replace(":job_key", "1"),
            "prompts_of_proof (job_key=? AND requirement_key>?)",
        ),
        (
            "SELECT job_key FROM jobs INDEXED BY jobs_judged WHERE judge_at <= 1 AND state IN"
            " ('queued', 'running') AND cancel_requested_at IS NULL ORDER BY judge_at LIMIT 9",
            "jobs_judged (judge_at<?)",
        ),
        (
            "UPDATE jobs INDEXED BY jobs_in_windows SET judge_at = 0 WHERE workflow = 'a'"
            " AND time_window IS NOT NULL AND state IN ('queued', 'running')",
            "jobs_in_windows (workflow=?)",
        ),
        (
            "SELECT awaited.job_key FROM jobs AS done JOIN awaited ON awaited.name = done.name"
            " WHERE done.job_key = 1",
            "awaited_by_name (name=?)",
        ),
        (
            "SELECT job_key FROM jobs WHERE name = 'a' AND job_key < 9"
            " ORDER BY job_key DESC LIMIT 1",
            "jobs_named (name=? AND job_key<?)",
        ),
    ],
)
def test_what_the_loop_asks_of_schedules_is_a_seek(
    store: Store, tmp_path: Path, query: str, index: str
) -> None:
    connection = sqlite3.connect(tmp_path / "queue.db")
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    connection.close()
    assert index in " ".join(plan)
    assert not [step for step in plan if step.startswith("SCAN jobs") or "TEMP B-TREE" in step]


@pytest.mark.parametrize(
    "asked",
    [
        JobFilter(),
        JobFilter(states=frozenset({JobState.FAILED, JobState.DONE})),
        JobFilter(workflow="wan", states=frozenset({JobState.QUEUED})),
        JobFilter(name="cats", workflow="wan"),
        JobFilter(labels={"client": "acme", "shot": "1"}),
        JobFilter(order=Order.TURN),
        JobFilter(order=Order.TURN, states=frozenset({JobState.QUEUED, JobState.ASSEMBLING})),
        JobFilter(order=Order.TURN, workflow="wan", name="cats", labels={"client": "acme"}),
        JobFilter(order=Order.ENDED),
        JobFilter(order=Order.ENDED, states=frozenset({JobState.FAILED}), name="cats"),
    ],
)
def test_a_page_of_jobs_is_found_in_an_index_and_never_sorted(
    store: Store, tmp_path: Path, asked: JobFilter
) -> None:
    accept_a_job(store)
    after = AFTER[asked.order]
    plans = plans_of(
        tmp_path, lambda connection: JobList(connection).page(asked, after=after, limit=2)
    )
    assert plans
    for plan in plans:
        assert not re.search("SCAN|TEMP B-TREE", plan), plan


def prompts_of(connection: SqliteConnection, state: PromptState | None) -> object:
    rows = ListingRows(connection, OutputRows(connection))
    return rows.prompts(1, state, after=1, limit=2)


@pytest.mark.parametrize("state", [None, *PromptState])
def test_a_page_of_prompts_is_found_in_an_index_and_never_sorted(
    store: Store, tmp_path: Path, state: PromptState | None
) -> None:
    plans = plans_of(tmp_path, lambda connection: prompts_of(connection, state))
    assert plans
    for plan in plans:
        assert not re.search("SCAN|TEMP B-TREE", plan), plan


def plans_of(folder: Path, read: Callable[[SqliteConnection], object]) -> list[str]:
    """How SQLite carries out each query that is made."""
    with closing(open_for_reading(folder / "queue.db")) as connection:
        queries: list[str] = []
        connection.set_trace_callback(queries.append)
        read(connection)
        connection.set_trace_callback(None)
        return [
            "; ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
            for query in queries
        ]
