"""Hosts that share a queue, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.times import iso
from vqd.service.shapes.shape import Shape

if TYPE_CHECKING:  # who is told does without what tells
    from vqd.service.hosts import HostView


@frozen
class HostShape(Shape):
    """A machine whose daemon shares the queue."""

    name: str
    state: str
    """heard, silent, or gone: it ended, or was taken for gone."""
    said: str | None
    """What is the matter with it, in words."""
    heard_at: str | None
    """When its daemon was heard last; null of one that is gone."""
    lease_s: float
    """After so many seconds of silence its prompts go elsewhere."""
    servers: list[str]
    """Those that it drives."""
    prompts: int
    """How many are on them, or on their way home."""
    depot: str | None
    """The depot that it uses."""
    depot_away: str | None
    """Why the depot is away for it, as it heard; null while it is there."""
    depot_away_at: str | None
    """Since when."""


def host_shape(view: HostView, now: float) -> HostShape:
    """Give a host for programs; `now` is UTC seconds."""
    host, depot = view.host, view.host.depot
    cut_off = depot if host.depot_away else None
    return HostShape(
        name=host.name,
        state=host.state,
        said=host.said,
        heard_at=None if host.silent_s is None else iso(now - host.silent_s),
        lease_s=host.lease_s,
        servers=[*view.servers],
        prompts=view.prompts,
        depot=None if depot is None else depot.address,
        depot_away=None if cut_off is None else cut_off.why_away,
        depot_away_at=None if cut_off is None else iso(now - (cut_off.away_s or 0.0)),
    )
