"""Leases: given, looked at, ended, each in the transaction of whoever asks.

A lease is a row of Procrastinate's that is *doing*. It is there for as long as the prompt is on its
way, and is deleted with it: what waits is the store's alone, and the engine's table stays as small
as the farm. Procrastinate's `lock` sees to it that a prompt has one lease at most.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from procrastinate.jobs import Job, Status
from psycopg import Connection

from vqd.domain.queue import PromptKey
from vqd.leases.connector import ask, at_once, manager_over
from vqd.leases.hosts import Worker
from vqd.leases.lease import Lease, Published
from vqd.leases.naming import TASK, key_of, lease_of, lock_of

_REMEMBERED_S = 86_400.0
"""For how long a publication is known, in case the answer to it was lost."""


class Leases:
    """The leases of all hosts, over a connection inside its transaction."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._manager = manager_over(connection)

    def take(self, keys: Sequence[PromptKey], worker: Worker) -> list[Lease]:
        """Lease prompts that were chosen in this transaction, in their order.

        Whoever chose them knows that nobody runs them: a lease that there still is of one is over.
        """
        jobs = [_job(key, worker) for key in keys]
        if not jobs:
            return []
        at_once(self._manager.batch_defer_jobs_async(jobs))
        self._forget_publications(keys)
        leases = self._fetched(worker, len(jobs))
        if left_over := [key for key in keys if key not in leases]:
            self._end_all(left_over)
            leases |= self._fetched(worker, len(left_over))
        return [leases[key] for key in keys]

    def _fetched(self, worker: Worker, most: int) -> dict[PromptKey, Lease]:
        fetched = [at_once(self._manager.fetch_job([worker.queue], worker.id)) for _ in range(most)]
        return {lease.key: lease for lease in (lease_of(job) for job in fetched if job)}

    def holds(self, lease: Lease) -> bool:
        """Tell whether a lease is still held, and let nobody end it before this transaction ends.

        Procrastinate's own functions look at neither the worker nor the attempt.
        """
        held = ask(
            self._connection,
            "SELECT id FROM procrastinate_jobs WHERE id = %(job_id)s AND status = 'doing'"
            " AND worker_id = %(worker_id)s AND attempts = %(attempts)s FOR UPDATE",
            {
                "job_id": lease.job_id,
                "worker_id": lease.worker_id,
                "attempts": lease.attempts,
            },
        )
        return bool(held)

    def held(self, keys: Iterable[PromptKey], worker: Worker) -> list[Lease]:
        """Give the leases that a worker holds of some prompts, and let nobody end them before this
        transaction ends."""
        rows = ask(
            self._connection,
            "SELECT id, attempts, args FROM procrastinate_jobs WHERE lock = ANY(%(locks)s)"
            " AND status = 'doing' AND worker_id = %(worker_id)s FOR UPDATE",
            {"locks": [lock_of(key) for key in keys], "worker_id": worker.id},
        )
        return [Lease(row["id"], worker.id, row["attempts"], key_of(row["args"])) for row in rows]

    def end(self, lease: Lease) -> bool:
        """End a lease: its prompt waits again, or is over without a publication. False if it was
        not held any more."""
        if not self.holds(lease):
            return False
        self._finish(lease)
        return True

    def publish(self, lease: Lease) -> Published:
        """Tell once that a prompt is over, and end its lease. Of `LOST` nothing may be kept."""
        if not self.holds(lease):
            return Published.ALREADY if self._was_published(lease) else Published.LOST
        ask(
            self._connection,
            "INSERT INTO lease_publications (job_key, number, job_id)"
            " VALUES (%(job_key)s, %(number)s, %(job_id)s)",
            _named(lease),
        )
        self._finish(lease)
        return Published.PUBLISHED

    def ask_abort(self, keys: Collection[PromptKey]) -> int:
        """Ask whoever has the leases of prompts to stop them, and wake them; gives how many are
        leased."""
        asked = [self._manager.list_jobs_async(lock=lock_of(key)) for key in keys]
        leased = [job.id for jobs in asked for job in at_once(jobs) if job.id is not None]
        for job_id in leased:
            at_once(self._manager.cancel_job_by_id_async(job_id, abort=True))
        return len(leased)

    def are_to_abort(self, keys: Collection[PromptKey]) -> bool:
        """Tell whether one of these prompts was asked to be aborted."""
        found = ask(
            self._connection,
            "SELECT id FROM procrastinate_jobs WHERE lock = ANY(%(locks)s) AND status = 'doing'"
            " AND abort_requested LIMIT 1",
            {"locks": [lock_of(key) for key in keys]},
        )
        return bool(found)

    def of(self, worker: Worker) -> list[Lease]:
        """Give every lease that a worker has."""
        held = at_once(self._manager.list_jobs_async(worker_id=worker.id))
        return [lease_of(job) for job in held]

    def forget_publications(self) -> None:
        """Forget publications of which nobody can be without an answer any more."""
        ask(
            self._connection,
            "DELETE FROM lease_publications WHERE at < now() - make_interval(secs => %(for_s)s)",
            {"for_s": _REMEMBERED_S},
        )

    def _end_all(self, keys: Collection[PromptKey]) -> None:
        for key in keys:
            for job in at_once(self._manager.list_jobs_async(lock=lock_of(key), status="doing")):
                self._finish(lease_of(job))

    def _finish(self, lease: Lease) -> None:
        at_once(
            self._manager.finish_job_by_id_async(lease.job_id, Status.SUCCEEDED, delete_job=True)
        )

    def _was_published(self, lease: Lease) -> bool:
        found = ask(
            self._connection,
            "SELECT job_id FROM lease_publications"
            " WHERE job_key = %(job_key)s AND number = %(number)s AND job_id = %(job_id)s",
            _named(lease),
        )
        return bool(found)

    def _forget_publications(self, keys: Sequence[PromptKey]) -> None:
        """Let prompts be published that were once and wait again: the store says that they do."""
        ask(
            self._connection,
            "DELETE FROM lease_publications WHERE (job_key, number) IN"
            " (SELECT * FROM unnest(%(job_keys)s::bigint[], %(numbers)s::integer[]))",
            {
                "job_keys": [key.job_key for key in keys],
                "numbers": [key.number for key in keys],
            },
        )


def _named(lease: Lease) -> dict[str, int]:
    return {
        "job_key": lease.key.job_key,
        "number": lease.key.number,
        "job_id": lease.job_id,
    }


def _job(key: PromptKey, worker: Worker) -> Job:
    lock = lock_of(key)
    return Job(
        queue=worker.queue,
        lock=lock,
        queueing_lock=lock,
        task_name=TASK,
        task_kwargs={"job_key": key.job_key, "number": key.number},
    )
