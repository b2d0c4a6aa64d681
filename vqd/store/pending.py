"""What of a job waits, and what comes before it; read when somebody asks, never in the loop."""

import sqlite3
from collections.abc import Mapping

from vqd.domain.pending import Ahead, Pending, Retried, Routed
from vqd.store.classes import needs_of

_UNLIMITED = 1_000_000_000
"""What jobs.max_parallel holds where a job asks for no bound."""


class PendingRows:
    """Counts over the prompts of one job, and over the jobs before it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of_job(self, job_key: int, now: float) -> Pending:
        """Give what of a job waits. It reads every prompt of it that does."""
        row = self._connection.execute(_COUNTED, {"job_key": job_key, "now": now}).fetchone()
        retried = Retried(row["first"], row["retried"], row["next_at"]) if row["retried"] else None
        limit = row["max_parallel"]
        return Pending(
            ready=row["ready"] or 0,
            behind_proof=row["behind_proof"] or 0,
            retried=retried,
            routed=self._routed(job_key, now),
            max_parallel=None if limit >= _UNLIMITED else limit,
        )

    def by_requirement(self, job_key: int, now: float) -> Mapping[int, int]:
        """Count the prompts of a job that may run, by the key of what they require."""
        rows = self._connection.execute(_BY_REQUIREMENT, {"job_key": job_key, "now": now})
        return {row["requirement_key"]: row["prompts"] for row in rows}

    def ahead_of(self, job_key: int) -> Ahead:
        """Count what comes before a job: what has a higher priority, or the same and is older."""
        row = self._connection.execute(_AHEAD, (job_key,)).fetchone()
        return Ahead(row["jobs"], row["prompts"] or 0)

    def _routed(self, job_key: int, now: float) -> tuple[Routed, ...]:
        rows = self._connection.execute(
            "SELECT count(*) AS prompts, needs FROM prompts JOIN needs ON needs_key = route_key"
            " WHERE job_key = ? AND state = 'pending' AND not_before_at <= ? GROUP BY route_key",
            (job_key, now),
        )
        return tuple(Routed(row["prompts"], needs_of(row["needs"])) for row in rows)


_COUNTED = (
    "SELECT max_parallel,"
    " sum(not_before_at <= :now AND route_key IS NULL AND NOT (awaits_proof AND proof = 0))"
    " AS ready,"
    " sum(not_before_at <= :now AND route_key IS NULL AND awaits_proof AND proof = 0)"
    " AS behind_proof,"
    " sum(not_before_at > :now) AS retried,"
    " min(CASE WHEN not_before_at > :now THEN number END) AS first,"
    " min(CASE WHEN not_before_at > :now THEN not_before_at END) AS next_at"
    " FROM (SELECT job_key, max_parallel, awaits_proof FROM jobs WHERE job_key = :job_key)"
    " LEFT JOIN (SELECT job_key, number, proof, route_key, prompts.not_before_at FROM prompts"
    " WHERE job_key = :job_key AND state = 'pending') USING (job_key)"
)

_BY_REQUIREMENT = (
    "SELECT requirement_key, count(*) AS prompts FROM prompts WHERE job_key = :job_key"
    " AND state = 'pending' AND not_before_at <= :now AND route_key IS NULL"
    " AND (proof = 1 OR (SELECT awaits_proof FROM jobs WHERE job_key = :job_key) = 0)"
    " GROUP BY requirement_key ORDER BY min(number)"
)

_AHEAD = (
    "SELECT count(*) AS jobs, sum(before.pending) AS prompts"
    " FROM jobs AS own JOIN jobs AS before ON before.job_key <> own.job_key"
    " WHERE own.job_key = ? AND before.state IN ('queued', 'running') AND before.pending > 0"
    " AND before.cancel_requested_at IS NULL AND before.hold IS NULL"
    " AND (before.priority > own.priority"
    " OR before.priority = own.priority AND before.job_key < own.job_key)"
)
