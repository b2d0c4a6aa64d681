"""Prompts read: one, those of a job, those that run."""

from collections.abc import Iterator

from vqd.domain.lifecycle import PromptState
from vqd.domain.queue import Failures, Prompt, PromptKey
from vqd.store.claiming import COLUMNS
from vqd.store.outputs import OutputRows
from vqd.store.promptrow import prompt_of
from vqd.store.rows import Connection, Row

_SELECT = f"{COLUMNS} FROM prompts JOIN graphs USING (graph_key) WHERE job_key = :job_key"
_FIRST_PAGE, _PAGE = 64, 500


class PromptList:
    """Reads prompts, in whatever state."""

    def __init__(self, connection: Connection, outputs: OutputRows) -> None:
        self._connection = connection
        self._outputs = outputs

    def state(self, key: PromptKey) -> PromptState:
        """Give a prompt's state.

        Raises:
            KeyError: there is no such prompt.
        """
        row = self._connection.execute(
            "SELECT state FROM prompts WHERE job_key = ? AND number = ?", (key.job_key, key.number)
        ).fetchone()
        if row is None:
            raise KeyError(key)
        return PromptState(row["state"])

    def get(self, key: PromptKey) -> Prompt:
        """Give a prompt with its outputs.

        Raises:
            KeyError: there is no such prompt.
        """
        return prompt_of(self._row(key), self._outputs.of_prompt(key))

    def of_job(self, job_key: int) -> Iterator[Prompt]:
        """Give a job's prompts by number, with their outputs, one by one."""
        return self._by_number(f"{_SELECT} AND number > :after", job_key)

    def of_proof(self, job_key: int) -> Iterator[Prompt]:
        """Give the prompts of a job's proof by number, with their outputs, one by one."""
        return self._by_number(f"{_SELECT} AND proof = 1 AND number > :after", job_key)

    def running(self, job_key: int | None = None) -> list[Prompt]:
        """Give the running prompts, of one job or of all; none of them has made anything yet."""
        rows = self._connection.execute(
            f"{COLUMNS} FROM prompts INDEXED BY prompts_running JOIN graphs USING (graph_key)"
            " WHERE state = 'running' AND (CAST(:job_key AS BIGINT) IS NULL OR job_key = :job_key)",
            {"job_key": job_key},
        )
        return [prompt_of(row, ()) for row in rows]

    def failures(self, job_key: int, limit: int) -> list[Failures]:
        """Give what the failed prompts of a job failed of, in the order of the first of each."""
        rows = self._connection.execute(
            "SELECT min(number) AS number, count(*) AS prompts FROM prompts"
            " INDEXED BY prompts_unmade WHERE job_key = ? AND state IN ('failed', 'cancelled')"
            " AND state = 'failed' GROUP BY failure_code, failure_message"
            " ORDER BY min(number) LIMIT ?",
            (job_key, limit),
        ).fetchall()
        return [
            Failures(prompt_of(self._row(PromptKey(job_key, row["number"])), ()), row["prompts"])
            for row in rows
        ]

    def _by_number(self, query: str, job_key: int) -> Iterator[Prompt]:
        """Give prompts with their outputs, read in pages: a job may have a million, and who asks
        may want to see the first of them."""
        after, most = 0, _FIRST_PAGE
        while True:
            values = {"job_key": job_key, "after": after, "most": most}
            rows = self._connection.execute(
                f"{query} ORDER BY number LIMIT :most", values
            ).fetchall()
            if rows:
                made = self._outputs.of_prompts(job_key, [row["number"] for row in rows])
                yield from (prompt_of(row, made.get(row["number"], ())) for row in rows)
            if len(rows) < most:
                return
            after, most = rows[-1]["number"], _PAGE

    def _row(self, key: PromptKey) -> Row:
        row: Row | None = self._connection.execute(
            f"{_SELECT} AND number = :number", {"job_key": key.job_key, "number": key.number}
        ).fetchone()
        if row is None:
            raise KeyError(key)
        return row
