"""Pages of jobs in the order of their turns, and of those that are over as they ended.

Each goes on by a seek from the place where the page before it ended. Of what else is asked for, the
index is read past what does not fit.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain

from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.listing import JobFilter, Order, Place
from vqd.store.labels import findable
from vqd.store.rows import Connection, Row
from vqd.store.turns import OPEN

_Given = list[object]


def keys_in_order(connection: Connection, asked: JobFilter, after: Place | None) -> Iterator[int]:
    """Give the keys of jobs that fit: in their turns, those that are not over; or as they ended,
    the latest first. They go on after a place of that order."""
    if asked.order is Order.TURN:
        return _in_turn(connection, asked, after)
    return _as_ended(connection, asked, after)


def _in_turn(connection: Connection, asked: JobFilter, after: Place | None) -> Iterator[int]:
    fits, given = _fits(asked)
    states = f" AND state IN ({_quoted(asked.states)})" if asked.states else ""
    query = (
        f"SELECT job_key FROM jobs INDEXED BY jobs_in_turn WHERE {OPEN}{states}{fits}"
        " {seek} ORDER BY priority DESC, turn, job_key"
    )
    if after is None:
        rows: Iterator[Row] = connection.walk(query.format(seek=""), given)
    else:
        priority, turn, job_key = after
        same = query.format(seek="AND priority = ? AND (turn, job_key) > (?, ?)")
        lower = query.format(seek="AND priority < ?")
        rows = chain(
            connection.walk(same, [*given, priority, turn, job_key]),
            connection.walk(lower, [*given, priority]),
        )
    return (row["job_key"] for row in rows)


def _as_ended(connection: Connection, asked: JobFilter, after: Place | None) -> Iterator[int]:
    fits, given = _fits(asked)
    seek = "" if after is None else " AND (finished_at, job_key) < (?, ?)"
    query = (
        "SELECT finished_at, job_key FROM jobs INDEXED BY jobs_ended WHERE finished_at IS NOT NULL"
        f"{fits} AND state = ?{seek} ORDER BY finished_at DESC, job_key DESC"
    )
    states = sorted(asked.states or CLOSED_STATES)
    found = [connection.walk(query, [*given, state, *(after or ())]) for state in states]
    rows = merge(*found, key=lambda row: (row["finished_at"], row["job_key"]), reverse=True)
    return (row["job_key"] for row in rows)


def _fits(asked: JobFilter) -> tuple[str, _Given]:
    """Give what is asked for besides the states, as a condition and its values."""
    where, given = "", _Given()
    if asked.workflow is not None:
        where += " AND workflow = ?"
        given.append(asked.workflow)
    if asked.name:
        where += " AND job LIKE ? ESCAPE '\\'"
        given.append(pattern_of(asked.name))
    for label in findable(asked.labels):
        where += (
            " AND EXISTS (SELECT 1 FROM labels"
            " WHERE name = ? AND value = ? AND labels.job_key = jobs.job_key)"
        )
        given.extend(label)
    return where, given


def pattern_of(part: str) -> str:
    """Give the pattern of LIKE for names with this part in them; `\\` escapes in it."""
    return "%" + part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


def _quoted(states: Sequence[JobState] | frozenset[JobState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))
