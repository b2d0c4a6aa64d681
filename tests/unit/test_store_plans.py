"""What tests/plans tells of statements, by statements of which it is known."""

from pathlib import Path

import pytest

from tests.plans.plan import plans
from vqd.store.store import Store


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM prompts WHERE job_key = ? AND number = ?",
        "SELECT * FROM prompts INDEXED BY prompts_running WHERE state = 'running'",
        "SELECT * FROM jobs ORDER BY job_key DESC LIMIT ?",
        "SELECT * FROM servers ORDER BY since_at",
    ],
)
def test_a_seek_a_partial_index_and_a_bounded_end_do_not_grow(
    store: Store, tmp_path: Path, statement: str
) -> None:
    assert growing(tmp_path, statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM prompts WHERE seed = :seed",
        "SELECT one.* FROM prompts AS one WHERE one.seed = 'what?'",
        "SELECT count(*) FROM jobs INDEXED BY jobs_by_state",
        "SELECT * FROM events WHERE job_key = ? ORDER BY kind",
        "UPDATE prompts SET stem = '' WHERE server = ?",
        "DELETE FROM outputs WHERE kind = ?",
        "SELECT * FROM outputs WHERE job_key = ? ORDER BY path",
    ],
)
def test_a_walk_through_a_table_or_an_index_and_a_sort_grow(
    store: Store, tmp_path: Path, statement: str
) -> None:
    assert growing(tmp_path, statement) != []


def growing(folder: Path, statement: str) -> list[str]:
    """The steps of a statement on the queue of a test that grow."""
    (plan,) = plans(folder / "queue.db", {statement})
    return plan.growing
