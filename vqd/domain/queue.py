"""What the queue remembers: jobs with their plans, prompts and events, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import PromptState
from vqd.domain.listing import ListedJob

if TYPE_CHECKING:  # which import much more
    from collections.abc import Mapping

    from vqd.domain.graph import Target, Value
    from vqd.domain.job import Plan
    from vqd.domain.outcome import OutputFile, ReadFile


@frozen
class JobFile:
    """The job file as dropped: its name in the job's folder and the hash of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(ListedJob):
    """A job with what carries it out. `input_folder` is where its inputs lie, below its folder.

    `plan` is None for a job that was rejected before it was planned; `problems` say why. Of one
    that `is_brief` little else is remembered, and it cannot be taken up again.
    """

    plan: Plan | None
    job_file: JobFile
    input_folder: str
    is_brief: bool = False


@frozen
class PromptKey:
    """Names a prompt: its job and its number there, from 1."""

    job_key: int
    number: int


@frozen
class Downed:
    """A server that died while it ran a prompt: seen `at` (UTC seconds), and the last `node` that
    was heard of."""

    server: str
    at: float
    node: str | None = None


@frozen
class Prompt:
    """A prompt. `attempt` counts every claim, `strikes` only the failures that count, `step` the
    steps of the job's `on_oom` that it has climbed; `mark` is what these tell of its outputs, and
    `asked` are the values in whose place they put others. `files` are the inputs as they were read,
    by slot. One that `is_kept` was made in an earlier life of the job. `planned` is one as it
    was planned, before it climbed; `downed` are the servers that died while they ran it."""

    key: PromptKey
    state: PromptState
    graph_sha256: str
    edits: Mapping[Target, Value]
    inputs: Mapping[str, str]
    params: Mapping[str, Value]
    seed: int | None
    stem: str
    attempt: int
    strikes: int
    prompt_id: str | None
    server: str | None
    claimed_at: float | None
    ended_at: float | None
    seconds: float | None
    failure_code: str | None
    failure_message: str | None
    outputs: tuple[OutputFile, ...] = field(default=())
    step: int = 0
    mark: str = ""
    asked: Mapping[str, Value] = field(default_factory=dict)
    files: Mapping[str, ReadFile] = field(default_factory=dict)
    is_kept: bool = False
    planned: Prompt | None = None
    downed: tuple[Downed, ...] = ()

    def as_climbed(self, plan: Plan) -> Prompt:
        """Give it as it is sent after the steps that it has climbed, with the values of those."""
        from vqd.domain.workflow import FLIP

        steps = plan.on_oom[: self.step]
        if not any(step.params for step in steps):
            return self
        edits, params, mark = {**self.edits}, {**self.params}, self.mark
        replaced = {name for step in steps for name in step.params}
        asked = {**plan.params, **self.params}
        is_flipped = bool(params.get(FLIP, plan.params.get(FLIP)))
        for step in steps:
            edits |= dict(step.flipped if is_flipped and step.flipped else step.edits)
            params |= step.params
            mark = step.mark or mark
        return replace(
            self,
            edits=edits,
            params=params,
            mark=mark,
            asked={name: asked[name] for name in sorted(replaced & asked.keys())},
            planned=self,
        )


@frozen
class Failures:
    """Prompts of a job that failed alike: the first of them, and how many there are."""

    first: Prompt
    prompts: int


STEERED = "job.steered"
"""The kind of event that tells what somebody asked of a job, and what was said to it."""


@frozen
class Event:
    """Something that happened to a job or to one prompt of it; `kind` is `noun.past_participle`."""

    at: float
    kind: str
    number: int | None
    facts: Mapping[str, str | int | float | bool | None]
