"""The rows of jobs."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

import orjson

from vqd.domain.errors import Problem, VqdError
from vqd.domain.job import MOST_ON_AXIS, Notify, Plan
from vqd.domain.lifecycle import JobState
from vqd.domain.notice import NoticeEvent
from vqd.domain.queue import Job, JobFile
from vqd.store.classes import AT_ONCE, ClassRows
from vqd.store.events import EventRows
from vqd.store.homes import AND_HOME, OWN
from vqd.store.jobrow import WHOLE, job_of, notify_text, plans, write_job
from vqd.store.labels import add_labels, shortened
from vqd.store.notices import NoticeRows
from vqd.store.rows import Connection
from vqd.store.schedules import ScheduleRows

ALL_KEPT = "every prompt is kept as it was made before; nothing was left to run"

# Nothing but its proof runs before somebody approves of it.
_PROOF_WAS_APPROVED = (
    "NOT EXISTS (SELECT 1 FROM prompts INDEXED BY prompts_of_proof"
    " WHERE prompts.job_key = jobs.job_key AND prompts.state = 'pending' AND proof = 1)"
    " AND EXISTS (SELECT 1 FROM prompts WHERE prompts.job_key = jobs.job_key AND kept = 1"
    " AND proof = 0)"
)


class JobRows:
    """Jobs: brought in, found, listed, closed. Their counters are kept by `PromptRows.move`."""

    def __init__(
        self,
        connection: Connection,
        events: EventRows,
        schedules: ScheduleRows,
        classes: ClassRows,
        notices: NoticeRows,
    ) -> None:
        self._connection = connection
        self._events = events
        self._schedules = schedules
        self._classes = classes
        self._notices = notices

    def begin(
        self, job: str, plan: Plan, job_file: JobFile, *, input_folder: str, now: float
    ) -> int:
        """Write an assembling job and give its key; its prompts follow, then `queue`.

        A job of that name that is closed, or was not whole, becomes this one and keeps its events.

        Raises:
            VqdError: `job_open`, a job of that name is in the queue.
        """
        job_key = self._write(
            job,
            {
                "name": unicodedata.normalize("NFC", plan.name),
                "workflow": plan.workflow,
                "state": JobState.ASSEMBLING,
                "plan": plans().dump_json(_kept(plan)).decode(),
                "job_file": job_file.name,
                "job_file_sha256": job_file.sha256,
                "input_folder": input_folder,
                "priority": plan.priority,
                "notify": notify_text(plan.notify),
                "keep_s": plan.keep_s,
                "accepted_at": now,
            },
        )
        self._schedules.add(job_key, plan, now=now)
        add_labels(self._connection, job_key, plan.labels)
        for said in plan.drift:
            self._events.add("drift.found", at=now, job_key=job_key, said=said)
        for said in plan.left_out:
            self._events.add("inputs.left_out", at=now, job_key=job_key, said=said)
        return job_key

    def queue(self, job_key: int, *, now: float, quote: str | None = None) -> None:
        """Make an assembled job visible: at that instant it is ours.

        One with a `quote`, which says how large it is, waits until it is approved of. A proof that
        was made in an earlier life of the job, and others after it, was approved of then.
        """
        row = self._connection.execute(
            "UPDATE jobs SET state = :state, quote = :quote, hold = coalesce(:quote, hold),"
            " awaits_proof = CASE WHEN awaits_proof = 1"
            f" AND NOT ({_PROOF_WAS_APPROVED}) THEN 1 ELSE 0 END, judge_at = CASE"
            " WHEN awaits_proof = 1 AND kept > 0 THEN :at_once ELSE judge_at END, reason = CASE"
            " WHEN kept > 0 AND kept = total THEN :all_kept END"
            " WHERE job_key = :job_key AND state = 'assembling' RETURNING total, workflow, kept",
            {
                "state": JobState.QUOTED if quote else JobState.QUEUED,
                "quote": quote,
                "all_kept": ALL_KEPT,
                "at_once": AT_ONCE,
                "job_key": job_key,
            },
        ).fetchone()
        self._classes.classify(job_key)
        self._events.add(
            "job.accepted",
            at=now,
            job_key=job_key,
            workflow=row["workflow"],
            prompts=row["total"],
            kept=row["kept"] or None,
        )
        self._notices.add(job_key, NoticeEvent.ACCEPTED, now=now)
        if quote:
            self._events.add("job.quoted", at=now, job_key=job_key, why=quote)
            self._notices.add(job_key, NoticeEvent.QUOTED, now=now)
        self._schedules.judge_waiting_for(job_key)

    def reject(
        self,
        job: str,
        problems: Sequence[Problem],
        job_file: JobFile,
        *,
        name: str,
        workflow: str,
        input_folder: str,
        notify: Notify | None = None,
        keep_s: float | None = None,
        now: float,
    ) -> int:
        """Write a job that cannot run, and give its key; it is published to `failed/` like any
        other.

        A job of that name that is closed becomes this one, as in `begin`, which tells what this
        raises.
        """
        job_key = self._write(
            job,
            {
                "name": shortened(unicodedata.normalize("NFC", name)),
                "workflow": shortened(workflow),
                "state": JobState.PUBLISHING,
                "plan": None,
                "job_file": job_file.name,
                "job_file_sha256": job_file.sha256,
                "input_folder": input_folder,
                "priority": 50,
                "notify": notify_text(notify),
                "keep_s": keep_s,
                "accepted_at": now,
                "problems": orjson.dumps([asdict(problem) for problem in problems]).decode(),
                "reason": str(problems[0]),
            },
        )
        self._events.add(
            "job.rejected", at=now, job_key=job_key, code=problems[0].code, faults=len(problems)
        )
        return job_key

    def request_cancel(self, job_key: int, *, now: float, why: str) -> bool:
        """Write down that the job is to stop; False if it was asked before or nothing is left."""
        row = self._connection.execute(
            "UPDATE jobs SET cancel_requested_at = ?, reason = ? WHERE job_key = ?"
            " AND cancel_requested_at IS NULL AND state IN ('quoted', 'queued', 'running')"
            " AND pending + running > 0 RETURNING job_key",
            (now, f"cancelled: {why}", job_key),
        ).fetchone()
        if row is None:
            return False
        self._events.add("job.cancel_requested", at=now, job_key=job_key, why=why)
        return True

    def is_cancelled(self, job_key: int) -> bool:
        """Tell whether the job was asked to stop."""
        row = self._connection.execute(
            "SELECT cancel_requested_at FROM jobs WHERE job_key = ?", (job_key,)
        ).fetchone()
        return row is not None and row["cancel_requested_at"] is not None

    def failed(self, job_key: int) -> int:
        """Give how many prompts of a job have failed."""
        row = self._connection.execute(
            "SELECT failed FROM jobs WHERE job_key = ?", (job_key,)
        ).fetchone()
        return int(row["failed"])

    def begin_publishing(self, job_key: int) -> bool:
        """Let a job whose prompts are all over be laid out; False if it is not so."""
        row = self._connection.execute(
            "UPDATE jobs SET state = 'publishing', hold = NULL WHERE job_key = ? AND state IN"
            " ('quoted', 'queued', 'running') AND pending = 0 AND running = 0 RETURNING job_key",
            (job_key,),
        ).fetchone()
        return row is not None

    def hold_publishing(self, job_key: int, why: str) -> None:
        """Write down why a job whose prompts are all over cannot be laid out or handed over yet."""
        self._connection.execute(
            "UPDATE jobs SET hold = ? WHERE job_key = ? AND state = 'publishing'", (why, job_key)
        )

    def close(self, job_key: int, state: JobState, reason: str | None, *, now: float) -> None:
        """Close a published job, or one that will never be whole: at that instant it is over."""
        row = self._connection.execute(
            "UPDATE jobs SET state = ?, reason = ?, hold = NULL, finished_at = ?"
            " WHERE job_key = ? AND state IN ('assembling', 'publishing')"
            " RETURNING total, succeeded, failed, cancelled",
            (state, reason, now, job_key),
        ).fetchone()
        self._events.add(
            f"job.{state}",
            at=now,
            job_key=job_key,
            **{name: row[name] for name in ("total", "succeeded", "failed", "cancelled")},
        )
        self._notices.add(job_key, NoticeEvent(state), now=now)
        self._schedules.judge_waiting_for(job_key)

    def find(self, job: str) -> Job | None:
        """Give the job of that name."""
        return self._one(f"{WHOLE} WHERE job = ?", (job,))

    def get(self, job_key: int) -> Job:
        """Give the job of that key.

        Raises:
            KeyError: there is none.
        """
        found = self._one(f"{WHOLE} WHERE job_key = ?", (job_key,))
        if found is None:
            raise KeyError(job_key)
        return found

    def unfinished(self) -> dict[str, int]:
        """Give the names and keys of jobs that have prompts left and were not asked to stop."""
        rows = self._connection.execute(
            "SELECT job, job_key FROM jobs INDEXED BY jobs_open"
            " WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing')"
            " AND state NOT IN ('assembling', 'publishing') AND pending + running > 0"
            f" AND cancel_requested_at IS NULL{OWN}"
        )
        return {row["job"]: row["job_key"] for row in rows}

    def is_here(self, job_key: int) -> bool:
        """Tell whether a job is at home here."""
        query = f"SELECT 1 FROM jobs WHERE job_key = ?{OWN}"
        return self._connection.execute(query, (job_key,)).fetchone() is not None

    def is_elsewhere(self, job: str) -> bool:
        """Tell whether a job of this name is at home where another daemon is, and so no job here
        can be called that."""
        known = self.find(job)
        return known is not None and not self.is_here(known.job_key)

    def open_here(self) -> list[str]:
        """Give the names of the jobs that are not closed and are at home here, oldest first."""
        rows = self._connection.execute(
            "SELECT job FROM jobs INDEXED BY jobs_open WHERE state IN"
            f" ('assembling', 'quoted', 'queued', 'running', 'publishing'){OWN} ORDER BY job_key"
        )
        return [str(row["job"]) for row in rows]

    def open_homes(self) -> set[str]:
        """Give the homes of the jobs that are not closed, where daemons share the queue."""
        rows = self._connection.execute(
            f"SELECT 1 AS one{AND_HOME} FROM jobs INDEXED BY jobs_open WHERE state IN"
            f" ('assembling', 'quoted', 'queued', 'running', 'publishing') GROUP BY 1{AND_HOME}"
        )
        return {row["home"] for row in rows if "home" in row.keys()}  # noqa: SIM118 - as in facts_of

    def closing(self) -> list[tuple[int, str]]:
        """Give the keys and names of jobs to close: their prompts are all over, or they are being
        laid out, or were when the daemon died. What they made is not on its way any more."""
        rows = self._connection.execute(
            "SELECT job_key, job FROM jobs INDEXED BY jobs_over"
            f" WHERE state IN ('quoted', 'queued', 'running') AND pending = 0 AND running = 0{OWN}"
            " AND NOT EXISTS (SELECT 1 FROM parcels WHERE parcels.job_key = jobs.job_key)"
            " UNION ALL SELECT job_key, job FROM jobs INDEXED BY jobs_publishing"
            f" WHERE state = 'publishing'{OWN}"
        )
        return [(row["job_key"], row["job"]) for row in rows]

    def stopping(self) -> list[int]:
        """Give the keys of cancelled jobs that still have running prompts."""
        rows = self._connection.execute(
            "SELECT job_key FROM jobs WHERE cancel_requested_at IS NOT NULL AND running > 0"
        )
        return [row["job_key"] for row in rows]

    def _write(self, job: str, values: Mapping[str, object]) -> int:
        """Write the row of a job; a closed one of that name becomes it. Gives its key."""
        over = f"jobs.state IN ('assembling', 'done', 'failed', 'cancelled'){OWN}"
        job_key = write_job(self._connection, {"job": job, **values}, over=over)
        if job_key is None:
            raise VqdError("job_open", f"{job} is in the queue already.")
        return job_key

    def _one(self, query: str, values: Sequence[object]) -> Job | None:
        return next(self._many(query, values), None)

    def _many(self, query: str, values: Iterable[object] = ()) -> Iterator[Job]:
        for row in self._connection.execute(query, tuple(values)):
            yield job_of(row)


def _kept(plan: Plan) -> Plan:
    """Leave out axes of which no grid is drawn: a row that grows with a job's prompts would be read
    and written whole for each of them."""
    axes = {name: values for name, values in plan.axes.items() if len(values) <= MOST_ON_AXIS}
    return replace(plan, axes=axes)
