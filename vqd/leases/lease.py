"""What is spoken of: a lease, and a host."""

from dataclasses import dataclass

from vqd.domain.queue import PromptKey


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one prompt and to tell what became of it: a row of Procrastinate's, by its
    `job_id`, of which there is a new one each time."""

    job_id: int
    key: PromptKey


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that shares the queue: the name that people know it by, the identity that it keeps
    over its lives, and for how long (seconds) its heart has been silent."""

    worker_id: int
    identity: str
    name: str
    silent_s: float
