"""The rows of closed jobs as their folders tell of them, where the queue knows less.

That is so where the queue was lost, or an older one was put back. Where the folder does not tell of
its prompts the record is brief.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict

import orjson

from vqd.domain.closed import ClosedJob, ClosedPrompt
from vqd.domain.lifecycle import JobState
from vqd.domain.queue import PromptKey
from vqd.store.events import EventRows
from vqd.store.graphs import GraphRows
from vqd.store.homes import OWN
from vqd.store.jobrow import NOT_WHOLE, write_job
from vqd.store.labels import add_labels, shortened
from vqd.store.outputs import OutputRows
from vqd.store.promptrow import files_text
from vqd.store.rows import Connection

_ADOPTED = "job.adopted"
_DISOWNED = "job.disowned"


class AdoptedRows:
    """Jobs that are written as their folders tell of them."""

    def __init__(
        self,
        connection: Connection,
        events: EventRows,
        graphs: GraphRows,
        outputs: OutputRows,
    ) -> None:
        self._connection = connection
        self._events = events
        self._graphs = graphs
        self._outputs = outputs

    def states(self) -> dict[str, JobState]:
        """Give the state of every job by its name; 100,000 take 0.1 s."""
        rows = self._connection.execute(
            f"SELECT job, state FROM jobs INDEXED BY jobs_by_state WHERE true{OWN}"
        )
        return {row["job"]: JobState(row["state"]) for row in rows}

    def is_unknown(self, job: str, outputs: Iterable[tuple[str, str]]) -> bool:
        """Tell whether one of these outputs of a job, each with the stem of its prompt, is neither
        known nor that of a prompt that runs."""
        told = ({"job": job, "path": path, "stem": stem} for path, stem in outputs)
        return any(not self._connection.execute(_IS_KNOWN, one).fetchone()[0] for one in told)

    def lacks_events(self, job: str) -> bool:
        """Tell whether the log in a job's folder tells of more than the queue does: the job is
        unknown, or nothing happened to it since its folder was believed more."""
        row = self._connection.execute(
            "SELECT (SELECT kind FROM events WHERE events.job_key = jobs.job_key AND number IS NULL"
            " ORDER BY event_key DESC LIMIT 1) AS newest FROM jobs WHERE job = ?",
            (job,),
        ).fetchone()
        return row is None or row["newest"] in (_ADOPTED, _DISOWNED)

    def disown(self, job: str, *, now: float) -> None:
        """Let a job be one that was never accepted whole; its prompts are to be forgotten, and what
        of them runs is to be taken off its server."""
        self._connection.execute(
            "INSERT INTO strays (prompt_id, server, at) SELECT prompt_id, prompts.server,"
            " claimed_at FROM prompts JOIN jobs USING (job_key)"
            " WHERE job = ? AND prompts.state = 'running' AND jobs.state <> 'publishing'"
            " ON CONFLICT DO NOTHING",
            (job,),
        )
        row = self._connection.execute(
            f"UPDATE jobs SET {NOT_WHOLE} WHERE job = ? AND state <> 'publishing'"
            " RETURNING job_key",
            (job,),
        ).fetchone()
        if row is None:
            return
        self._connection.execute(
            "UPDATE prompts SET state = 'pending', prompt_id = NULL, server = NULL,"
            " claimed_at = NULL WHERE job_key = ? AND state = 'running'",
            (row["job_key"],),
        )
        self._events.add(_DISOWNED, at=now, job_key=row["job_key"])

    def adopt(self, closed: ClosedJob, *, now: float) -> bool:
        """Write a closed job that is unknown, or was disowned; False if it is neither."""
        job_key = write_job(self._connection, _values(closed), over="jobs.state = 'assembling'")
        if job_key is None:
            return False
        add_labels(self._connection, job_key, closed.labels)
        self._add_prompts(job_key, closed.prompts)
        self._events.add(_ADOPTED, at=now, job_key=job_key)
        return True

    def _add_prompts(self, job_key: int, prompts: Iterable[ClosedPrompt]) -> None:
        graph_keys: dict[str, int] = {}
        for prompt in prompts:
            sha256 = prompt.graph.sha256
            if sha256 not in graph_keys:
                graph_keys[sha256] = self._graphs.add(job_key, prompt.graph)
            self._connection.execute(_INSERT, _prompt_row(job_key, graph_keys[sha256], prompt))
            key = PromptKey(job_key, prompt.number)
            self._outputs.add((key, output) for output in prompt.outputs)


def _values(closed: ClosedJob) -> Mapping[str, object]:
    return {
        "job": closed.job,
        "name": shortened(unicodedata.normalize("NFC", closed.name)),
        "workflow": shortened(closed.workflow),
        "state": closed.state,
        "reason": closed.reason,
        "job_file": closed.job_file.name,
        "job_file_sha256": closed.job_file.sha256,
        "input_folder": closed.input_folder,
        "priority": closed.priority,
        "problems": orjson.dumps([asdict(problem) for problem in closed.problems]).decode(),
        "record": "whole" if closed.is_whole else "brief",
        "accepted_at": closed.accepted_at,
        "started_at": closed.started_at,
        "finished_at": closed.finished_at,
        **asdict(closed.counts),
    }


_INSERT = (
    "INSERT INTO prompts (job_key, number, graph_key, state, edits, inputs, params, seed, stem,"
    " server, attempt, seconds, files, kept, mark, asked, failure_code, failure_message) VALUES"
    " (:job_key, :number, :graph_key, :state, '{}', :inputs, :params, :seed, :stem,"
    " :server, :attempt, :seconds, :files, :kept, :mark, :asked, :failure_code, :failure_message)"
)


def _prompt_row(job_key: int, graph_key: int, prompt: ClosedPrompt) -> Mapping[str, object]:
    return {
        "job_key": job_key,
        "number": prompt.number,
        "graph_key": graph_key,
        "state": prompt.state,
        "inputs": orjson.dumps(dict(prompt.inputs)).decode(),
        "params": orjson.dumps(dict(prompt.params)).decode(),
        "seed": prompt.seed,
        "stem": prompt.stem,
        "server": prompt.server,
        "attempt": prompt.attempt,
        "seconds": prompt.seconds,
        "files": files_text(prompt.files),
        "kept": int(prompt.is_kept),
        "mark": prompt.mark,
        "asked": orjson.dumps(dict(prompt.asked)).decode(),
        "failure_code": prompt.failure_code,
        "failure_message": prompt.failure_message,
    }


_IS_KNOWN = """
SELECT EXISTS (SELECT 1 FROM outputs JOIN jobs USING (job_key) WHERE job = :job AND path = :path)
    OR EXISTS (SELECT 1 FROM jobs CROSS JOIN prompts INDEXED BY prompts_running USING (job_key)
        WHERE job = :job AND prompts.state = 'running' AND stem = :stem)
"""
