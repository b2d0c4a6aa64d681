"""All that decides why a job is where it is."""

from collections.abc import Sequence
from dataclasses import field

from vqd.domain.attempts import AttemptRecord
from vqd.domain.frozen import frozen
from vqd.domain.host import Host
from vqd.domain.pending import Ahead, Pending
from vqd.domain.queue import Failures, Job, Prompt
from vqd.domain.server import ServerRecord
from vqd.service.reach import OutOfReach


@frozen
class Tried:
    """Prompts that failed alike, and the attempts at the first of them."""

    alike: Failures
    attempts: tuple[AttemptRecord, ...]


@frozen
class Group:
    """Prompts that may run, and the servers that can carry them out, whether these are up or not.

    `lacks` says what of the servers is in the way where none can.
    """

    prompts: int
    able: tuple[ServerRecord, ...]
    lacks: str = ""


@frozen
class Facts:
    """All that decides about a job: `groups` are its prompts that may run, `held_at` is since when
    its hold is what it is, `retried` are the attempts at the first prompt that is tried again
    later. Where hosts share the queue, it is at home on the host `home`, and those that are
    `out_of_reach` cannot take its prompts."""

    job: Job
    pending: Pending = field(default_factory=Pending)
    groups: Sequence[Group] = ()
    ahead: Ahead = field(default_factory=Ahead)
    held_at: float | None = None
    running: Sequence[Prompt] = ()
    failed: Sequence[Tried] = ()
    retried: tuple[AttemptRecord, ...] = ()
    servers: Sequence[ServerRecord] = ()
    home: Host | None = None
    out_of_reach: Sequence[OutOfReach] = ()

    def may_take(self, server: ServerRecord) -> bool:
        """Tell whether a server that can carry prompts out is given some."""
        return server.takes_prompts and self.obstacle(server) is None

    def obstacle(self, server: ServerRecord) -> OutOfReach | None:
        """Give why the host of a server cannot take prompts of the job; None if it can."""
        return next((one for one in self.out_of_reach if one.host.home == server.home), None)
