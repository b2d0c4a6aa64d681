"""Pages of prompts, each found by a seek, however many there are; and how many jobs there are."""

from collections.abc import Iterator, Mapping, Sequence

from vqd.domain.figures import Depth
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.store.claiming import COLUMNS
from vqd.store.jobrow import WHOLE, job_of
from vqd.store.outputs import OutputRows
from vqd.store.promptrow import prompt_of
from vqd.store.rows import Connection


class ListingRows:
    """Reads the queue page by page."""

    def __init__(self, connection: Connection, outputs: OutputRows) -> None:
        self._connection = connection
        self._outputs = outputs

    def of_keys(self, job_keys: Sequence[int]) -> Iterator[Job]:
        """Give the jobs of these keys, in this order; those that there are."""
        for job_key in job_keys:
            row = self._connection.execute(f"{WHOLE} WHERE job_key = ?", (job_key,)).fetchone()
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
