"""What decides when a job may start: written with the job, judged by the runner, steered by people.

A job is ready, or has a `hold` that says why not. Whatever may change that sets `judge_at`, the
time at which the runner judges it again; until it has, nothing of the job is claimed.
"""

from collections.abc import Iterable, Sequence

from vqd.domain.finish import REMEMBERED
from vqd.domain.job import Plan
from vqd.domain.lifecycle import CLOSED_STATES, PROOF_MADE, SUSPENDED, JobState
from vqd.domain.notice import NoticeEvent
from vqd.domain.schedule import Awaited, Judgement, Standing
from vqd.store.classes import AT_ONCE, ClassRows, needs_of, requires_of
from vqd.store.events import EventRows
from vqd.store.homes import OWN
from vqd.store.notices import NoticeRows
from vqd.store.rows import Connection

_UNJUDGED = (
    "judge_at <= :now AND state IN ('queued', 'running') AND cancel_requested_at IS NULL" + OWN
)


class ScheduleRows:
    """The columns of jobs that hold or release them, and the tables beside."""

    def __init__(
        self,
        connection: Connection,
        events: EventRows,
        notices: NoticeRows,
        classes: ClassRows,
    ) -> None:
        self._connection = connection
        self._events = events
        self._notices = notices
        self._classes = classes

    def add(self, job_key: int, plan: Plan, *, now: float) -> None:
        """Write when a new job may start."""
        schedule = plan.schedule
        is_open = schedule == type(schedule)(max_parallel=schedule.max_parallel)
        deadline_at = None if plan.deadline_s is None else now + plan.deadline_s
        self._connection.execute(
            "UPDATE jobs SET needs_key = ?, max_parallel = coalesce(?, max_parallel),"
            " suspended = ?, not_before_at = ?, time_window = ?, deadline_at = ?, hold = ?,"
            " judge_at = ?, awaits_proof = ? WHERE job_key = ?",
            (
                self._classes.key(schedule.needs),
                schedule.max_parallel,
                int(schedule.suspended),
                schedule.not_before_at,
                schedule.window,
                deadline_at,
                SUSPENDED if schedule.suspended else None,
                deadline_at if is_open else AT_ONCE,
                int(plan.has_proof),
                job_key,
            ),
        )
        self._connection.executemany(
            "INSERT INTO awaited (job_key, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(job_key, name) for name in schedule.after],
        )

    def is_lacking(self) -> bool:
        """Tell whether a job waits for a node class or a model that no server has; one seek."""
        row = self._connection.execute(
            "SELECT 1 FROM jobs INDEXED BY jobs_lacking WHERE lacking = 1"
            f" AND state IN ('queued', 'running') AND cancel_requested_at IS NULL{OWN} LIMIT 1"
        ).fetchone()
        return row is not None

    def unjudged(self, now: float, limit: int) -> list[int]:
        """Give the keys of jobs to judge now, the longest due first."""
        rows = self._connection.execute(
            f"SELECT job_key FROM jobs INDEXED BY jobs_judged WHERE {_UNJUDGED}"
            " ORDER BY judge_at LIMIT :limit",
            {"now": now, "limit": limit},
        )
        return [row["job_key"] for row in rows]

    def next_at(self) -> float | None:
        """Give the earliest time at which a job is to be judged, which may be past; one seek."""
        row = self._connection.execute(
            "SELECT judge_at FROM jobs INDEXED BY jobs_judged WHERE judge_at IS NOT NULL"
            f" AND state IN ('queued', 'running') AND cancel_requested_at IS NULL{OWN}"
            " ORDER BY judge_at LIMIT 1"
        ).fetchone()
        return None if row is None else float(row["judge_at"])

    def standing(self, job_key: int) -> Standing:
        """Give all that decides about a job."""
        row = self._connection.execute(_STANDING, (job_key,)).fetchone()
        return Standing(
            is_suspended=bool(row["suspended"]),
            is_proof_made=bool(row["is_proof_made"]),
            not_before_at=row["not_before_at"],
            window=row["time_window"],
            needs=needs_of(row["needs"]),
            requires=requires_of(row["needs"]),
            awaited=self._awaited(job_key),
            deadline_at=row["deadline_at"],
            expected_s=row["mean_s"],
        )

    def judged(self, job_key: int, judgement: Judgement, *, now: float) -> bool:
        """Write what was judged; tell whether it holds or releases the job, or says another why.

        A job that runs no more because its proof waits for an approval is queued again.
        """
        row = self._connection.execute(
            "SELECT hold FROM jobs WHERE job_key = ?", (job_key,)
        ).fetchone()
        self._connection.execute(
            "UPDATE jobs SET hold = :hold, lacking = :lacking, judge_at = :judge_at, state = CASE"
            " WHEN state = 'running' AND :hold = :proof_made THEN 'queued' ELSE state END"
            " WHERE job_key = :job_key",
            {
                "hold": judgement.hold,
                "lacking": int(judgement.is_lack),
                "judge_at": judgement.next_at,
                "proof_made": PROOF_MADE,
                "job_key": job_key,
            },
        )
        if row["hold"] == judgement.hold:
            return False
        kind = "job.held" if judgement.hold else "job.released"
        self._events.add(kind, at=now, job_key=job_key, why=judgement.hold)
        if judgement.hold == PROOF_MADE:
            self._notices.add(job_key, NoticeEvent.PROOF, now=now)
        return True

    def suspend(self, job_key: int, *, now: float) -> bool:
        """Hold a job until somebody resumes it; False if it is held so already."""
        row = self._connection.execute(
            "UPDATE jobs SET suspended = 1, hold = ?, judge_at = ?"
            " WHERE job_key = ? AND suspended = 0 RETURNING job_key",
            (SUSPENDED, AT_ONCE, job_key),
        ).fetchone()
        if row is not None:
            self._events.add("job.suspended", at=now, job_key=job_key)
        return row is not None

    def resume(self, job_key: int, *, now: float) -> bool:
        """Let a suspended job go on, once it was judged; False if it was not suspended."""
        row = self._connection.execute(
            "UPDATE jobs SET suspended = 0, judge_at = ?"
            " WHERE job_key = ? AND suspended = 1 RETURNING job_key",
            (AT_ONCE, job_key),
        ).fetchone()
        if row is not None:
            self._events.add("job.resumed", at=now, job_key=job_key)
        return row is not None

    def approve(self, job_key: int, *, now: float) -> bool:
        """Let a quoted job start, or what is left of one with a proof; False if neither waits.

        The deadline of a quoted one counts from now on. It is judged before anything starts.
        """
        row = self._connection.execute(
            "UPDATE jobs SET state = CASE state WHEN 'quoted' THEN 'queued' ELSE state END,"
            " awaits_proof = CASE state WHEN 'quoted' THEN awaits_proof ELSE 0 END,"
            " deadline_at = CASE state WHEN 'quoted'"
            " THEN :now + CAST(json_extract(plan, '$.deadline_s') AS DOUBLE PRECISION)"
            " ELSE deadline_at END,"
            " quote = NULL, judge_at = :at_once"
            " WHERE job_key = :job_key AND (state = 'quoted' OR awaits_proof = 1)"
            " AND state IN ('quoted', 'queued', 'running') RETURNING job_key",
            {"now": now, "at_once": AT_ONCE, "job_key": job_key},
        ).fetchone()
        if row is not None:
            self._classes.classify(job_key)
            self._events.add("job.approved", at=now, job_key=job_key)
        return row is not None

    def prioritise(self, job_key: int, priority: int, *, now: float) -> None:
        """Give a job another priority, 0 to 100; its turn is that of when it came."""
        self._connection.execute(
            "UPDATE jobs SET priority = ?, placed = CASE priority WHEN ? THEN placed END"
            " WHERE job_key = ?",
            (priority, priority, job_key),
        )
        self._events.add("job.prioritised", at=now, job_key=job_key, priority=priority)

    def measure(self, job_key: int, seconds: float) -> None:
        """Let a workflow's mean time, and its variance, follow a prompt that was carried out.

        Both by Welford, but a new one weighs no less than one of the remembered.
        """
        self._connection.execute(
            "INSERT INTO workflow_times AS was (workflow, measured, mean_s)"
            " SELECT workflow, 1, :seconds FROM jobs WHERE job_key = :job_key"
            f" ON CONFLICT (workflow) DO UPDATE SET measured = was.measured + 1,"
            f" mean_s = was.mean_s + (:seconds - was.mean_s) / {_WEIGHED},"
            f" variance = (1 - 1.0 / {_WEIGHED}) * (was.variance"
            f" + (:seconds - was.mean_s) * (:seconds - was.mean_s) / {_WEIGHED})",
            {"seconds": max(0.0, seconds), "job_key": job_key, "remembered": REMEMBERED},
        )
        self._connection.execute(
            "UPDATE jobs INDEXED BY jobs_in_windows SET judge_at = ?"
            " WHERE workflow = (SELECT workflow FROM jobs WHERE job_key = ?)"
            " AND time_window IS NOT NULL AND state IN ('queued', 'running')",
            (AT_ONCE, job_key),
        )

    def judge_all_again(self) -> None:
        """Let every job be judged at once that is held, or will be judged at some time."""
        self._connection.execute(
            "UPDATE jobs SET judge_at = ? WHERE state IN ('queued', 'running')"
            f" AND (hold IS NOT NULL OR judge_at IS NOT NULL){OWN}",
            (AT_ONCE,),
        )

    def judge_waiting_for(self, job_key: int) -> None:
        """Let the jobs that wait for this one be judged at once."""
        self._connection.execute(
            "UPDATE jobs SET judge_at = ? WHERE state IN ('queued', 'running') AND job_key IN ("
            "SELECT awaited.job_key FROM jobs AS done JOIN awaited ON awaited.name = done.name"
            " WHERE done.job_key = ? UNION"
            " SELECT awaited.job_key FROM jobs AS done JOIN awaited ON awaited.name = done.job"
            " WHERE done.job_key = ?)",
            (AT_ONCE, job_key, job_key),
        )

    def forget_done(self, job_key: int, awaited: Iterable[Awaited]) -> None:
        """Forget the jobs that a job waited for and that are done: it waits for them once."""
        done = [(job_key, one.name) for one in awaited if one.state is JobState.DONE]
        self._connection.executemany("DELETE FROM awaited WHERE job_key = ? AND name = ?", done)

    def _awaited(self, job_key: int) -> Sequence[Awaited]:
        return [
            Awaited(name, state, is_waiting_back=key is not None and self._leads_to(key, job_key))
            for name, key, state in self._awaited_by(job_key)
        ]

    def _awaited_by(self, job_key: int) -> list[tuple[str, int | None, JobState | None]]:
        """Give what a job waits for: the name, and the key and state of the job that it means."""
        names = self._connection.execute(
            "SELECT name FROM awaited WHERE job_key = ? ORDER BY name", (job_key,)
        ).fetchall()
        found = []
        for (name,) in names:
            row = self._connection.execute(_AWAITED, {"name": name, "own": job_key}).fetchone()
            known = (row["job_key"], JobState(row["state"])) if row else (None, None)
            found.append((name, *known))
        return found

    def _leads_to(self, job_key: int, wanted: int) -> bool:
        """Tell whether a job waits for the wanted one, by itself or through others."""
        seen = {job_key}
        ahead = [job_key]
        while ahead and wanted not in seen:
            for _, key, state in self._awaited_by(ahead.pop()):
                if key is not None and key not in seen and state not in CLOSED_STATES:
                    seen.add(key)
                    ahead.append(key)
        return wanted in seen


# A newer prompt weighs no less than one of those that are remembered.
_WEIGHED = "CASE WHEN was.measured < :remembered THEN was.measured + 1 ELSE :remembered END"

# A proof is made once no prompt of it waits or runs any more, and others wait behind it.
_STANDING = (
    "SELECT suspended, not_before_at, time_window, deadline_at, needs, mean_s,"
    " awaits_proof = 1 AND pending > 0"
    " AND NOT EXISTS (SELECT 1 FROM prompts INDEXED BY prompts_of_proof"
    " WHERE prompts.job_key = jobs.job_key AND prompts.state = 'pending' AND proof = 1)"
    " AND NOT EXISTS (SELECT 1 FROM prompts INDEXED BY prompts_running"
    " WHERE prompts.job_key = jobs.job_key AND prompts.state = 'running' AND proof = 1)"
    " AS is_proof_made FROM jobs"
    " JOIN needs USING (needs_key) LEFT JOIN workflow_times USING (workflow)"
    " WHERE job_key = ?"
)

# The newest job before this one; the newest after it where that is missing, or was given up. A
# job after it that bears its own name is one that waits for it in its turn.
_AWAITED = (
    "SELECT job_key, state FROM ("
    "SELECT job_key, state, job_key < :own AS is_before FROM jobs WHERE job = :name"
    " UNION ALL SELECT * FROM (SELECT job_key, state, true FROM jobs"
    " WHERE name = :name AND job_key < :own ORDER BY job_key DESC LIMIT 1) AS before"
    " UNION ALL SELECT * FROM (SELECT job_key, state, false FROM jobs"
    " WHERE name = :name AND job_key > :own"
    " AND name <> (SELECT name FROM jobs WHERE job_key = :own) ORDER BY job_key DESC LIMIT 1)"
    " AS after) AS meant"
    " ORDER BY state IN ('failed', 'cancelled'), is_before DESC, job_key DESC LIMIT 1"
)
