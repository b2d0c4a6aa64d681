"""Prompts, what they made, and all that is told of one job, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.times import iso
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vqd.domain.attempts import AttemptRecord
    from vqd.domain.outcome import OutputFile
    from vqd.domain.queue import Event, Prompt
    from vqd.service.explain import Reason
    from vqd.service.views import PromptDetail


@frozen
class PromptShape(Shape):
    """A prompt of a job, with the values that vary among its prompts."""

    prompt: int
    """Its number in the job, from 1."""
    state: str
    params: dict[str, Value]
    inputs: dict[str, str]
    """By slot the path of the file, below the job's inputs, or absolute."""
    seed: int | None
    server: str | None
    attempt: int
    seconds: float | None
    failure: str | None
    message: str | None
    outputs: list[str]
    """Paths in the job's folder."""


@frozen
class OutputShape(Shape):
    """One file that a job made."""

    path: str
    """Its path in the job's folder."""
    prompt: int
    slot: str
    kind: str
    """image, video, audio or text."""
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    frames: int | None
    fps: float | None
    duration_s: float | None


@frozen
class AttemptShape(Shape):
    """One attempt at a prompt."""

    attempt: int
    server: str
    started_at: str
    seconds: float | None
    outcome: str
    """succeeded, cancelled, running, put_back, or a failure code."""
    message: str | None
    step: str | None
    """What of on_oom was tried next."""


@frozen
class ReasonShape(Shape):
    """Why a group of prompts waits, or of what it failed, and what would change that."""

    code: str
    said: str
    cure: str
    prompts: int
    since_at: str | None
    attempts: list[AttemptShape]


@frozen
class RunningShape(Shape):
    """A prompt on a server, and how far it is, as last heard."""

    job: str
    prompt: int
    server: str
    node: str | None
    step: str | None
    """As the server says it: 12/20; or what it waits for there."""
    percent: int
    """Of its node, 0 to 100."""
    preview: bool
    """Whether its server has sent a preview of it."""


@frozen
class JobDetailShape(JobShape):
    """A job with what runs of it, and why it is where it is."""

    running: list[RunningShape]
    reasons: list[ReasonShape]


@frozen
class PromptDetailShape(PromptShape):
    """A prompt, and every attempt at it."""

    attempts: list[AttemptShape]


@frozen
class EventShape(Shape):
    """Something that happened to a job, or to one prompt of it."""

    at: str
    kind: str
    """What: job.accepted, prompt.failed …"""
    prompt: int | None
    facts: dict[str, Value | None]


def job_detail_shape(
    shape: JobShape, running: Sequence[RunningShape], reasons: Sequence[Reason]
) -> JobDetailShape:
    """Give a job for programs, with what runs of it and why it is where it is."""
    return JobDetailShape(
        **{name: getattr(shape, name) for name in type(shape).__match_args__},
        running=[*running],
        reasons=[reason_shape(reason) for reason in reasons],
    )


def prompt_shape(prompt: Prompt) -> PromptShape:
    """Give a prompt for programs."""
    return PromptShape(
        prompt=prompt.key.number,
        state=str(prompt.state),
        params=dict(prompt.params),
        inputs=dict(prompt.inputs),
        seed=prompt.seed,
        server=prompt.server,
        attempt=prompt.attempt,
        seconds=prompt.seconds,
        failure=prompt.failure_code,
        message=prompt.failure_message,
        outputs=[output.path for output in prompt.outputs],
    )


def prompt_detail_shape(detail: PromptDetail) -> PromptDetailShape:
    """Give a prompt for programs, with every attempt at it."""
    return PromptDetailShape(
        **asdict(prompt_shape(detail.prompt)), attempts=attempts_shape(detail.attempts)
    )


def output_shape(number: int, output: OutputFile) -> OutputShape:
    """Give an output of a prompt for programs."""
    told = {name: getattr(output, name) for name in OutputShape.__match_args__ if name != "prompt"}
    return OutputShape(prompt=number, **told)


def attempts_shape(attempts: Sequence[AttemptRecord]) -> list[AttemptShape]:
    """Give attempts for programs."""
    return [
        AttemptShape(**{**asdict(one), "started_at": iso(one.started_at) or ""}) for one in attempts
    ]


def reason_shape(reason: Reason) -> ReasonShape:
    """Give a reason for programs."""
    return ReasonShape(
        reason.code,
        reason.said,
        reason.cure,
        reason.prompts,
        iso(reason.since_at),
        attempts_shape(reason.attempts),
    )


def event_shape(event: Event) -> EventShape:
    """Give an event for programs."""
    return EventShape(iso(event.at) or "", event.kind, event.number, dict(event.facts))
