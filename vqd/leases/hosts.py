"""The hosts that share a queue: they join, inherit from their earlier life, are swept, leave."""

from dataclasses import dataclass
from typing import Any

from procrastinate.jobs import Status
from psycopg import Connection

from vqd.leases.connector import ask, at_once, manager_over
from vqd.leases.lease import Host, Lease
from vqd.leases.naming import TASK, lease_of


@dataclass(frozen=True, slots=True)
class Worker:
    """One life of a host: its row among Procrastinate's workers, and the host's identity, at most
    40 bytes, which names the queue that only this host takes from.

    PostgreSQL tells of a queue on a channel of at most 63 bytes, 23 of which are Procrastinate's.
    """

    id: int
    identity: str

    @property
    def queue(self) -> str:
        """Give the name of the host's queue."""
        return self.identity


class Hosts:
    """All hosts, over a connection inside its transaction."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._manager = manager_over(connection)

    def join(self, identity: str, name: str) -> Worker:
        """Begin a life of a host, whose earlier one is known to be over: its leases are the new
        one's."""
        worker_id = at_once(self._manager.register_worker())
        earlier = self._lives(identity)
        ask(
            self._connection,
            "INSERT INTO lease_hosts (worker_id, identity, name)"
            " VALUES (%(worker_id)s, %(identity)s, %(name)s)",
            {"worker_id": worker_id, "identity": identity, "name": name},
        )
        ask(
            self._connection,
            "UPDATE procrastinate_jobs SET worker_id = %(worker_id)s"
            " WHERE worker_id = ANY(%(earlier)s)",
            {"worker_id": worker_id, "earlier": earlier},
        )
        for one in earlier:
            at_once(self._manager.unregister_worker(one))
        return Worker(worker_id, identity)

    def leave(self, worker: Worker) -> None:
        """End a life; what it still holds is found by the next sweep."""
        at_once(self._manager.unregister_worker(worker.id))

    def beat(self, worker: Worker) -> bool:
        """Say that a host lives; False if it was swept, and holds nothing any more."""
        at_once(self._manager.update_heartbeat(worker.id))
        found = ask(
            self._connection,
            "SELECT id FROM procrastinate_workers WHERE id = %(worker_id)s",
            {"worker_id": worker.id},
        )
        return bool(found)

    def sweep(self, timeout_s: float) -> list[Lease]:
        """Let go of the hosts whose hearts were silent for longer than that, and give the leases
        that ended so: their prompts have to wait again in the caller's transaction.

        Whoever sweeps must have heard the database for as long itself: when that was away, every
        heart was silent.
        """
        at_once(self._manager.prune_stalled_workers(timeout_s))
        stalled = self._manager.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=timeout_s)
        ended = [lease_of(job) for job in at_once(stalled)]
        for lease in ended:
            at_once(
                self._manager.finish_job_by_id_async(lease.job_id, Status.FAILED, delete_job=True)
            )
        return ended

    def all(self) -> list[Host]:
        """Give every host that has not been swept, by name."""
        rows = ask(
            self._connection,
            "SELECT worker_id, identity, name,"
            " extract(epoch FROM now() - last_heartbeat)::float8 AS silent_s"
            " FROM lease_hosts JOIN procrastinate_workers ON id = worker_id"
            " ORDER BY name, worker_id",
            {},
        )
        return [Host(**row) for row in rows]

    def _lives(self, identity: str) -> list[int]:
        return [host.worker_id for host in self.all() if host.identity == identity]
