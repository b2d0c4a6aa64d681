"""What is spoken of: a lease, a host, and what became of a publication."""

from dataclasses import dataclass
from enum import StrEnum

from vqd.domain.queue import PromptKey


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one prompt and to tell what became of it, as long as the three agree with
    the engine's row: no other lease has this `job_id` with this `worker_id` and `attempts`."""

    job_id: int
    worker_id: int
    attempts: int
    key: PromptKey


class Published(StrEnum):
    """What became of telling that a prompt is over."""

    PUBLISHED = "published"
    """It was told now, by this lease, which is over."""
    ALREADY = "already"
    """It had been told by this lease: the answer to that was lost."""
    LOST = "lost"
    """The lease was not held any more: whatever was made is nobody's."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that shares the queue: the name that people know it by, the identity that it keeps
    over its lives, and for how long (seconds) its heart has been silent."""

    worker_id: int
    identity: str
    name: str
    silent_s: float
