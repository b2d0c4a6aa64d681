"""What the store asks as it moves prompts: leases, over the connection that writes."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol

import structlog
from psycopg import Connection

from vqd.domain.errors import VqdError
from vqd.domain.host import Swept
from vqd.domain.queue import PromptKey
from vqd.leases.connector import tell
from vqd.leases.heart import Heart, end_process
from vqd.leases.hosts import Hosts, Worker
from vqd.leases.lease import Lease
from vqd.leases.leases import Leases

_log = structlog.get_logger(__name__)


class Raw(Protocol):
    """Who has a connection, which may be another one when that is cut off."""

    @property
    def raw(self) -> Connection[Any]:
        """The connection."""


class Gate:
    """Lets this host's prompts begin and end, once each, in the transaction that moves them."""

    def __init__(
        self,
        writing: Raw,
        worker: Worker,
        heart: Heart,
        *,
        lease_s: float,
        on_swept: Callable[[], None] = end_process,
    ) -> None:
        self._writing = writing
        self._worker = worker
        self._heart = heart
        self._lease_s = lease_s
        self._on_swept = on_swept

    def take(self, key: PromptKey) -> None:
        """Lease a prompt, which begins to run."""
        self._leases.take([key], self._worker)

    def end(self, key: PromptKey) -> None:
        """End the lease of a prompt, which runs no more.

        Raises:
            VqdError: `lease_lost`, it is not this host's.
        """
        held = self._held([key])
        if not held:
            raise VqdError("lease_lost", f"{key} is no more this host's to speak for.")
        self._leases.end(held[0])

    def mine(self, keys: Iterable[PromptKey]) -> Collection[PromptKey]:
        """Give those of some running prompts that are this host's to speak for."""
        return {lease.key for lease in self._held({*keys})}

    def reach(self, homes: Collection[str], *, by_depot: bool) -> None:
        """Let jobs of these homes be claimed in this transaction, and `by_depot` those whose inputs
        lie there (see `store/postgres/dialect`)."""
        tell(
            self._writing.raw,
            "SELECT set_config('vqd.reached', %(homes)s, true),"
            " set_config('vqd.depot', %(by_depot)s, true)",
            {"homes": " ".join(homes), "by_depot": "on" if by_depot else "off"},
        )

    def sweep(self) -> Swept:
        """Find hosts that are gone, and take their prompts."""
        if not self._heart.finds_silent:
            return Swept()
        hosts = Hosts(self._writing.raw)
        leases = hosts.sweep(self._worker, timeout_s=self._lease_s)
        gone = hosts.note_gone()
        if leases or gone:
            _log.warning("hosts.swept", hosts=sorted(gone.values()), prompts=len(leases))
        return Swept(gone.keys(), [lease.key for lease in leases])

    def forget(self, home: str) -> bool:
        """Have nobody know a host any more; False if it is not gone."""
        return Hosts(self._writing.raw).forget(home)

    def tell_of_reach(self, homes: Collection[str]) -> None:
        """Have whoever looks on know which homes' spools this host reaches."""
        Hosts(self._writing.raw).tell_of_reach(self._worker, homes)

    def tell_of_depot(self, why_away: str | None) -> None:
        """Have whoever looks on know why the depot is away for this host, None if it is there."""
        Hosts(self._writing.raw).tell_of_depot(self._worker, why_away)

    @property
    def _leases(self) -> Leases:
        return Leases(self._writing.raw)

    def _held(self, keys: Collection[PromptKey]) -> list[Lease]:
        """Give the leases of prompts; where some are lost because this host was swept, it ends."""
        held = self._leases.held(keys, self._worker) if keys else []
        if len(held) < len(keys) and not Hosts(self._writing.raw).is_known(self._worker):
            _log.error("host.swept", host=self._worker.identity)
            self._on_swept()
        return held
