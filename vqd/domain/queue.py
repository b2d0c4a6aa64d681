"""What the queue remembers: jobs, prompts, events, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vqd.domain.errors import Problem
from vqd.domain.graph import Target, Value
from vqd.domain.job import Plan
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.schedule import Capability
from vqd.domain.workflow import FLIP


@dataclass(frozen=True, slots=True)
class Counts:
    """A job's prompts by state; `total` is their sum. Of those that succeeded, `kept` were made in
    an earlier life of the job, before its folder came back."""

    total: int
    pending: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    kept: int = 0

    @property
    def over(self) -> int:
        """Count the prompts that will not change by themselves."""
        return self.succeeded + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class JobFile:
    """The job file as dropped: its name in the job's folder and the hash of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job. `job` is its folder's name; `input_folder` is where its inputs lie, below that.

    `plan` is None for a job that was rejected before it was planned; `problems` say why. `hold`
    says why nothing of it may start now. Of one that `is_brief` little else is remembered, and it
    cannot be taken up again. Times are UTC seconds.
    """

    job_key: int
    job: str
    workflow: str
    state: JobState
    counts: Counts
    plan: Plan | None
    job_file: JobFile
    input_folder: str
    priority: int
    accepted_at: float
    started_at: float | None = None
    finished_at: float | None = None
    cancel_requested_at: float | None = None
    reason: str | None = None
    hold: str | None = None
    problems: tuple[Problem, ...] = ()
    is_brief: bool = False

    @property
    def why(self) -> str | None:
        """Say why it ended as it did, or why it does not start or is not laid out."""
        if self.state is JobState.PUBLISHING and self.hold:
            return self.hold
        return self.reason or (self.hold if self.counts.pending else None)

    @property
    def ends_as(self) -> JobState:
        """Tell how the job closes, by what became of its prompts."""
        if self.cancel_requested_at is not None and self.counts.succeeded < self.counts.total:
            return JobState.CANCELLED
        if self.problems or self.counts.failed or not self.counts.total:
            return JobState.FAILED
        return JobState.CANCELLED if self.counts.cancelled else JobState.DONE


@dataclass(frozen=True, slots=True)
class PromptKey:
    """Names a prompt: its job and its number there, from 1."""

    job_key: int
    number: int


@dataclass(frozen=True, slots=True)
class Downed:
    """A server that died while it ran a prompt: seen `at` (UTC seconds), and the last `node` that
    was heard of."""

    server: str
    at: float
    node: str | None = None


@dataclass(frozen=True, slots=True)
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
    planned: "Prompt | None" = None
    downed: tuple[Downed, ...] = ()

    def as_climbed(self, plan: Plan) -> "Prompt":
        """Give it as it is sent after the steps that it has climbed, with the values of those."""
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


@dataclass(frozen=True, slots=True)
class Failures:
    """Prompts of a job that failed alike: the first of them, and how many there are."""

    first: Prompt
    prompts: int


STEERED = "job.steered"
"""The kind of event that tells what somebody asked of a job, and what was said to it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job or to one prompt of it; `kind` is `noun.past_participle`."""

    at: float
    kind: str
    number: int | None
    facts: Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """A server as it was last seen; `state` is `up`, `avoided`, `resting` or `down`, and has been
    `since_at`.

    `tags` are sorted; `vram_gb` is None where nobody has said. Times are UTC seconds.
    """

    server: str
    url: str
    state: str
    said: str | None
    version: str | None
    seen_at: float | None
    since_at: float | None = None
    vram_gb: float | None = None
    tags: tuple[str, ...] = ()

    @property
    def takes_prompts(self) -> bool:
        """Whether it is given prompts, if only when no other is."""
        return self.state in ("up", "avoided")

    @property
    def capability(self) -> Capability:
        """What it has."""
        return Capability(frozenset(self.tags), self.vram_gb)


@dataclass(frozen=True, slots=True)
class ServerTally:
    """What became of the attempts on a server: how many `succeeded` today, by the machine's clock,
    and how many failed since the last that did (`failed_in_row`). `ended_at` is when the newest
    ended, None for none; `prompts` are on it now."""

    prompts: int = 0
    succeeded: int = 0
    failed_in_row: int = 0
    ended_at: float | None = None
