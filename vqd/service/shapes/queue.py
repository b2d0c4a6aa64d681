"""The whole queue, and what the command line answers, for programs."""

from dataclasses import dataclass

from vqd.documents.shown import without_credentials
from vqd.domain.queue import ServerRecord
from vqd.service.shapes.jobs import (
    JobDetailShape,
    JobShape,
    PromptDetailShape,
    PromptShape,
    ReasonShape,
)
from vqd.service.shapes.shape import EventShape, Shape


@dataclass(frozen=True, slots=True)
class StandingShape(Shape):
    """A server as it was last seen, in short."""

    name: str
    url: str
    state: str
    """up, avoided, resting, down, or unseen: no daemon has looked for it yet."""
    said: str | None
    """What is in the way, in words."""
    version: str | None


@dataclass(frozen=True, slots=True)
class QueueShape(Shape):
    """The queue at a glance."""

    daemon: bool | None
    """Whether it runs; null where nobody can tell."""
    away: str | None
    """What is missing of the spool, if it is away."""
    paused: bool
    parked: str | None
    """What there is too little room for, if nothing is sent because of that."""
    servers: list[StandingShape]
    jobs: list[JobShape]
    """Those that are not over, oldest first."""
    waiting: list[str]
    """What of the inbox is not taken yet: `NAME: why`."""


@dataclass(frozen=True, slots=True)
class ShownShape(JobDetailShape):
    """A job with its folder, its first prompts and its first events."""

    folder: str | None
    """Null where it is gone, or on another machine."""
    prompts: list[PromptShape]
    events: list[EventShape]


@dataclass(frozen=True, slots=True)
class OnePromptShape(PromptDetailShape):
    """A prompt with every attempt at it, and the job that it is of."""

    job: str


@dataclass(frozen=True, slots=True)
class ExplainedShape(Shape):
    """Why a job, or a drop that still lies in the inbox, is where it is."""

    job: str
    state: str | None
    """Null for what the queue does not know."""
    folder: str | None
    reasons: list[ReasonShape]


@dataclass(frozen=True, slots=True)
class SteeredShape(Shape):
    """What became of a request."""

    job: str
    answer: str | None
    """What was done with it; null if the daemon has not answered yet."""


@dataclass(frozen=True, slots=True)
class PausedShape(Shape):
    """Whether everything is paused."""

    paused: bool


@dataclass(frozen=True, slots=True)
class SentShape(Shape):
    """A job that was submitted."""

    job: str | None
    """Its name; null while it waits in the inbox."""
    dropped: str | None
    """Where it waits in the inbox."""
    prompts: int


@dataclass(frozen=True, slots=True)
class ProgressShape(Shape):
    """How far a job is, by its folder or by the API."""

    job: str
    state: str
    reason: str | None
    total: int
    over: int
    """Prompts that are over, however they ended."""
    failed: int
    on: str | None
    """Where the first prompt is that runs: its server, and how far it is there."""
    expected_at: str | None
    """When it will be done, where that can be told."""
    folder: str | None
    """Null where it is on another machine."""


@dataclass(frozen=True, slots=True)
class LogLineShape(Shape):
    """A line of a job's log."""

    at: str | None
    prompt: int | None
    said: str


@dataclass(frozen=True, slots=True)
class ReportShape(Shape):
    """A report that was made again."""

    job: str
    report: str
    """Its path."""


def one_prompt_shape(job: str, prompt: PromptDetailShape) -> OnePromptShape:
    """Give a prompt with the job that it is of."""
    told = {name: getattr(prompt, name) for name in PromptDetailShape.__match_args__}
    return OnePromptShape(**told, job=job)


def standing_shape(record: ServerRecord) -> StandingShape:
    """Give a server in short for programs."""
    url = without_credentials(record.url)
    return StandingShape(record.server, url, record.state, record.said, record.version)
