"""Jobs as lists tell of them, read without the plans that carry them out.

A page is told from where to go on, never how many to leave out. Of jobs asked for by label, name or
several states as many index entries are read as lie between those that fit.
"""

import json
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any

from vqd.domain.errors import Problem
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts, JobFilter, ListedJob, Order, Place
from vqd.domain.needs import Needs
from vqd.store.homes import AND_HOME
from vqd.store.labels import findable
from vqd.store.orders import keys_in_order, pattern_of
from vqd.store.rows import Connection, Row

_LAST = (1 << 63) - 1


class JobList:
    """Reads jobs in short: those that are not over, and pages of all."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self) -> list[ListedJob]:
        """Give every job that is not closed, oldest first."""
        return [_listed(row) for row in self._connection.execute(_OPEN)]

    def newest(self, limit: int) -> list[ListedJob]:
        """Give the newest jobs, newest first."""
        rows = self._connection.execute(f"{_LISTED} ORDER BY job_key DESC LIMIT ?", (limit,))
        return [_listed(row) for row in rows]

    def page(self, asked: JobFilter, *, after: Place | None = None, limit: int) -> list[ListedJob]:
        """Give the first jobs that fit, in the order that is asked for; `after` is the place of the
        last of the page before this one."""
        keys = self._keys(asked, after)
        return [self._get(job_key) for job_key in islice(keys, limit)]

    def _get(self, job_key: int) -> ListedJob:
        return _listed(
            self._connection.execute(f"{_LISTED} WHERE job_key = ?", (job_key,)).fetchone()
        )

    def _keys(self, asked: JobFilter, after: Place | None) -> Iterator[int]:
        if asked.order is not Order.NEWEST:
            return keys_in_order(self._connection, asked, after)
        before = _LAST if after is None else int(after[-1])
        if asked.labels:
            return self._labelled(asked, before)
        states = sorted(asked.states) if asked.states else list(JobState)
        found = [self._in_state(state, asked, before) for state in states]
        return merge(*found, reverse=True)

    def _in_state(self, state: JobState, asked: JobFilter, before: int) -> Iterator[int]:
        given: list[object] = [state, before]
        where, index = "", "jobs_by_state"
        if asked.workflow is not None:
            where, index = " AND workflow = ?", "jobs_by_workflow"
            given.append(asked.workflow)
        if asked.name:
            where += " AND job LIKE ? ESCAPE '\\'"
            given.append(pattern_of(asked.name))
        rows = self._connection.walk(
            f"SELECT job_key FROM jobs INDEXED BY {index} WHERE state = ? AND job_key < ?{where}"
            " ORDER BY job_key DESC",
            given,
        )
        return (row["job_key"] for row in rows)

    def _labelled(self, asked: JobFilter, before: int) -> Iterator[int]:
        """Give those with every label, by walking along the entries of the first."""
        (name, value), *others = findable(asked.labels)
        rows = self._connection.walk(
            "SELECT job_key, state, workflow, job FROM labels CROSS JOIN jobs USING (job_key)"
            " WHERE labels.name = ? AND value = ? AND labels.job_key < ?"
            " ORDER BY labels.job_key DESC",
            (name, value, before),
        )
        for row in rows:
            if _fits(row, asked) and all(self._has(row["job_key"], *one) for one in others):
                yield row["job_key"]

    def _has(self, job_key: int, name: str, value: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM labels WHERE name = ? AND value = ? AND job_key = ?",
            (name, value, job_key),
        ).fetchone()
        return row is not None


def _fits(row: Row, asked: JobFilter) -> bool:
    return (
        (not asked.states or row["state"] in asked.states)
        and asked.workflow in (None, row["workflow"])
        and asked.name.casefold() in row["job"].casefold()
    )


ON_THE_WAY = "(SELECT count(*) FROM parcels WHERE parcels.job_key = jobs.job_key) AS on_the_way"
"""A column that tells of how many prompts of a job the outputs are not home yet."""

_COLUMNS = (
    "SELECT job_key, job, workflow, state, total, pending, running, succeeded, failed, cancelled,"
    " kept, priority, turn, accepted_at, started_at, finished_at, cancel_requested_at, reason,"
    " hold, problems, max_parallel, needs, json_extract(plan, '$.comment') AS comment,"
    " json_extract(plan, '$.labels') AS labels, json_extract(plan, '$.drift') AS drift,"
    f" {ON_THE_WAY}{AND_HOME}"
)
_LISTED = f"{_COLUMNS} FROM jobs CROSS JOIN needs USING (needs_key)"
_OPEN = (
    f"{_COLUMNS} FROM jobs INDEXED BY jobs_open CROSS JOIN needs USING (needs_key)"
    " WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing') ORDER BY job_key"
)


def _listed(row: Row) -> ListedJob:
    needs = json.loads(row["needs"])
    return ListedJob(
        **facts_of(row),
        labels=json.loads(row["labels"] or "{}"),
        comment=row["comment"] or "",
        drift=tuple(json.loads(row["drift"] or "[]")),
        needs=Needs(tuple(needs["tags"]), needs["vram_gb"]),
        max_parallel=row["max_parallel"],
    )


def facts_of(row: Row) -> dict[str, Any]:
    """Give what columns of their own tell of a job."""
    return {
        "job_key": row["job_key"],
        "job": row["job"],
        "workflow": row["workflow"],
        "state": JobState(row["state"]),
        "counts": Counts(*(row[name] for name in Counts.__match_args__)),
        "priority": row["priority"],
        "turn": row["turn"],
        "accepted_at": row["accepted_at"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "cancel_requested_at": row["cancel_requested_at"],
        "reason": row["reason"],
        "hold": row["hold"],
        "on_the_way": row["on_the_way"],
        "home": row["home"] if "home" in row.keys() else "",  # noqa: SIM118 - a row's values are no keys
        "problems": tuple(Problem(**problem) for problem in json.loads(row["problems"])),
    }
