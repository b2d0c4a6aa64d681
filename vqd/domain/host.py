"""The machines whose daemons share a queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from vqd.domain.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HOST_STATES = ("heard", "silent", "gone")
_SHORTEST = 4
"""Characters of a home that are told at least, of hosts that bear the same name."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine whose daemon shares the queue: its `home`, which its servers and its jobs bear too,
    and the `name` that people know it by.

    It has been silent for `silent_s` seconds, None where it is gone: its daemon ended, or was taken
    for gone. After `lease_s` of silence others go on with what it ran.
    """

    home: str
    name: str
    silent_s: float | None
    lease_s: float

    @property
    def state(self) -> str:
        """Give `heard`, `silent` or `gone`. A heart beats five times in `lease_s`; one that has
        missed two beats is silent."""
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
            return None
        silent = duration(round(self.silent_s))
        return f"silent for {silent}; its prompts go elsewhere after {lease}"


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
