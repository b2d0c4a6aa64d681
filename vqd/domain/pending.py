"""What of a job waits, and what comes before it."""

from collections.abc import Sequence

from vqd.domain.frozen import frozen
from vqd.domain.needs import Needs


@frozen
class Retried:
    """Prompts that are tried again later: the `first` of them, how many, and from when on."""

    first: int
    prompts: int
    next_at: float


@frozen
class Routed:
    """Prompts that only some servers are given since their memory did not suffice."""

    prompts: int
    needs: Needs


@frozen
class Pending:
    """The prompts of a job that wait: those that may run (`ready`), those `behind_proof`, and the
    others with what they wait for. At most `max_parallel` run at once, None for any number."""

    ready: int = 0
    behind_proof: int = 0
    retried: Retried | None = None
    routed: Sequence[Routed] = ()
    max_parallel: int | None = None


@frozen
class Ahead:
    """What may start and comes before a job: so many `jobs`, with so many `prompts` that wait. So
    many `beside` it share the servers with it, a prompt of each in turn."""

    jobs: int = 0
    prompts: int = 0
    beside: int = 0
