"""Writes down how the servers are, as they change."""

from collections.abc import Collection

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.server import ServerRecord
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
    """Knows the state in which each server was told of last. What the queue did not take is kept,
    and written with what comes next. Used by the loop's thread alone."""

    def __init__(self, store: Store, servers: Collection[Server]) -> None:
        self._store = store
        self._servers = servers
        self._unwritten: dict[str, ServerRecord] = {}
        self._is_to_forget = False
        self._told: dict[str, str] = {}

    def forget_others(self) -> None:
        """Forget what was known and told of servers that are gone, with what is written next."""
        self._is_to_forget = True

    def note(self, now: float) -> None:
        """Write down what has changed; `now` is UTC seconds.

        Raises:
            VqdError: as `Store.write`.
        """
        changed = [server for server in self._servers if server.changed]
        self._unwritten.update({server.name: server.record(now) for server in changed})
        if not (self._unwritten or self._is_to_forget):
            return
        names = {server.name for server in self._servers}
        records = [one for one in self._unwritten.values() if one.server in names]

        def write(session: Session) -> None:
            if self._is_to_forget:
                keep_servers(session, names)
            session.servers.note(records)

        self._store.write(write)
        self._unwritten, self._is_to_forget = {}, False
        self._told = {name: state for name, state in self._told.items() if name in names}
        for record in records:
            self._tell(record)

    def _tell(self, record: ServerRecord) -> None:
        if self._told.get(record.server) != record.state:
            self._told[record.server] = record.state
            _log.info("server.changed", server=record.server, state=record.state, said=record.said)
