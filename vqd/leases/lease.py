"""What is spoken of: a lease, and a host."""

from vqd.domain.frozen import frozen
from vqd.domain.queue import PromptKey


@frozen
class Lease:
    """The right to run one prompt and to tell what became of it: a row of Procrastinate's, by its
    `job_id`, of which there is a new one each time."""

    job_id: int
    key: PromptKey


@frozen
class Host:
    """A machine that shares the queue: the name that people know it by, the identity that it keeps
    over its lives, and for how long (seconds) its heart has been silent."""

    worker_id: int
    identity: str
    name: str
    silent_s: float
