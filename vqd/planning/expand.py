"""A job spec, its workflow and its inputs become a plan and its prompts.

The order of prompts: the rows vary slowest, then the first matrix key, the rest of the matrix, zip,
the inputs, and the seeds. Everything is derived from the arguments alone, so that the same
job has the same prompts, with the same seeds and names, on any machine.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import NamedGraph, Value, edited
from vqd.domain.job import InputBind, Plan, PlannedJob
from vqd.domain.jobspec import FoundInputs, Given, JobSpec
from vqd.domain.needs import Needs
from vqd.domain.param import is_relative
from vqd.domain.workflow import FLIP, Workflow
from vqd.planning.distinct import differ_by_parts
from vqd.planning.missing import check_missing
from vqd.planning.naming import (
    INPUT_TOKENS,
    Naming,
    UsualNames,
    all_differ,
    as_part,
    flaws,
    read_pattern,
)
from vqd.planning.points import Points, read_points
from vqd.planning.render import Rendering
from vqd.planning.seeds import SeedTurns, read_seeds
from vqd.planning.shots import Shots, read_shots
from vqd.planning.sizes import read_sizes
from vqd.planning.turns import Turns
from vqd.planning.values import Reading

MOST_PROMPTS = 1_000_000
"""No job becomes more prompts than this."""

UNKNOWN_WIRES = "unknown_wires"
"""A job's fault that passes by itself: no server was seen yet that has the class of a node."""

_MOST_NAMES_TOLD = 5


def plan(
    spec: JobSpec,
    workflow: Workflow,
    inputs: FoundInputs,
    *,
    job: str,
    created_at: float,
) -> PlannedJob:
    """Give what a job's prompts share, and the way to each of them.

    `job` is the job's name, `created_at` its time in UTC seconds: both only for output names.

    Raises:
        Faults: every value, axis, input or name that cannot be planned, with its line.
    """
    reading = Reading(spec, workflow, inputs.named)
    fixed, points, seeds = _read_values(reading)
    shots = read_shots(reading, inputs.slots)
    if shots.all:
        check_missing(reading, points, fixed, shots)
    reading.check()
    fixed = {name: value for name, value in fixed.items() if name not in seeds.params}
    sizes = read_sizes(reading, points, shots.speaking, fixed)
    reading.check()
    still, resting = _still_and_resting(workflow, fixed, points, shots)
    turns = Turns(workflow, points, shots, seeds, resting, sizes, spec.proof_inputs)
    total = _total(reading, turns)
    reading.check()
    axes = sizes.in_pixels(_without_slots(points.axes(fixed), workflow))
    naming = _naming(reading, turns, axes, still, job, created_at, total)
    reading.check()
    rendering = Rendering(workflow, _fixed_graph(workflow, still), still, turns, naming)
    _check_wires(reading, rendering)
    rendering = _well_named(reading, rendering)
    return PlannedJob(_shared(spec, rendering, axes, total, job), rendering.prompts)


def value_faults(spec: JobSpec, workflow: Workflow) -> tuple[Problem, ...]:
    """Give what is wrong with a job's values, axes and output names, whatever its inputs are."""
    reading = Reading(spec, workflow)
    try:
        if spec.output_name is not None:
            known = _tokens(reading, {}, "", has_inputs=bool(workflow.inputs))
            read_pattern(reading, spec.output_name, known, created_at=0, digits=1)
        fixed, points, _ = _read_values(reading)
        check_missing(reading, points, {*fixed, *workflow.inputs}, Shots((), {}))
    except Faults as faults:
        return faults.problems
    return tuple(reading.problems)


def _read_values(reading: Reading) -> tuple[dict[str, Value], Points, SeedTurns]:
    spec = reading.spec
    fixed = {
        **_defaults(reading.workflow),
        **reading.point(spec.defaults),
        **reading.point(spec.params),
    }
    points = read_points(reading)
    return fixed, points, read_seeds(reading, points, fixed)


def _defaults(workflow: Workflow) -> dict[str, Value]:
    params = workflow.params.values()
    return {param.name: param.default for param in params if param.default is not None}


def _without_slots(
    axes: Mapping[str, tuple[Value, ...]], workflow: Workflow
) -> dict[str, tuple[Value, ...]]:
    """Give the axes that are parameters: what a prompt is made of is told by its inputs."""
    return {name: values for name, values in axes.items() if name not in workflow.inputs}


def _still_and_resting(
    workflow: Workflow, fixed: Mapping[str, Value], points: Points, shots: Shots
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Part the fixed values: those of every prompt, and those of prompts that have no other.

    Flip and sizes are told together, and a size that hangs on the input is told by each prompt.
    """
    sizes = {param.name for param in workflow.params.values() if param.type == "size"}
    varying = {*points.names(), *shots.overridden, *(workflow.inputs.keys() & fixed.keys())}
    is_relative_somewhere = any(is_relative(fixed[name]) for name in sizes & fixed.keys())
    if is_relative_somewhere or (workflow.flips and varying & {FLIP, *sizes}):
        varying |= sizes | ({FLIP} if workflow.flips else set())
    still = {name: value for name, value in fixed.items() if name not in varying}
    return still, {name: value for name, value in fixed.items() if name in varying}


def _total(reading: Reading, turns: Turns) -> int:
    limit = min(reading.spec.fan_out.limit or MOST_PROMPTS, MOST_PROMPTS)
    total = turns.at_most
    if total <= MOST_PROMPTS:
        total = turns.count()
    if not total:
        said = "every point is excluded: nothing is left to make."
        reading.note(reading.spec.fan_out.place, "nothing_to_make", said, "Exclude less.")
    if total > limit:
        said = f"this would become {total:,} prompts, above the limit of {limit:,}."
        is_ours = limit == MOST_PROMPTS
        hint = "Split it into several jobs." if is_ours else "Vary less, or raise fan_out.limit."
        reading.note(reading.spec.fan_out.place, "too_many_prompts", said, hint, f"at most {limit}")
    return total


def _naming(
    reading: Reading,
    turns: Turns,
    axes: Mapping[str, tuple[Value, ...]],
    still: Mapping[str, Value],
    job: str,
    created_at: float,
    total: int,
) -> Naming:
    spec, workflow = reading.spec, reading.workflow
    digits = len(str(total))
    if spec.output_name is None:
        title = spec.name or PurePosixPath(workflow.name).stem  # `cat` of a graph cat.json
        columns = turns.points.groups[0].names if turns.points.has_rows else ()
        named = tuple(name for name in axes if name not in columns)
        return UsualNames(
            title, named, spec.fan_out.seeds is not None, digits, turns.points.row_digits
        )
    known = _tokens(reading, still, job, has_inputs=bool(turns.slots))
    return read_pattern(reading, spec.output_name, known, created_at, digits)


def _tokens(
    reading: Reading, still: Mapping[str, Value], job: str, *, has_inputs: bool
) -> dict[str, str | None]:
    """Give what may stand in braces in an output's name, with its text where it never varies."""
    spec, workflow = reading.spec, reading.workflow
    known = {name: as_part(still[name]) if name in still else None for name in workflow.params}
    known |= {f"label.{name}": as_part(label) for name, label in spec.labels.items()}
    known |= {"job": as_part(job), "index": None}
    if workflow.seed is not None:
        known["seed"] = None
    if has_inputs:
        known |= dict.fromkeys(INPUT_TOKENS)
    return known


def _fixed_graph(workflow: Workflow, still: Mapping[str, Value]) -> NamedGraph:
    flipped = workflow.flips and bool(still.get(FLIP, False))
    edits = {
        target: sent
        for name, value in still.items()
        for target, sent in workflow.params[name].edits(value, flipped=flipped).items()
    }
    return NamedGraph.of(edited(workflow.graph.nodes, edits))


def _check_wires(reading: Reading, rendering: Rendering) -> None:
    """Keep a fault for each node that a prompt goes without, not knowing what it is to be."""
    unknown = {node for node, wires in reading.workflow.wires.items() if wires is None}
    for node in sorted(unknown & rendering.bypassed() if unknown else ()):
        title = reading.workflow.graph.nodes[node]["class_type"]
        said = f"what stands in for node {node} ({title}) when it is bypassed is not known yet."
        hint = f"It is as soon as a server was seen that has {title}."
        reading.note(reading.spec.workflow, UNKNOWN_WIRES, said, hint)
    reading.check()


def _well_named(reading: Reading, rendering: Rendering) -> Rendering:
    """Give the rendering whose names are safe and differ: usual names are numbered if they must."""
    naming = rendering.naming
    if isinstance(naming, UsualNames):
        if differ_by_parts(naming, rendering.turns) or all_differ(rendering.stems()):
            return rendering
        return replace(rendering, naming=replace(naming, numbered=True))
    found = [*islice(flaws(rendering.stems()), _MOST_NAMES_TOLD)]
    place = reading.spec.output_name or Given("", "output.name")
    for code, said, hint in found:
        reading.note(place, code, said, hint)
    reading.check()
    return rendering


def _shared(
    spec: JobSpec,
    rendering: Rendering,
    axes: Mapping[str, tuple[Value, ...]],
    total: int,
    job: str,
) -> Plan:
    workflow, seeds = rendering.workflow, rendering.turns.seeds
    needs = spec.schedule.needs.joined(Needs.of(workflow.tags, workflow.vram_gb))
    used = [slot for slot in workflow.inputs.values() if slot.name in rendering.turns.slots]
    return Plan(
        workflow=workflow.name,
        workflow_version=workflow.version,
        total=total,
        params=rendering.fixed,
        axes={**axes, **(dict.fromkeys(seeds.params, seeds.values) if seeds.values else {})},
        inputs={slot.name: InputBind(slot.kind, slot.extensions, slot.targets) for slot in used},
        outputs=workflow.outputs,
        labels=spec.labels,
        comment=spec.comment,
        name=job,
        priority=spec.priority,
        retry_limit=spec.retry_limit,
        timeout_s=spec.timeout_s,
        stop_job_after=spec.stop_job_after,
        deadline_s=spec.deadline_s,
        keep_s=spec.keep_s,
        notify=spec.notify,
        schedule=replace(spec.schedule, needs=needs),
        sidecar=spec.sidecar,
        has_proof=spec.proof_inputs is not None,
        on_oom=workflow.on_oom,
    )
