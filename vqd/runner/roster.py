"""Writes down how the servers are, as they change."""

from collections.abc import Callable, Iterable, Sequence

import structlog

from vqd.runner.server import Server
from vqd.store.store import Store

_log = structlog.get_logger(__name__)


class Roster:
    """Knows the state in which each server was told of last. Used by the loop's thread alone."""

    def __init__(self, store: Store, servers: Iterable[Server]) -> None:
        self._store = store
        self._servers: Sequence[Server] = tuple(servers)
        self._told: dict[str, str] = {}

    def note(self, learn: Callable[[Server], None], now: float) -> None:
        """Write down what has changed, and `learn` of servers of which nothing is known.

        `now` is UTC seconds.
        """
        changed = [server for server in self._servers if server.changed]
        if not changed:
            return
        for server in changed:
            if server.is_unknown:
                learn(server)
        records = [server.record(now) for server in changed]
        self._store.write(lambda session: session.servers.note(records))
        for record in records:
            if self._told.get(record.server) != record.state:
                self._told[record.server] = record.state
                _log.info(
                    "server.changed", server=record.server, state=record.state, said=record.said
                )
