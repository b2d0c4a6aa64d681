"""The whole queue, and what the command line answers, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.documents.credentials import without_credentials
from vqd.domain.frozen import frozen
from vqd.service.shapes.hosts import HostShape
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.shape import Shape

if TYPE_CHECKING:
    from vqd.domain.server import ServerRecord


@frozen
class StandingShape(Shape):
    """A server as it was last seen, in short."""

    name: str
    url: str
    state: str
    """up, avoided, resting, down, or unseen: no daemon has looked for it yet."""
    said: str | None
    """What is in the way, in words."""
    version: str | None
    host: str | None
    """The machine that drives it, where several share the queue."""


@frozen
class QueueShape(Shape):
    """The queue at a glance."""

    daemon: bool | None
    """Whether it runs; null where nobody can tell."""
    away: str | None
    """What is missing of the spool, if it is away."""
    paused: bool
    parked: str | None
    """What there is too little room for, if nothing is sent because of that."""
    settings_said: str | None
    """Why the settings as they are written do not count, if the daemon was told to read them."""
    servers: list[StandingShape]
    hosts: list[HostShape]
    """The machines that share the queue, where there are several."""
    jobs: list[JobShape]
    """Those that are not over, oldest first."""
    waiting: list[str]
    """What of the inbox is not taken yet: `NAME: why`."""


def standing_shape(record: ServerRecord) -> StandingShape:
    """Give a server in short for programs."""
    url = without_credentials(record.url)
    return StandingShape(
        record.server, url, record.state, record.said, record.version, record.host or None
    )
