"""Writes down how the servers are, as they change."""

from collections.abc import Collection

import structlog

from vqd.domain.errors import VqdError
from vqd.runner.house import subjects
from vqd.runner.server import Server
from vqd.store.store import Session, Store

_log = structlog.get_logger(__name__)


def keep_servers(session: Session, names: Collection[str]) -> None:
    """Forget every server that is neither one of these nor one that another daemon drives."""
    session.servers.keep_only({*names})
    kept = {*names, *(one.server for one in session.servers.elsewhere())}
    session.catalogue.keep_only(kept)
    session.house.keep_only(subjects(kept))


def require_no_rival(store: Store, names: Collection[str]) -> None:
    """Do nothing if no other host that is there drives a server of one of these names.

    Raises:
        VqdError: `server_taken`.
    """
    there = {host.home: host.name for host in store.hosts() if host.silent_s is not None}
    with store.reading() as session:
        taken = [one for one in session.servers.elsewhere() if one.home in there]
    for one in taken:
        if one.server in names:
            raise VqdError(
                "server_taken",
                f"The host {there[one.home]} has a server {one.server!r}, too ({one.url}).",
                "Give each server of the hosts that share a queue a name of its own: servers: "
                "[{url: …, name: …}].",
            )


class Roster:
    """Knows the state in which each server was told of last. Used by the loop's thread alone."""

    def __init__(self, store: Store, servers: Collection[Server]) -> None:
        self._store = store
        self._servers = servers
        self._told: dict[str, str] = {}

    def keep_only(self, names: Collection[str]) -> None:
        """Forget every other server, and what was known and told of it."""
        for gone in self._told.keys() - names:
            del self._told[gone]

        self._store.write(lambda session: keep_servers(session, names))

    def note(self, now: float) -> None:
        """Write down what has changed; `now` is UTC seconds."""
        changed = [server for server in self._servers if server.changed]
        if not changed:
            return
        records = [server.record(now) for server in changed]
        self._store.write(lambda session: session.servers.note(records))
        for record in records:
            if self._told.get(record.server) != record.state:
                self._told[record.server] = record.state
                _log.info(
                    "server.changed", server=record.server, state=record.state, said=record.said
                )
