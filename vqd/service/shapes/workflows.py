"""Workflows for programs: all that a form needs, and nothing that only a graph tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.param import NONE
from vqd.service.shapes.shape import ProblemShape, Shape, problem_shape

if TYPE_CHECKING:  # who is told does without what tells
    from pathlib import Path

    from vqd.domain.errors import Problem
    from vqd.domain.param import Param
    from vqd.domain.workflow import InputSlot, Workflow
    from vqd.service.workflows import WorkflowView

Offers = Mapping[str, Sequence[str]]
"""By parameter what the servers offer for it."""


@frozen
class WorkflowShape(Shape):
    """A workflow, and whether it can be used."""

    name: str
    label: str | None
    group: str | None
    version: int | None
    inputs: list[str]
    state: str
    """ok, broken, nowhere (on none of the servers) or unknown (no server was seen yet)."""
    able: list[str]
    """The servers on which nothing is wrong with it."""
    unable: list[str]
    """Those that were seen and cannot run it."""
    problems: list[ProblemShape]


@frozen
class RequiresShape(Shape):
    """What a server must have."""

    vram_gb: float | None
    tags: list[str]


@frozen
class SlotShape(Shape):
    """A slot for files. With `fan_out` each file becomes a prompt of its own."""

    kind: str
    """image, video, audio or text."""
    extensions: list[str]
    required: bool
    fan_out: bool
    label: str
    help: str


@frozen
class ParamShape(Shape):
    """A parameter: what may be given, and how a form may ask for it."""

    type: str
    """text, bool, int, float, choice, size, seed, lora, checkpoint, model, image, video, audio."""
    required: bool
    default: Value | None
    min: float | None
    max: float | None
    step: float | None
    """How far the arrows of a form go."""
    round: float | None
    multiple_of: int | None
    """What it, or each side of a size, is a multiple of; `plus` above it."""
    plus: int
    choices: list[str]
    choices_from: str
    options: list[str]
    """What may be chosen: `choices`, or what the servers offer; none where any text will do."""
    presets: dict[str, str]
    """Names for sizes."""
    folder: str
    """The folder of ComfyUI's models that a model is of."""
    caption: bool
    """Whether shot.txt beside shot.png is its value for that input."""
    widget: str
    """text, textarea, number, slider, checkbox, select, size, seed, file … as the definition says,
    else by the type."""
    options_source: str
    """Where the options come from: as the definition says, else the Class.input or the folder."""
    multiline: bool
    placeholder: str
    label: str
    help: str


@frozen
class MadeShape(Shape):
    """What a workflow makes."""

    kind: str
    node: str


@frozen
class WorkflowDetailShape(WorkflowShape):
    """A workflow with all that a form needs. What is broken has only its problems."""

    help: str
    definition: str | None
    graph: str | None
    """The sha256 of its graph."""
    requires: RequiresShape | None
    slots: dict[str, SlotShape]
    params: dict[str, ParamShape]
    outputs: dict[str, MadeShape]


@frozen
class WorkflowPageShape(WorkflowDetailShape):
    """A workflow with all that a form needs, and the shortest job for it."""

    job: str
    """The text of a job file."""


@frozen
class FoundShape(Shape):
    """What a server says to a workflow."""

    faults: list[ProblemShape]
    notes: list[ProblemShape]
    drifted: list[ProblemShape]
    """What is not as it was when the workflow was first seen there."""


@frozen
class CheckedShape(WorkflowShape):
    """A workflow, and what each server says to it."""

    servers: dict[str, FoundShape]


@frozen
class WrittenShape(Shape):
    """A new definition, and the files that were written of it."""

    name: str
    wrote: list[str]
    """The paths of the files."""
    inputs: list[str]
    params: list[str]
    notes: list[ProblemShape]
    """What a person should know of how it came about; `unknown_key` was left out."""


def workflow_shape(view: WorkflowView) -> WorkflowShape:
    """Give a workflow in short for programs."""
    return WorkflowShape(*_summary(view))


def workflow_detail_shape(view: WorkflowView, offers: Offers) -> WorkflowDetailShape:
    """Give a workflow for programs, with what the servers offer for its parameters."""
    workflow = view.workflow
    if workflow is None:
        return WorkflowDetailShape(*_summary(view), "", None, None, None, {}, {}, {})
    return WorkflowDetailShape(
        *_summary(view),
        help=workflow.help,
        definition=workflow.where,
        graph=workflow.graph.sha256,
        requires=RequiresShape(workflow.vram_gb, [*workflow.tags]),
        slots={slot.name: _slot(slot) for slot in workflow.inputs.values()},
        params={
            param.name: _param(param, offers.get(param.name, ()))
            for param in workflow.params.values()
        },
        outputs={output.slot: MadeShape(output.kind, output.node) for output in workflow.outputs},
    )


def written_shape(
    workflow: Workflow, notes: Iterable[Problem], written: Iterable[Path]
) -> WrittenShape:
    """Give a new definition for programs."""
    return WrittenShape(
        workflow.name,
        [str(path) for path in written],
        [*workflow.inputs],
        [*workflow.params],
        [problem_shape(note) for note in notes],
    )


def is_required(param: Param) -> bool:
    """Tell whether a job must give a parameter; a seed is derived."""
    return param.default is None and param.type != "seed"


def _summary(
    view: WorkflowView,
) -> tuple[
    str,
    str | None,
    str | None,
    int | None,
    list[str],
    str,
    list[str],
    list[str],
    list[ProblemShape],
]:
    workflow: Workflow | None = view.workflow
    return (
        view.name,
        workflow.label if workflow else None,
        workflow.group if workflow else None,
        workflow.version if workflow else None,
        [*workflow.inputs] if workflow else [],
        view.state,
        [*view.able],
        [server for server in view.servers if server not in view.able],
        [problem_shape(problem) for problem in view.problems],
    )


def _slot(slot: InputSlot) -> SlotShape:
    return SlotShape(
        slot.kind,
        [*slot.extensions],
        slot.required,
        slot.fan_out,
        slot.hints.label,
        slot.hints.help,
    )


def _param(param: Param, offered: Sequence[str]) -> ParamShape:
    hints = param.hints
    return ParamShape(
        type=param.type,
        required=is_required(param),
        default=param.default,
        min=param.min,
        max=param.max,
        step=param.step,
        round=param.round,
        multiple_of=param.multiple_of,
        plus=param.plus,
        choices=[*param.choices],
        choices_from=param.choices_from,
        options=_options(param, offered),
        presets=dict(param.presets),
        folder=param.folder,
        caption=param.caption,
        widget=hints.widget or _widget(param),
        options_source=hints.options_source or param.choices_from or param.folder,
        multiline=hints.multiline,
        placeholder=hints.placeholder,
        label=hints.label,
        help=hints.help,
    )


def _options(param: Param, offered: Sequence[str]) -> list[str]:
    if param.choices:
        return [*param.choices]
    return [*([NONE] if param.when_none else []), *offered]


def _widget(param: Param) -> str:
    """Give the field that a form has for a type, where the definition does not say."""
    if param.type == "text":
        return "textarea" if param.hints.multiline else "text"
    if param.type in ("int", "float"):
        has_range = param.min is not None and param.max is not None
        return "slider" if has_range and param.type == "float" else "number"
    return _WIDGETS.get(param.type, "select")


_WIDGETS = {
    "bool": "checkbox",
    "size": "size",
    "seed": "seed",
    "image": "file",
    "video": "file",
    "audio": "file",
}
