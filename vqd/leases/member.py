"""A host among those that share a queue: from when it joins to when it leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.place import Database
from vqd.leases.connecting import CUT_OFF, SCHEMA, connect
from vqd.leases.gate import Gate
from vqd.leases.heart import Heart
from vqd.leases.hosts import Hosts, Worker
from vqd.leases.leases import Leases
from vqd.leases.schema import set_up

_log = structlog.get_logger(__name__)

LAYS_OUT = 1987142757
"""The lock of whoever lays out the tables: hosts may begin at one instant."""


class Member:
    """This host, whose heart beats."""

    def __init__(self, worker: Worker, heart: Heart, lease_s: float) -> None:
        self._worker = worker
        self._heart = heart
        self._lease_s = lease_s

    def gate(self, writing: Any) -> Gate:
        """Give what lets this host's prompts begin and end, over the connection that writes: the
        one that `writing` has as its `raw`, which may be another when that is cut off."""
        return Gate(writing, self._worker, self._heart, lease_s=self._lease_s)

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have this called when the queue was changed by another, or another is silent."""
        self._heart.listen(on_change)

    def stand(self) -> None:
        """Wait until this host is known not to have been taken for gone."""
        self._heart.stand()

    def finds_silent(self) -> bool:
        """Tell whether another host is gone, and its prompts are to be let go of."""
        return self._heart.finds_silent


@contextmanager
def joined(
    database: Database,
    *,
    identity: str,
    name: str,
    lease_s: float,
    depot: str | None = None,
) -> Iterator[Member]:
    """Join those that share the queue in a database, until the block ends.

    It uses a `depot`, if it has one. What an earlier life of this identity left running is this
    one's, and is kept for the next if this one leaves some.

    Raises:
        VqdError: `store_unreachable`, or as `set_up` tells.
    """
    try:
        with connect(database, name="joins") as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (LAYS_OUT,))
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            set_up(connection)
            worker = Hosts(connection).join(identity, name)
            Hosts(connection).introduce(worker, name, lease_s=lease_s, depot=depot)
            others = [one for one in Hosts(connection).all() if one.worker_id != worker.id]
    except CUT_OFF as error:
        said = f"The queue cannot be reached: {str(error).strip().splitlines()[0]}."
        raise VqdError(STORE_UNREACHABLE, said, "Start PostgreSQL, or name another.") from error
    told = [f"{one.name}, heard {one.silent_s:.0f} s ago" for one in others]
    _log.info("queue.joined", name=name, others=told)
    heart = Heart(database, worker, lease_s=lease_s)
    heart.start()
    try:
        yield Member(worker, heart, lease_s)
    finally:
        heart.stop()
        _leave(database, worker)


def _leave(database: Database, worker: Worker) -> None:
    try:
        with connect(database, name="leaves") as connection, connection.transaction():
            if not Leases(connection).of(worker):
                Hosts(connection).leave(worker)
    except (*CUT_OFF, VqdError):
        return  # the others sweep it
