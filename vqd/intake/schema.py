"""The keys of a job file, and what may stand behind each."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from vqd.documents.durations import Duration
from vqd.documents.schema import Keys, fault, shown_kind
from vqd.documents.tree import Mapping, Node, Sequence, Text
from vqd.documents.values import Label, Scalar, Value
from vqd.domain.param import MOST_SEED
from vqd.intake import forms
from vqd.intake.awaited import Expect
from vqd.intake.notifying import NotifyKeys
from vqd.intake.scheduling import ScheduleKeys
from vqd.intake.terms import (
    MOST_IN_RANGE,
    MOST_WRITTEN_OUT,
    Group,
    JobName,
    Name,
    Point,
    Values,
    Version,
    WorkflowName,
    values,
    written_out,
)


class InputKeys(Keys):
    """What a slot is given: one of file, glob, folder and list. A bare path is a list of one."""

    model_config = ConfigDict(json_schema_extra=forms.also_bare_files)

    file: Scalar | None = Field(default=None, description="One file.")
    glob: Scalar | None = Field(
        default=None, description="A pattern: `*` and `?` within a name, `**` for any folders."
    )
    folder: Scalar | None = Field(default=None, description="Every file of its kind in a folder.")
    list: tuple[Scalar, ...] | None = Field(default=None, description="Several files.")
    expect: Expect | None = Field(
        default=None,
        description="How many files there must be, or their names; until then the drop waits.",
    )
    sort: Literal["natural", "name"] = Field(
        default="natural", description="natural: frame2 before frame10. name: by the letter."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_one_source(cls, given: Any) -> Any:
        if isinstance(given, Text) and given:
            return {"glob": given} if {"*", "?"} & {*given} else {"list": [given]}
        if isinstance(given, Sequence):
            return {"list": given}
        if not isinstance(given, Mapping):
            said = f"files are wanted here, not {shown_kind(given)}."
            raise fault("wrong_type", said, allowed="a file, a folder, a list, or {glob: …}")
        if len({"file", "glob", "folder", "list"} & {*given}) != 1:
            said = "must name its files in one way."
            raise fault("wrong_value", said, allowed="one of file, glob, folder, list")
        return given


class RowsKeys(Keys):
    """A table: the name of its file, or a list of rows."""

    file: Scalar | None = None
    list: tuple[Point, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_one_kind(cls, given: Any) -> Any:
        if isinstance(given, Text) and given:
            return {"file": given}
        if isinstance(given, Sequence) and given:
            return {"list": given}
        said = f"rows are wanted here, not {shown_kind(given)}."
        raise fault("wrong_type", said, allowed="the name of a CSV or TSV file, or a list of rows")


class SeedsKeys(Keys):
    """`{count: 2, base: 1234}`, or a list of seeds."""

    model_config = ConfigDict(json_schema_extra=forms.also_bare_seeds)

    count: int | None = Field(
        default=None, ge=1, le=MOST_IN_RANGE, description="How many seeds each prompt gets."
    )
    base: int = Field(
        default=0, ge=0, le=MOST_SEED, description="What they are derived from, for ever the same."
    )
    list: tuple[Annotated[int, Field(ge=0, le=MOST_SEED)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "count" in given and "list" not in given:
            return given
        return {"list": values(given)}


class FanOutKeys(Keys):
    """How the job becomes many prompts."""

    rows: Annotated[RowsKeys, WithJsonSchema(forms.ROWS)] | None = Field(
        default=None,
        description="A table: the CSV or TSV file whose columns are parameters, or a list of rows.",
        examples=["shots.csv"],
    )
    matrix: dict[str, Values] = Field(
        default_factory=dict,
        description="Lists of values by parameter; every combination is made. "
        "The first varies slowest.",
    )
    zip: tuple[Group, ...] = Field(
        default=(), description="Groups of lists of one length, whose values advance together."
    )
    per_input: dict[str, Point] = Field(
        default_factory=dict,
        description='Values for the inputs whose name fits a pattern: {"sunset*.png": {…}}.',
    )
    exclude: tuple[dict[str, Value], ...] = Field(
        default=(), description="Combinations that are left out; one may name fewer parameters."
    )
    include: tuple[dict[str, Value], ...] = Field(
        default=(), description="Combinations that are added; what one leaves out is as in params."
    )
    seeds: SeedsKeys | None = Field(
        default=None, description="The seeds of each prompt: {count: 2, base: 1234}, or a list."
    )
    limit: int | None = Field(
        default=None, ge=1, description="Refuse to become more prompts than this."
    )

    @model_validator(mode="before")
    @classmethod
    def _has_ranges_that_can_be_written_out(cls, given: Any) -> Any:
        held = written_out(_lists_in(given)) if isinstance(given, Mapping) else 0
        if held > MOST_WRITTEN_OUT:
            said = f"its ranges hold {held:,} values together."
            raise fault("wrong_value", said, allowed=f"at most {MOST_WRITTEN_OUT:,} values")
        return given


def _lists_in(fan_out: Mapping) -> Iterator[Node]:
    """Give everything that may stand for a list of values."""
    groups = fan_out.get(Text("zip"))
    matrix = fan_out.get(Text("matrix"))
    for group in (matrix, *(groups if isinstance(groups, Sequence) else ())):
        yield from group.values() if isinstance(group, Mapping) else ()


class RetryKeys(Keys):
    """How often and how long it is tried."""

    limit: int = Field(
        default=2, ge=0, le=100, description="How often a prompt that failed is tried again."
    )
    timeout: Duration | None = Field(default=None, description="How long one try may run.")
    stop_job_after: int | None = Field(
        default=None, ge=1, description="Cancel the rest of the job once so many prompts failed."
    )
    deadline: Duration | None = Field(
        default=None,
        description="Cancel what is not done so long after the job was accepted.",
    )


class OutputKeys(Keys):
    """What comes back."""

    name: Scalar | None = Field(
        default=None,
        description="A path below outputs/ without its ending. Tokens: a parameter, {job}, "
        "{index}, {seed}, {label.NAME}, {input.stem}, {input.name}, {input.parent}, "
        "{date:%Y-%m-%d}.",
        examples=["{input.stem}_{seed}"],
    )
    sidecar: Literal["none", "brief", "full"] = Field(
        default="full",
        description="The job file beside each output that makes it again: full, with how it was "
        "made; brief; none.",
    )
    keep: Duration | None = Field(
        default=None,
        description="So long after the job closed its records, log.txt and graphs/ go. "
        "Outputs are never deleted.",
    )


class ProofKeys(Keys):
    """What is made before the rest, to be looked at."""

    inputs: int = Field(
        default=1,
        ge=1,
        description="Of how many inputs: each of them once for every point, by the first seed.",
    )


class JobKeys(Keys):
    """A job file."""

    vqd: Version = Field(description="The format's version: 1.")
    workflow: WorkflowName = Field(
        description="The workflow that runs: `vqd workflows list` tells them. Or the name of a "
        "graph's file beside this one, which runs as it is."
    )
    name: JobName | None = Field(
        default=None, description="The job's name; else that of its folder or file."
    )
    comment: Label = Field(default="", description="A remark, shown in the report.")
    labels: dict[Name, Label] = Field(
        default_factory=dict,
        description="Names and texts of your own, for output names and prompts: {label.NAME}.",
        examples=[{"client": "acme", "shot": "sh010"}],
    )
    inputs: dict[str, InputKeys] = Field(
        default_factory=dict,
        description="The files of each slot of the workflow, relative to this file: a path, a "
        "pattern, a list, or a mapping.",
    )
    done_marker: Scalar | None = Field(
        default=None,
        description="The name of a file that says that everything has arrived; until it lies "
        "beside this one the drop waits.",
        examples=["READY"],
    )
    params: dict[str, Value] = Field(
        default_factory=dict, description="Values of the workflow's parameters."
    )
    fan_out: FanOutKeys = Field(
        default=FanOutKeys(), description="What varies: how the job becomes many prompts."
    )
    schedule: ScheduleKeys = Field(default=ScheduleKeys(), description="When it runs.")
    retry: RetryKeys = Field(
        default=RetryKeys(), description="How often and how long each prompt is tried."
    )
    output: OutputKeys = Field(
        default=OutputKeys(), description="How outputs are named, and what lies beside them."
    )
    proof: ProofKeys | None = Field(
        default=None,
        description="Make a proof first, show it in proof.html, and wait for APPROVE.",
        examples=[{"inputs": 1}],
    )
    notify: NotifyKeys | None = Field(
        default=None,
        description="Whom to tell what becomes of the job.",
        examples=[{"events": ["failed", "done"], "to": "studio"}],
    )
    record: dict[str, Any] = Field(
        default_factory=dict,
        description="What a sidecar tells of how its output was made, so that it is made again so.",
    )
