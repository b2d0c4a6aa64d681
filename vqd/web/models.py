"""What the routes take and answer, beside the shapes that `--json` has too."""

from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from vqd.domain.frozen import frozen
from vqd.service.edits import LONGEST_BYTES, Content
from vqd.service.shapes.farm import ServerShape
from vqd.service.shapes.hosts import HostShape
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import EventShape, OutputShape, PromptShape
from vqd.service.shapes.shape import Shape

Absent = SkipJsonSchema[None]
"""None, where a parameter is left out; it cannot be sent."""
Cursor = Annotated[str | Absent, Field(max_length=4096, description="`next` of the page before.")]
Number = Annotated[int, Path(ge=1, le=1_000_000_000, description="The prompt's, from 1.")]
Named = Annotated[str, Field(max_length=300)]
Limit = Annotated[int, Field(ge=1, le=500, description="How many at most.")]


class Body(BaseModel):
    """What a request sends as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PriorityBody(Body):
    """A priority: 0 to 100, higher is sooner."""

    priority: int = Field(ge=0, le=100)


class OneOf(Body):
    """What a request sends as JSON, one of its keys alone."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        named = [name for name in self.model_fields_set if getattr(self, name) is not None]
        if len(named) != 1 or len(self.model_fields_set) != 1:
            raise ValueError(f"Name one of {', '.join(type(self).model_fields)}.")
        return self


class PlaceBody(OneOf):
    """A place among the jobs that wait: one of the three."""

    first: Literal[True] | Absent = Field(None, description="Before all others.")
    before: Named | Absent = Field(None, description="The job that comes next.")
    after: Named | Absent = Field(None, description="The job that comes before.")


class JobFileBody(OneOf):
    """A job file: its text, YAML, or JSON if it is named so; or its keys, of which one is made."""

    text: Annotated[str, Field(max_length=LONGEST_BYTES)] | Absent = None
    job: dict[str, Any] | Absent = None

    @property
    def content(self) -> Content:
        """Give what was sent."""
        return self.text if self.text is not None else self.job or {}


class SessionBody(Body):
    """The token, for a session."""

    token: str = Field(max_length=4096, repr=False)


@frozen
class JobsPage(Shape):
    """Jobs, in the order that was asked for."""

    jobs: list[JobShape]
    next: str | None
    """The cursor of the next page; null after the last."""


@frozen
class PromptsPage(Shape):
    """Prompts of a job, by number."""

    prompts: list[PromptShape]
    next: str | None


@frozen
class OutputsPage(Shape):
    """Outputs of a job, by path."""

    outputs: list[OutputShape]
    next: str | None


@frozen
class EventsPage(Shape):
    """What happened to a job and its prompts, oldest first."""

    events: list[EventShape]
    next: str | None


@frozen
class SubmittedShape(Shape):
    """A job that was taken in."""

    job: str
    prompts: int


@frozen
class JobFileShape(Shape):
    """A job file, by its name in the job's folder."""

    name: str
    text: str
    job: dict[str, Any] | None
    """What it says, each scalar as it was written; null where the text cannot be read."""


@frozen
class AnswerShape(Shape):
    """What was done with a job, in a few words."""

    job: str
    said: str


@frozen
class SessionShape(Shape):
    """Whether a token is needed here, and whether this request may ask."""

    token_needed: bool
    signed_in: bool


@frozen
class SystemShape(Shape):
    """The daemon, what keeps the queue, and the servers."""

    version: str
    paused: bool
    away: str | None
    """What is missing of the spool, if it is away."""
    parked: str | None
    """What there is too little room for, if nothing is sent because of that."""
    settings_said: str | None
    """Why the settings as they are written do not count, if the daemon was told to read them."""
    waiting: list[str]
    """What of the inbox is not taken yet: `NAME: why`."""
    jobs: dict[str, int]
    """How many there are in each state."""
    servers: list[ServerShape]
    hosts: list[HostShape]
    """The machines that share the queue, where there are several."""
    settings: dict[str, Any]
    """Those that hold no secret."""
