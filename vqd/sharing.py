"""The daemons that share the queue with this one, where it lies in PostgreSQL."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import structlog

from vqd.domain.place import Database, Place
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.leasing import Leasing, Unshared
from vqd.store.rows import Connection

_log = structlog.get_logger(__name__)


def _never() -> bool:
    return False


def _at_once() -> None:
    """Wait for nothing: nobody takes the queue over."""


def _unheard(_: Callable[[], None]) -> None:
    """Hear nothing: there is nobody else."""


def _unshared(_: Connection) -> Leasing:
    return Unshared()


@dataclass(frozen=True, slots=True)
class Sharing:
    """The queue at its place, as one of those who share it; by itself where nobody else does.

    `leasing` gives who may run a prompt, over the connection that writes. `listen` has something
    called when another changed the queue, `finds_silent` tells whether another is gone, and `stand`
    waits until this one is known not to have been taken for gone. `spools` are those of others that
    are reached from here, by their marks.
    """

    place: Place
    leasing: Callable[[Connection], Leasing] = _unshared
    listen: Callable[[Callable[[], None]], None] = _unheard
    finds_silent: Callable[[], bool] = _never
    stand: Callable[[], None] = _at_once
    spools: Mapping[str, Spool] = field(default_factory=dict)


@contextmanager
def sharing(settings: Settings, spool: Spool) -> Iterator[Sharing]:
    """Share the queue of the settings as the daemon of a spool, until the block ends.

    Raises:
        VqdError: as `vqd.leases.member.joined` tells; or `spool_away`.
    """
    place = settings.queue_place
    if not isinstance(place, Database):
        yield Sharing(place)
        return
    from vqd.leases.member import joined  # of the extra `cluster`

    home = spool.mark
    spools = dict(_reached(settings, home))
    database = replace(place, home=home, reaches=tuple(spools))
    name = socket.gethostname()
    with joined(database, identity=home, name=name, lease_s=settings.lease_s) as member:
        yield Sharing(
            database, member.gate, member.listen, member.finds_silent, member.stand, spools
        )


def _reached(settings: Settings, home: str) -> Iterator[tuple[str, Spool]]:
    """Give each spool of the settings that is there and another's, by its mark."""
    for path in settings.spools:
        spool = Spool(path)
        why = spool.why_away()
        if why is not None:
            _log.warning("spools.away", spool=str(path), said=why)
        elif spool.mark != home:
            yield spool.mark, spool
