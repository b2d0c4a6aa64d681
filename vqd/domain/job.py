"""A planned job: what its prompts share, and each prompt by itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from vqd.domain.accept import Accept
from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph, Target, Value
from vqd.domain.ladder import Step
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.schedule import Schedule


@frozen
class ExpectedOutput:
    """One output that a workflow promises.

    `node` is the node that makes it; `prefix_input` the name of that node's input that holds the
    file name prefix, or None where the node has none; `kind` is one of `KINDS`: `file` takes
    whatever comes. `takes_temp` tells that what the node only previews, into the server's temp
    folder, is an output too. `accept` is what it must be to be published.
    """

    slot: str
    node: str
    kind: str
    prefix_input: str | None = None
    accept: Accept = field(default_factory=Accept)
    takes_temp: bool = False


@frozen
class InputBind:
    """Where the server's name of an uploaded input goes, and what may be put there."""

    kind: str
    extensions: tuple[str, ...]
    targets: tuple[Target, ...]


@frozen
class Notify:
    """What somebody wants to be told of: `events` of a job (see `NoticeEvent`), and `to` whom.

    `to` is the name of a target of the settings.
    """

    events: tuple[str, ...]
    to: str


MOST_ON_AXIS = 100
"""Values of an axis: nobody looks through a grid of more."""


@frozen
class Plan:
    """What every prompt of one job shares, and how long it is remembered in full once it is closed
    (`keep_s`, None for as long as the settings say).

    `params` are the values that do not vary, typed, defaults included. `axes` are the values that
    do, in fan-out order (the first varies slowest), each with its values in order of appearance:
    the report's grid; once the job is accepted, those alone of `MOST_ON_AXIS` values at most.
    `total` is the number of prompts, 1 or more. `name` is the job's own name, by which others wait
    for it; the needs of its schedule include those of its workflow. `has_proof` tells that the
    prompts of its proof run first, and the others once somebody approved of it. `on_oom` is what is
    tried when a server's memory does not suffice for one. `server_folder` is where the servers put
    the outputs of an attempt, if not into folders of their own. `drift` says what does not match
    the record any more, where a result is made again. `left_out` names, in words, files that lie
    where its inputs do and that none of these takes. `life` is in the names of the folders that
    servers put outputs into, for a job that came back: none of before is in the way.
    """

    workflow: str
    workflow_version: int
    total: int
    params: Mapping[str, Value]
    axes: Mapping[str, tuple[Value, ...]]
    inputs: Mapping[str, InputBind]
    outputs: tuple[ExpectedOutput, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    name: str = ""
    priority: int = 50
    retry_limit: int = 2
    timeout_s: float | None = None
    stop_job_after: int | None = None
    deadline_s: float | None = None
    keep_s: float | None = None
    notify: Notify | None = None
    schedule: Schedule = field(default_factory=Schedule)
    sidecar: str = "full"
    has_proof: bool = False
    on_oom: tuple[Step, ...] = ()
    server_folder: str = ""
    drift: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    life: str = ""


@frozen
class Made:
    """What a prompt made in an earlier life of its job, of which files, where and when.

    `params` are the values in whose place its ladder put others then, as they were used; `asked`
    are those in their place. `started_at` is UTC seconds.
    """

    outputs: tuple[OutputFile, ...]
    files: Mapping[str, ReadFile]
    server: str
    attempt: int
    started_at: float
    seconds: float
    mark: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)
    asked: Mapping[str, Value] = field(default_factory=dict)


@frozen
class PlannedPrompt:
    """One prompt, small enough to keep a hundred thousand of.

    `edits` are the inputs of `graph` that this prompt sets (all values that vary; what is fixed
    is already in the graph). `stem` is the output's path below `outputs/` without extension,
    unique in the job. `params` are the values that vary, for people. `is_proof` tells that it is
    one of the job's proof. What was `made` of it already is kept, and it does not run.
    """

    number: int
    graph: NamedGraph
    edits: Mapping[Target, Value]
    inputs: Mapping[str, str]
    params: Mapping[str, Value]
    seed: int | None
    stem: str
    is_proof: bool = False
    made: Made | None = None


@frozen
class PlannedJob:
    """A plan and the way to its prompts, which are made one by one and never all held."""

    plan: Plan
    prompts: Callable[[], Iterator[PlannedPrompt]]
