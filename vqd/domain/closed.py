"""A job that is over, as its folder tells of it and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph, Value
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import Counts
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.queue import JobFile


@frozen
class ClosedPrompt:
    """A prompt of a closed job as the folder of that tells of it; what a `Prompt` has."""

    number: int
    state: PromptState
    graph: NamedGraph
    inputs: Mapping[str, str]
    params: Mapping[str, Value]
    seed: int | None
    server: str | None
    attempt: int
    seconds: float | None
    stem: str = ""
    outputs: Sequence[OutputFile] = ()
    files: Mapping[str, ReadFile] = field(default_factory=dict)
    is_kept: bool = False
    mark: str = ""
    asked: Mapping[str, Value] = field(default_factory=dict)
    failure_code: str | None = None
    failure_message: str | None = None


@frozen
class ClosedJob:
    """A closed job as its folder tells of it. Times are UTC seconds."""

    job: str
    name: str
    workflow: str
    state: JobState
    reason: str | None
    counts: Counts
    job_file: JobFile
    accepted_at: float
    started_at: float | None
    finished_at: float
    input_folder: str = ""
    priority: int = 50
    labels: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    prompts: Sequence[ClosedPrompt] = ()

    @property
    def is_whole(self) -> bool:
        """Tell whether every prompt of it is told of."""
        return len(self.prompts) == self.counts.total
