"""Forgets the hosts that have been gone for long, and their servers, where daemons share a queue.

One whose jobs are not closed is kept, for they wait for it. What else there is of a host stays: the
records of its jobs, and the notices of which nobody was told yet. It is known again when its daemon
is started again.
"""

from collections.abc import Mapping

import structlog

from vqd.runner.beside import Beside
from vqd.store.store import Session, Store

LOOK_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


class Forgetting(Beside):
    """Forgets hosts that have been gone for `keep_s` seconds, which may change at any time."""

    def __init__(self, store: Store, keep_s: float) -> None:
        super().__init__("forgetting", self.forget)
        self.keep_s = keep_s
        self._store = store

    def forget(self) -> float:
        """Forget every host that is due; give the seconds until it should look again."""
        due = {
            host.home: host.name
            for host in self._store.hosts()
            if host.gone_s is not None and host.gone_s >= self.keep_s
        }
        for name in self._store.write(lambda session: _forget(session, due)) if due else ():
            _log.info("host.forgotten", host=name)
        return LOOK_EVERY_S


def _forget(session: Session, due: Mapping[str, str]) -> list[str]:
    """Forget hosts, given by their homes and names; gives the names of those that were."""
    idle = due.keys() - session.jobs.open_homes()
    homes = [home for home in idle if session.leasing.forget(home)]
    session.catalogue.forget(session.servers.forget(homes))
    return sorted(due[home] for home in homes)
