"""What of a job waits, and what comes before it; read when somebody asks, never in the loop."""

from collections.abc import Mapping

from vqd.domain.pending import Ahead, Pending, Retried, Routed
from vqd.store.classes import needs_of
from vqd.store.requirements import WAITING
from vqd.store.rows import Connection
from vqd.store.rules import RuleRows

_UNLIMITED = 1_000_000_000
"""What jobs.max_parallel holds where a job asks for no bound."""


class PendingRows:
    """Counts over the prompts of one job, and over the jobs before it."""

    def __init__(self, connection: Connection, rules: RuleRows) -> None:
        self._connection = connection
        self._rules = rules

    def of_job(self, job_key: int, now: float) -> Pending:
        """Give what of a job waits.

        Cost: those of its prompts that wait for a later time, for some servers or for its proof,
        however many wait besides.
        """
        job = self._connection.execute(
            "SELECT pending, max_parallel, awaits_proof FROM jobs WHERE job_key = ?", (job_key,)
        ).fetchone()
        retried, routed = self._retried(job_key, now), self._routed(job_key, now)
        ready: int = job["pending"] - sum(one.prompts for one in routed)
        ready -= retried.prompts if retried else 0
        proof = self._proof(job_key, now) if job["awaits_proof"] else ready
        limit = job["max_parallel"]
        return Pending(
            ready=proof,
            behind_proof=ready - proof,
            retried=retried,
            routed=routed,
            max_parallel=None if limit >= _UNLIMITED else limit,
        )

    def by_requirement(self, job_key: int, ready: int, now: float) -> Mapping[int, int]:
        """Count the prompts of a job that may run, of which `of_job` tells that there are `ready`,
        by the key of what they require.

        Cost: next to nothing where all require the same; else as many index entries as wait.
        """
        keys = [
            row["requirement_key"]
            for row in self._connection.execute(WAITING, {"job_key": job_key})
        ]
        if len(keys) == 1:
            return {keys[0]: ready} if ready else {}
        rows = self._connection.execute(_BY_REQUIREMENT, {"job_key": job_key, "now": now})
        return {row["requirement_key"]: row["prompts"] for row in rows}

    def ahead_of(self, job_key: int) -> Ahead:
        """Count what comes before a job: a higher priority, or the same and an earlier turn, if
        those of one priority do not share the servers."""
        ahead = _AHEAD_OF_SHARED if self._rules.is_fair() else _AHEAD
        row = self._connection.execute(ahead, (job_key,)).fetchone()
        return Ahead(row["jobs"], row["prompts"] or 0, row["beside"])

    def _retried(self, job_key: int, now: float) -> Retried | None:
        row = self._connection.execute(
            "SELECT count(*) AS retried, min(number) AS first, min(not_before_at) AS next_at"
            " FROM prompts INDEXED BY prompts_delayed WHERE job_key = ? AND state = 'pending'"
            " AND not_before_at > 0 AND not_before_at > ?",
            (job_key, now),
        ).fetchone()
        return Retried(row["first"], row["retried"], row["next_at"]) if row["retried"] else None

    def _routed(self, job_key: int, now: float) -> tuple[Routed, ...]:
        rows = self._connection.execute(
            "SELECT prompts, needs FROM (SELECT route_key, count(*) AS prompts"
            " FROM prompts INDEXED BY prompts_routed WHERE job_key = ? AND state = 'pending'"
            " AND route_key IS NOT NULL AND not_before_at <= ? GROUP BY route_key) AS routed"
            " JOIN needs ON needs_key = route_key",
            (job_key, now),
        )
        return tuple(Routed(row["prompts"], needs_of(row["needs"])) for row in rows)

    def _proof(self, job_key: int, now: float) -> int:
        """Count the prompts of a job's proof that may run."""
        row = self._connection.execute(
            "SELECT count(*) AS prompts FROM prompts INDEXED BY prompts_of_proof"
            " WHERE job_key = ? AND state = 'pending' AND proof = 1 AND not_before_at <= ?"
            " AND route_key IS NULL",
            (job_key, now),
        ).fetchone()
        return int(row["prompts"])


_BY_REQUIREMENT = (
    "SELECT requirement_key, count(*) AS prompts FROM prompts WHERE job_key = :job_key"
    " AND state = 'pending' AND not_before_at <= :now AND route_key IS NULL"
    " AND (proof = 1 OR (SELECT awaits_proof FROM jobs WHERE job_key = :job_key) = 0)"
    " GROUP BY requirement_key ORDER BY min(number)"
)

_WAITING_TOO = (
    " FROM jobs AS own JOIN jobs AS before ON before.job_key <> own.job_key"
    " WHERE own.job_key = ? AND before.state IN ('queued', 'running') AND before.pending > 0"
    " AND before.cancel_requested_at IS NULL AND before.hold IS NULL"
)
_AHEAD = (
    "SELECT count(*) AS jobs, sum(before.pending) AS prompts, 0 AS beside"
    f"{_WAITING_TOO} AND (before.priority > own.priority"
    " OR before.priority = own.priority"
    " AND (before.turn, before.job_key) < (own.turn, own.job_key))"
)
_AHEAD_OF_SHARED = (
    "SELECT count(*) FILTER (WHERE before.priority > own.priority) AS jobs,"
    " sum(before.pending) FILTER (WHERE before.priority > own.priority) AS prompts,"
    " count(*) FILTER (WHERE before.priority = own.priority) AS beside"
    f"{_WAITING_TOO} AND before.priority >= own.priority"
)
