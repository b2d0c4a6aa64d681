"""The hosts that share a queue: they join, inherit from their earlier life, are swept, leave."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Literal

from psycopg import Connection

from vqd.domain.frozen import frozen
from vqd.leases.connector import ask, at_once, manager_over
from vqd.leases.lease import Host, Lease
from vqd.leases.naming import TASK, lease_of


@frozen
class Worker:
    """One life of a host: its row among Procrastinate's workers, and the host's identity."""

    id: int
    identity: str

    @property
    def queue(self) -> str:
        """Give the name of the queue that only this host takes from.

        PostgreSQL tells of a queue on a channel of at most 63 bytes, 23 of which are
        Procrastinate's: an identity may be longer than what is left.
        """
        return sha256(self.identity.encode()).hexdigest()[:32]


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
        worker = Worker(worker_id, identity)
        self._hand_over(worker, "worker_id", earlier)
        for one in earlier:
            at_once(self._manager.unregister_worker(one))
        return worker

    def introduce(
        self,
        worker: Worker,
        name: str,
        *,
        lease_s: float,
        depot: str | None = None,
    ) -> None:
        """Have whoever looks on know a host, also when it is gone: its name, after how long a
        silence it is taken for gone, and its depot."""
        ask(
            self._connection,
            "INSERT INTO known_hosts (identity, name, lease_s, depot)"
            " VALUES (%(identity)s, %(name)s, %(lease_s)s, %(depot)s)"
            " ON CONFLICT (identity) DO UPDATE SET name = excluded.name,"
            " lease_s = excluded.lease_s, depot = excluded.depot, reaches = DEFAULT,"
            " gone_at = NULL, depot_said = NULL, depot_away_at = NULL",
            {
                "identity": worker.identity,
                "name": name,
                "lease_s": float(lease_s),
                "depot": depot,
            },
        )

    def tell_of_reach(self, worker: Worker, homes: Iterable[str]) -> None:
        """Have whoever looks on know the homes whose spools a host reaches."""
        ask(
            self._connection,
            "UPDATE known_hosts SET reaches = %(reaches)s WHERE identity = %(identity)s",
            {"identity": worker.identity, "reaches": " ".join(homes)},
        )

    def tell_of_depot(self, worker: Worker, why_away: str | None) -> None:
        """Have whoever looks on know why the depot is away for a host, None if it is there."""
        ask(
            self._connection,
            "UPDATE known_hosts SET depot_said = %(said)s, depot_away_at ="
            " CASE WHEN %(said)s::text IS NOT NULL THEN coalesce(depot_away_at, now()) END"
            " WHERE identity = %(identity)s",
            {"identity": worker.identity, "said": why_away},
        )

    def note_gone(self) -> dict[str, str]:
        """Note since when those are gone that are, and were not known to be; give their names by
        their identities."""
        rows = ask(
            self._connection,
            "UPDATE known_hosts SET gone_at = now() WHERE gone_at IS NULL"
            " AND identity NOT IN (SELECT identity FROM lease_hosts) RETURNING identity, name",
            {},
        )
        return {str(row["identity"]): str(row["name"]) for row in rows}

    def forget(self, identity: str) -> bool:
        """Have nobody know a host any more; False if it is not gone."""
        rows = ask(
            self._connection,
            "DELETE FROM known_hosts WHERE identity = %(identity)s AND gone_at IS NOT NULL"
            " AND identity NOT IN (SELECT identity FROM lease_hosts) RETURNING identity",
            {"identity": identity},
        )
        return bool(rows)

    def leave(self, worker: Worker) -> None:
        """End a life; what it still holds is found by the next sweep."""
        at_once(self._manager.unregister_worker(worker.id))

    def beat(self, worker: Worker) -> bool:
        """Say that a host lives; False if it was swept, and holds nothing any more."""
        at_once(self._manager.update_heartbeat(worker.id))
        return self.is_known(worker)

    def is_known(self, worker: Worker) -> bool:
        """Tell whether a host was not swept."""
        found = ask(
            self._connection,
            "SELECT id FROM procrastinate_workers WHERE id = %(worker_id)s",
            {"worker_id": worker.id},
        )
        return bool(found)

    def are_silent(self, timeout_s: float) -> bool:
        """Tell whether a sweep would find a host that is gone, or what one left behind."""
        [row] = ask(
            self._connection,
            "SELECT EXISTS (SELECT 1 FROM procrastinate_workers"
            " WHERE last_heartbeat < now() - make_interval(secs => %(timeout_s)s))"
            " OR EXISTS (SELECT 1 FROM procrastinate_jobs"
            " WHERE status = 'doing' AND worker_id IS NULL)"
            " OR EXISTS (SELECT 1 FROM known_hosts WHERE gone_at IS NULL"
            " AND identity NOT IN (SELECT identity FROM lease_hosts)) AS found",
            {"timeout_s": float(timeout_s)},
        )
        return bool(row["found"])

    def sweep(self, worker: Worker, *, timeout_s: float) -> list[Lease]:
        """Let go of the hosts whose hearts were silent for longer than that, and give their leases,
        which are the worker's from now on: it ends them as their prompts wait again.

        Whoever sweeps must have heard the database for as long itself: when that was away, every
        heart was silent.
        """
        at_once(self._manager.prune_stalled_workers(timeout_s))
        stalled = self._manager.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=timeout_s)
        orphaned = [lease_of(job) for job in at_once(stalled)]
        self._hand_over(worker, "id", [lease.job_id for lease in orphaned])
        return orphaned

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

    def _hand_over(
        self, worker: Worker, column: Literal["id", "worker_id"], values: Sequence[int]
    ) -> None:
        """Let leases be the worker's, and wake nobody."""
        ask(
            self._connection,
            "UPDATE procrastinate_jobs SET worker_id = %(worker_id)s"
            f" WHERE status = 'doing' AND {column} = ANY(%(values)s::bigint[])",
            {"worker_id": worker.id, "values": list(values)},
        )

    def _lives(self, identity: str) -> list[int]:
        return [host.worker_id for host in self.all() if host.identity == identity]
