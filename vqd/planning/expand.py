"""A job spec, its workflow and its inputs become a plan and its prompts.

The order of prompts: the first matrix key varies slowest, then the rest of the matrix, then zip,
then the inputs, then the seeds. Everything is derived from the arguments alone, so that the same
job has the same prompts, with the same seeds and names, on any machine.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from vqd.domain.errors import Problem
from vqd.domain.graph import NamedGraph, Value, edited
from vqd.domain.job import InputBind, Plan, PlannedJob
from vqd.domain.jobspec import Given, InputFile, JobSpec
from vqd.domain.workflow import Workflow
from vqd.planning.naming import INPUT_TOKENS, Naming, UsualNames, as_part, flaws, read_pattern
from vqd.planning.points import Points, read_points
from vqd.planning.render import Rendering
from vqd.planning.seeds import SeedTurns, read_seeds
from vqd.planning.shots import Shot, read_shots
from vqd.planning.values import Reading

MOST_PROMPTS = 1_000_000
"""No job becomes more prompts than this."""

MISSING_PARAMETER = "missing_parameter"

_MOST_NAMES_TOLD = 5


def plan(
    spec: JobSpec,
    workflow: Workflow,
    inputs: Mapping[str, tuple[InputFile, ...]],
    *,
    job: str,
    created_at: float,
) -> PlannedJob:
    """Give what a job's prompts share, and the way to each of them.

    `job` is the job's name, `created_at` its time in UTC seconds: both only for output names.

    Raises:
        Faults: every value, axis, input or name that cannot be planned, with its line.
    """
    reading = Reading(spec, workflow)
    fixed, points, seeds = _read_values(reading)
    shots = read_shots(reading, inputs)
    reading.check()
    fixed = {name: value for name, value in fixed.items() if name not in seeds.params}
    total = _total(reading, points, len(shots) * len(seeds))
    reading.check()
    axes = points.axes(fixed)
    naming = _naming(reading, shots, axes, fixed, job, created_at, total)
    reading.check()
    rendering = _rendering(workflow, points, shots, seeds, fixed, axes, naming)
    rendering = _well_named(reading, rendering)
    return PlannedJob(_shared(spec, rendering, axes, total), rendering.prompts)


def value_faults(spec: JobSpec, workflow: Workflow) -> tuple[Problem, ...]:
    """Give what is wrong with a job's values and axes, whatever its inputs are."""
    reading = Reading(spec, workflow)
    _read_values(reading)
    return tuple(reading.problems)


def _read_values(reading: Reading) -> tuple[dict[str, Value], Points, SeedTurns]:
    fixed = {**_defaults(reading.workflow), **reading.point(reading.spec.params)}
    points = read_points(reading)
    seeds = read_seeds(reading, points, fixed)
    _check_missing(reading)
    return fixed, points, seeds


def _defaults(workflow: Workflow) -> dict[str, Value]:
    params = workflow.params.values()
    return {param.name: param.default for param in params if param.default is not None}


def _check_missing(reading: Reading) -> None:
    for name, param in reading.workflow.params.items():
        is_given = param.type == "seed" or param.default is not None
        if not is_given and not reading.spec.gives(name):
            said = f"the parameter {name} is missing (workflow {reading.workflow.name})."
            hint = f"Add it: params.{name}."
            reading.note(Given("", f"params.{name}"), MISSING_PARAMETER, said, hint)


def _total(reading: Reading, points: Points, prompts_per_point: int) -> int:
    limit = min(reading.spec.fan_out.limit or MOST_PROMPTS, MOST_PROMPTS)
    total = points.at_most * prompts_per_point
    if total <= MOST_PROMPTS:
        total = points.count() * prompts_per_point
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
    shots: tuple[Shot, ...],
    axes: Mapping[str, tuple[Value, ...]],
    fixed: Mapping[str, Value],
    job: str,
    created_at: float,
    total: int,
) -> Naming:
    spec, workflow = reading.spec, reading.workflow
    digits = len(str(total))
    if spec.output_name is None:
        title = spec.name or workflow.name
        return UsualNames(title, tuple(axes), spec.fan_out.seeds is not None, digits)
    known: dict[str, str | None] = {
        name: as_part(fixed[name]) if name in fixed and name not in axes else None
        for name in workflow.params
    }
    known |= {f"label.{name}": as_part(label) for name, label in spec.labels.items()}
    known |= {"job": as_part(job), "index": None}
    if any(param.type == "seed" for param in workflow.params.values()):
        known["seed"] = None
    if shots[0].lead is not None:
        known |= dict.fromkeys(INPUT_TOKENS)
    return read_pattern(reading, spec.output_name, known, created_at, digits)


def _rendering(
    workflow: Workflow,
    points: Points,
    shots: tuple[Shot, ...],
    seeds: SeedTurns,
    fixed: Mapping[str, Value],
    axes: Mapping[str, tuple[Value, ...]],
    naming: Naming,
) -> Rendering:
    still = {name: value for name, value in fixed.items() if name not in axes}
    resting = {name: value for name, value in fixed.items() if name in axes}
    edits = {
        target: sent
        for name, value in still.items()
        for target, sent in workflow.params[name].edits(value).items()
    }
    graph = NamedGraph.of(edited(workflow.graph.nodes, edits))
    return Rendering(workflow, graph, still, points, shots, seeds, resting, naming)


def _well_named(reading: Reading, rendering: Rendering) -> Rendering:
    """Give the rendering whose names are safe and differ: usual names are numbered if they must."""
    is_usual = isinstance(rendering.naming, UsualNames)
    stems = (prompt.stem for prompt in rendering.prompts())
    found = [*islice(flaws(stems, safe=is_usual), _MOST_NAMES_TOLD)]
    if found and isinstance(rendering.naming, UsualNames):
        return replace(rendering, naming=replace(rendering.naming, numbered=True))
    place = reading.spec.output_name or Given("", "output.name")
    for code, said, hint in found:
        reading.note(place, code, said, hint)
    reading.check()
    return rendering


def _shared(
    spec: JobSpec, rendering: Rendering, axes: Mapping[str, tuple[Value, ...]], total: int
) -> Plan:
    workflow, seeds = rendering.workflow, rendering.seeds
    used = [workflow.inputs[slot] for slot in rendering.shots[0].inputs]
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
        priority=spec.priority,
        retry_limit=spec.retry_limit,
        timeout_s=spec.timeout_s,
        sidecar=spec.sidecar,
    )
