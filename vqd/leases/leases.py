"""Leases: given, looked at, ended, each in the transaction of whoever asks.

A lease is a row of Procrastinate's that is *doing*. It is there for as long as its prompt runs, and
is deleted then: what waits is the store's alone, and the engine's table stays as small as the farm.
Procrastinate's `lock` sees to it that a prompt has one lease at most.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from procrastinate.jobs import Status
from procrastinate.sql import queries
from procrastinate.types import JobToDefer
from psycopg import Connection

from vqd.domain.queue import PromptKey
from vqd.leases.connector import as_values, ask, at_once, manager_over, tell
from vqd.leases.hosts import Worker
from vqd.leases.lease import Lease
from vqd.leases.naming import TASK, key_of, lease_of, lock_of


class Leases:
    """The leases of all hosts, over a connection inside its transaction."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._manager = manager_over(connection)

    def take(self, keys: Sequence[PromptKey], worker: Worker) -> list[Lease]:
        """Lease prompts that were chosen in this transaction, in their order.

        Whoever chose them knows that nobody runs them: a lease that there still is of one is over.
        """
        if not keys:
            return []
        jobs = [_job(key, worker) for key in keys]
        tell(self._connection, queries["defer_jobs"], as_values({"jobs": jobs}))
        leases = self._fetched(worker, len(jobs))
        if left_over := [key for key in keys if key not in leases]:
            self._end_all(left_over)
            leases |= self._fetched(worker, len(left_over))
        return [leases[key] for key in keys]

    def held(self, keys: Iterable[PromptKey], worker: Worker) -> list[Lease]:
        """Give the leases that a worker has of some prompts, and let nobody end them before this
        transaction ends. Procrastinate's own functions do not look whose a row is."""
        rows = ask(
            self._connection,
            "SELECT id, args FROM procrastinate_jobs WHERE lock = ANY(%(locks)s)"
            " AND status = 'doing' AND worker_id = %(worker_id)s FOR UPDATE",
            {"locks": [lock_of(key) for key in keys], "worker_id": worker.id},
        )
        return [Lease(row["id"], key_of(row["args"])) for row in rows]

    def end(self, lease: Lease) -> None:
        """End a lease that is `held` in this transaction."""
        finish = self._manager.finish_job_by_id_async
        at_once(finish(lease.job_id, Status.SUCCEEDED, delete_job=True))

    def of(self, worker: Worker) -> list[Lease]:
        """Give every lease that a worker has."""
        return [
            lease_of(job) for job in at_once(self._manager.list_jobs_async(worker_id=worker.id))
        ]

    def _fetched(self, worker: Worker, most: int) -> dict[PromptKey, Lease]:
        fetched = [at_once(self._manager.fetch_job([worker.queue], worker.id)) for _ in range(most)]
        return {lease.key: lease for lease in (lease_of(job) for job in fetched if job)}

    def _end_all(self, keys: Collection[PromptKey]) -> None:
        for key in keys:
            for job in at_once(self._manager.list_jobs_async(lock=lock_of(key), status="doing")):
                self.end(lease_of(job))


def _job(key: PromptKey, worker: Worker) -> JobToDefer:
    lock = lock_of(key)
    return JobToDefer(
        queue_name=worker.queue,
        task_name=TASK,
        priority=0,
        lock=lock,
        queueing_lock=lock,
        args={"job_key": key.job_key, "number": key.number},
        scheduled_at=None,
    )
