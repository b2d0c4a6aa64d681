"""Hosts that share a queue as others see them: they say what they drive, and are silent at will."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from psycopg import Connection

from tests.builders import NOW
from vqd.domain.place import Database
from vqd.domain.server import ServerRecord
from vqd.leases.connecting import SCHEMA, connect
from vqd.leases.hosts import Hosts, Worker
from vqd.leases.schema import set_up
from vqd.store.store import Store

LEASE_S = 600.0
"""So long that who was heard just now is not silent yet when a busy machine comes to look."""


class Company:
    """Some hosts, none of which has a daemon."""

    def __init__(self, url: str) -> None:
        self._url = url
        Store(Database(url)).close()
        with self._asking() as connection:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
            connection.execute(f"SET search_path = {SCHEMA}")
            set_up(connection)

    def join(
        self,
        name: str,
        *servers: str,
        home: str | None = None,
        reaches: Sequence[str] = (),
        depot: str | None = None,
    ) -> Worker:
        """Let a host be heard just now, which drives servers that are up, `reaches` the spools of
        these hosts, and uses a depot."""
        home = home or f"home-of-{name}"
        with self._asking() as connection, connection.transaction():
            hosts = Hosts(connection)
            worker = hosts.join(home, name)
            homes = [f"home-of-{one}" for one in reaches]
            hosts.introduce(worker, name, lease_s=LEASE_S, depot=depot)
            hosts.tell_of_reach(worker, homes)
        if servers:
            self.drive(home, *servers)
        return worker

    def drive(self, home: str, *servers: str, prompts: int = 0) -> None:
        """Let servers be those of a home, and the first of them begin with so many prompts."""
        records = [
            ServerRecord(one, f"http://{one}:8188", "up", None, "0.4", NOW) for one in servers
        ]
        with closing(Store(Database(self._url, home=home))) as store:
            store.write(lambda session: session.servers.note(records))
            for _ in range(prompts):
                store.write(lambda session: session.prompts.claim(servers[0], "p", now=NOW))

    def silence(self, worker: Worker, seconds: float) -> None:
        """Let the heart of a host have been silent for so long."""
        with self._asking() as connection:
            connection.execute(
                "UPDATE procrastinate_workers"
                " SET last_heartbeat = now() - make_interval(secs => %s) WHERE id = %s",
                (seconds, worker.id),
            )

    def cut_off(self, worker: Worker, why: str | None, *, since_s: float = 0.0) -> None:
        """Let the depot be away for a host, for so many seconds; None for why, and it is there."""
        with self._asking() as connection:
            Hosts(connection).tell_of_depot(worker, why)
            connection.execute(
                "UPDATE known_hosts SET depot_away_at = now() - make_interval(secs => %s)"
                " WHERE identity = %s AND depot_said IS NOT NULL",
                (since_s, worker.identity),
            )

    def end(self, worker: Worker, *, since_s: float | None = None) -> None:
        """Let a host be gone; for so many seconds, where somebody has found that out."""
        with self._asking() as connection:
            Hosts(connection).leave(worker)
            if since_s is not None:
                Hosts(connection).note_gone()
                connection.execute(
                    "UPDATE known_hosts SET gone_at = now() - make_interval(secs => %s)"
                    " WHERE identity = %s",
                    (since_s, worker.identity),
                )

    def _asking(self) -> Connection[Any]:
        return connect(Database(self._url), name="test")
