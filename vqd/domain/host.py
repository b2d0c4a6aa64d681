"""The machines whose daemons share a queue."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.times import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from vqd.domain.queue import PromptKey
    from vqd.domain.server import ServerRecord

HOST_STATES = ("heard", "silent", "gone")
KEPT_S = 7 * 86_400.0
"""How long a host that is gone is shown, where the settings do not say."""
_SHORTEST = 4
"""Characters of a home that are told at least, of hosts that bear the same name."""


@frozen
class HostDepot:
    """The depot as a host uses it: its `address` and, while it is away, why, as that host heard,
    and for how many seconds."""

    address: str
    why_away: str | None = None
    away_s: float | None = None


@frozen
class Host:
    """A machine whose daemon shares the queue: its `home`, which its servers and its jobs bear too,
    and the `name` that people know it by.

    It has been silent for `silent_s` seconds, None where it is gone: its daemon ended, or was taken
    for gone, `gone_s` seconds ago. After `lease_s` of silence others go on with what it ran. It
    `reaches` the spools of these other homes, and uses a `depot`, if it has one.
    """

    home: str
    name: str
    silent_s: float | None
    lease_s: float
    gone_s: float | None = None
    reaches: frozenset[str] = frozenset()
    depot: HostDepot | None = None

    @property
    def state(self) -> str:
        """Give `heard`, `silent` or `gone`. Silent is a host that was not heard for half of
        `lease_s`, in which its heart beats several times."""
        if self.silent_s is None:
            return "gone"
        return "silent" if self.silent_s > self.lease_s / 2 else "heard"

    @property
    def said(self) -> str | None:
        """Say what is the matter with it, None if nothing."""
        lease = duration(self.lease_s)
        if self.silent_s is None:
            return f"gone: ended, or silent for {lease}; its prompts go elsewhere"
        if self.state == "heard":
            return f"{self.depot_away}; what goes by it waits" if self.depot_away else None
        silent = duration(round(self.silent_s))
        return f"silent for {silent}; its prompts go elsewhere after {lease}"

    @property
    def depot_away(self) -> str | None:
        """Say for how long the depot has been away for it, and why; None if it is not, or nobody
        knows."""
        return self.depot_away_from("")

    def depot_away_from(self, place: str) -> str | None:
        """Say the same with a word about where that is so, ` there`."""
        if self.depot is None or self.depot.why_away is None or self.state != "heard":
            return None
        away = duration(round(self.depot.away_s or 0.0))
        return f"the depot has been away{place} for {away}: {self.depot.why_away}"


@frozen
class Swept:
    """What was found of daemons that are gone: the `homes` of those that were not known to be, and
    the running `prompts` of any, which are this one's now."""

    homes: Collection[str] = ()
    prompts: Collection[PromptKey] = ()


def forsaken(servers: Iterable[ServerRecord], hosts: Collection[Host]) -> set[str]:
    """Name the servers that nobody drives any more: their hosts are gone, while others are
    there."""
    gone = {host.home for host in hosts if host.state == "gone"}
    return {one.server for one in servers if one.home in gone} if len(gone) < len(hosts) else set()


def told_apart(hosts: Iterable[Host]) -> list[Host]:
    """Give hosts by name, those of the same name with the beginning of their homes behind it."""
    alike: dict[str, list[Host]] = {}
    for host in hosts:
        alike.setdefault(host.name, []).append(host)
    named = [one for same in alike.values() for one in _named(same)]
    return sorted(named, key=lambda host: host.name)


def _named(same: Sequence[Host]) -> Sequence[Host]:
    if len(same) == 1:
        return same
    homes = [host.home for host in same]
    length = next(n for n in count(_SHORTEST) if len({home[:n] for home in homes}) == len(homes))
    return [replace(host, name=f"{host.name}/{host.home[:length]}") for host in same]
