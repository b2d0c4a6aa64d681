"""What of the API's answers the command line reads, where that is no shape of its own."""

from vqd.domain.frozen import frozen
from vqd.service.shapes.farm import ServerShape
from vqd.service.shapes.hosts import HostShape
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import EventShape, PromptShape


@frozen
class System:
    """The daemon, and what keeps the queue."""

    version: str
    paused: bool
    away: str | None
    parked: str | None
    settings_said: str | None
    waiting: list[str]
    servers: list[ServerShape]
    hosts: list[HostShape]


@frozen
class Jobs:
    """A page of jobs."""

    jobs: list[JobShape]
    next: str | None


@frozen
class Prompts:
    """A page of a job's prompts."""

    prompts: list[PromptShape]
    next: str | None


@frozen
class Events:
    """The first events of a job."""

    events: list[EventShape]


@frozen
class Answer:
    """What was done with a job."""

    job: str
    said: str


@frozen
class Taken:
    """A job that was taken in."""

    job: str
    prompts: int
