"""What a report tells of a job, its prompts and their outputs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.outcome import OutputFile


@frozen
class Content:
    """What a file held: the hash of it, and its length."""

    sha256: str
    bytes: int


@frozen
class ReportOutput:
    """One file that a prompt made. `path` is relative to the job's folder, with `/`; `kind` is one
    of `vqd.domain.kinds`."""

    path: str
    kind: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    chars: int | None = None

    @classmethod
    def of(cls, output: OutputFile) -> "ReportOutput":
        """Give what a report tells of an output."""
        return cls(
            path=output.path,
            kind=output.kind,
            bytes=output.bytes,
            sha256=output.sha256,
            width=output.width,
            height=output.height,
            frames=output.frames,
            fps=output.fps,
            duration_s=output.duration_s,
            chars=output.chars,
        )

    @property
    def content(self) -> Content:
        """What it held."""
        return Content(self.sha256, self.bytes)


@frozen
class ReportPrompt:
    """One prompt. `params` are the values that vary; `inputs` maps slots to paths, `contents` to
    what these held, where that is known. `mark` is what its workflow says of outputs that came
    about with other values than were asked for. One that `is_kept` was made before the job's
    folder came back.

    An input's path is absolute, or relative to the job's input folder, with `/`.
    """

    number: int
    state: str
    params: Mapping[str, Value]
    inputs: Mapping[str, str]
    seed: int | None
    server: str | None
    attempt: int
    seconds: float | None
    outputs: tuple[ReportOutput, ...]
    failure: str | None
    mark: str = ""
    is_kept: bool = False
    contents: Mapping[str, Content] = field(default_factory=dict)


Prompts = Callable[[], Iterable[ReportPrompt]]
"""Gives a job's prompts, one by one, as often as it is asked."""


@frozen
class ReportJob:
    """A job. `params` never vary; `axes` do, the first slowest; times are UTC seconds.

    `counts` has `total`, `succeeded`, `failed` and `cancelled`, and maybe `kept` of those that
    succeeded. `input_folder` is relative to the
    job's folder. `drift` says what was not as an output's record says, when that was made again.
    """

    job: str
    workflow: str
    workflow_version: int | None
    state: str
    reason: str | None
    comment: str
    labels: Mapping[str, str]
    counts: Mapping[str, int]
    params: Mapping[str, Value]
    axes: Mapping[str, tuple[Value, ...]]
    accepted_at: float
    started_at: float | None
    finished_at: float | None
    problems: tuple[Problem, ...]
    input_folder: str
    drift: tuple[str, ...] = ()
