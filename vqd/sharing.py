"""The daemons that share the queue with this one, where it lies in PostgreSQL."""

import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from vqd.domain.place import Database, Place
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.leasing import Leasing, Unshared
from vqd.store.rows import Connection

if TYPE_CHECKING:
    from vqd.leases.member import Member


class Sharing:
    """The queue at its `place`, as one of those who share it; alone, where it lies in a file.

    `spools` are those of others, as the settings name them; `depot` is what the depot is known by,
    where there is one.
    """

    def __init__(
        self, place: Place, spools: Collection[Spool], lease_s: float, depot: str | None
    ) -> None:
        self.place = place
        self.spools = spools
        self._lease_s = lease_s
        self._depot = depot
        self._member: Member | None = None
        self._left_by = ExitStack()

    def leasing(self, connection: Connection) -> Leasing:
        """Join the others, and give who may run a prompt, over the connection that writes.

        Whoever has that is the one daemon of its spool: what an earlier one ran is its own.

        Raises:
            VqdError: as `vqd.leases.member.joined` tells.
        """
        if not isinstance(self.place, Database):
            return Unshared()
        from vqd.leases.member import joined  # of the extra `cluster`

        join = joined(
            self.place,
            identity=self.place.home,
            name=socket.gethostname(),
            lease_s=self._lease_s,
            depot=self._depot,
        )
        self._member = self._left_by.enter_context(join)
        return self._member.gate(connection)

    @property
    def home(self) -> str:
        """The mark of this daemon's spool; '' where the queue lies in a file."""
        return self.place.home if isinstance(self.place, Database) else ""

    @property
    def is_shared(self) -> bool:
        """Whether others may use the queue."""
        return isinstance(self.place, Database)

    def leave(self) -> None:
        """Leave the others."""
        self._left_by.close()

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have this called when another changed the queue, or is gone."""
        if self._member is not None:
            self._member.listen(on_change)

    def finds_silent(self) -> bool:
        """Tell whether another is gone, and its prompts are to be let go of."""
        return self._member is not None and self._member.finds_silent()

    def stand(self) -> None:
        """Wait until this daemon is known not to have been taken for gone."""
        if self._member is not None:
            self._member.stand()


@contextmanager
def sharing(settings: Settings, spool: Spool) -> Iterator[Sharing]:
    """Share the queue of the settings as the daemon of a spool, until the block ends."""
    place, depot = spool.at_home(settings.queue_place), settings.depot_address
    spools = [Spool(path) for path in settings.spools] if isinstance(place, Database) else []
    shared = Sharing(place, spools, settings.lease_s, None if depot is None else str(depot))
    try:
        yield shared
    finally:
        shared.leave()
