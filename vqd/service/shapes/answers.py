"""What single verbs answer, for programs."""

from __future__ import annotations

from vqd.domain.frozen import frozen
from vqd.service.shapes.prompts import (
    EventShape,
    JobDetailShape,
    PromptDetailShape,
    PromptShape,
    ReasonShape,
)
from vqd.service.shapes.shape import Shape


@frozen
class ShownShape(JobDetailShape):
    """A job with its folder, its first prompts and its first events."""

    folder: str | None
    """Null where it is gone, or on another machine."""
    prompts: list[PromptShape]
    events: list[EventShape]


@frozen
class OnePromptShape(PromptDetailShape):
    """A prompt with every attempt at it, and the job that it is of."""

    job: str


@frozen
class ExplainedShape(Shape):
    """Why a job, or a drop that still lies in the inbox, is where it is."""

    job: str
    state: str | None
    """Null for what the queue does not know."""
    folder: str | None
    reasons: list[ReasonShape]


@frozen
class SteeredShape(Shape):
    """What became of a request."""

    job: str
    answer: str | None
    """What was done with it; null if the daemon has not answered yet."""


@frozen
class PausedShape(Shape):
    """Whether everything is paused."""

    paused: bool


@frozen
class SentShape(Shape):
    """A job that was submitted."""

    job: str | None
    """Its name; null while it waits in the inbox."""
    dropped: str | None
    """Where it waits in the inbox."""
    prompts: int


@frozen
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


@frozen
class LogLineShape(Shape):
    """A line of a job's log."""

    at: str | None
    prompt: int | None
    said: str


@frozen
class ReportShape(Shape):
    """A report that was made again."""

    job: str
    report: str
    """Its path."""


def one_prompt_shape(job: str, prompt: PromptDetailShape) -> OnePromptShape:
    """Give a prompt with the job that it is of."""
    told = {name: getattr(prompt, name) for name in PromptDetailShape.__match_args__}
    return OnePromptShape(**told, job=job)
