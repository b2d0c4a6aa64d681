"""Pages of jobs and of their prompts, each found by a seek, however many there are.

A page is told from where to go on, never how many to leave out. Of jobs asked for by label, name or
several states as many index entries are read as lie between those that fit.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice

from vqd.domain.figures import Depth
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import JobFilter
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.store.claiming import COLUMNS
from vqd.store.jobrow import job_of
from vqd.store.outputs import OutputRows
from vqd.store.promptrow import prompt_of

_LAST = (1 << 63) - 1


class ListingRows:
    """Reads the queue page by page."""

    def __init__(self, connection: sqlite3.Connection, outputs: OutputRows) -> None:
        self._connection = connection
        self._outputs = outputs

    def jobs(self, asked: JobFilter, *, before: int | None = None, limit: int) -> list[Job]:
        """Give the newest jobs that fit, newest first; `before` is the key of the last of the page
        before this one."""
        keys = self._keys(asked, _LAST if before is None else before)
        return list(self.of_keys([*islice(keys, limit)]))

    def of_keys(self, job_keys: Sequence[int]) -> Iterator[Job]:
        """Give the jobs of these keys, in this order; those that there are."""
        for job_key in job_keys:
            row = self._connection.execute(
                "SELECT * FROM jobs WHERE job_key = ?", (job_key,)
            ).fetchone()
            if row is not None:
                yield job_of(row)

    def prompts(
        self, job_key: int, state: PromptState | None = None, *, after: int = 0, limit: int
    ) -> list[Prompt]:
        """Give prompts of a job by number, with their outputs; `after` is the number of the last
        of the page before this one."""
        where, index = _PROMPTS_IN[state]
        rows = self._connection.execute(
            f"{COLUMNS} FROM prompts{index} JOIN graphs USING (graph_key)"
            f" WHERE job_key = ? AND number > ?{where} ORDER BY number LIMIT ?",
            (job_key, after, limit),
        ).fetchall()
        return [
            prompt_of(row, self._outputs.of_prompt(PromptKey(job_key, row["number"])))
            for row in rows
        ]

    def counts(self) -> Mapping[JobState, int]:
        """Count the jobs by state. Cost: an index entry for each job."""
        rows = self._connection.execute(
            "SELECT state, count(*) AS jobs FROM jobs INDEXED BY jobs_by_state GROUP BY state"
        )
        return {JobState(row["state"]): row["jobs"] for row in rows}

    def depths(self) -> list[Depth]:
        """Count the jobs that are not closed, and their prompts that are not over, by the state and
        priority of the job. Cost: a row for each such job, 2 ms for 1,000."""
        rows = self._connection.execute(
            "SELECT state, priority, count(*) AS jobs, sum(pending) AS pending,"
            " sum(running) AS running,"
            " min(CASE WHEN hold IS NULL THEN accepted_at END) AS oldest_at"
            " FROM jobs INDEXED BY jobs_open"
            " WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing')"
            " GROUP BY state, priority"
        )
        return [Depth(**{**dict(row), "state": JobState(row["state"])}) for row in rows]

    def _keys(self, asked: JobFilter, before: int) -> Iterator[int]:
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
            given.append(_pattern(asked.name))
        rows = self._connection.execute(
            f"SELECT job_key FROM jobs INDEXED BY {index} WHERE state = ? AND job_key < ?{where}"
            " ORDER BY job_key DESC",
            given,
        )
        return (row["job_key"] for row in rows)

    def _labelled(self, asked: JobFilter, before: int) -> Iterator[int]:
        """Give those with every label, by walking along the entries of the first."""
        (name, value), *others = asked.labels.items()
        rows = self._connection.execute(
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


def _fits(row: sqlite3.Row, asked: JobFilter) -> bool:
    return (
        (not asked.states or row["state"] in asked.states)
        and asked.workflow in (None, row["workflow"])
        and asked.name.casefold() in row["job"].casefold()
    )


def _pattern(part: str) -> str:
    return "%" + part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


_UNMADE = " AND state IN ('failed', 'cancelled')"
_PROMPTS_IN: Mapping[PromptState | None, tuple[str, str]] = {
    None: ("", ""),
    PromptState.PENDING: (" AND state = 'pending'", ""),
    PromptState.RUNNING: (" AND state = 'running'", " INDEXED BY prompts_running"),
    PromptState.SUCCEEDED: (" AND state = 'succeeded'", ""),
    PromptState.FAILED: (f"{_UNMADE} AND state = 'failed'", " INDEXED BY prompts_unmade"),
    PromptState.CANCELLED: (f"{_UNMADE} AND state = 'cancelled'", " INDEXED BY prompts_unmade"),
}
"""What makes prompts be in a state, and the index that finds them where others may lie between."""
