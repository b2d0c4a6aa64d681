"""Drafts: a job read and planned where it lies, without touching it."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from vqd.definitions.load import Definitions
from vqd.definitions.shipped import shipped_folder
from vqd.definitions.ui.refusals import UNSEEN
from vqd.documents.opening import opened
from vqd.documents.tree import Document
from vqd.domain.catalogue import KnownClasses, NothingKnown
from vqd.domain.errors import Faults, Problem
from vqd.domain.job import Notify, PlannedJob
from vqd.domain.jobspec import FoundInputs, InputFile, JobSpec, Point
from vqd.domain.names import readable
from vqd.domain.nearest import nearest
from vqd.domain.queue import JobFile
from vqd.domain.record import Record, names_graph
from vqd.domain.workflow import Workflow
from vqd.intake import inputs as job_inputs
from vqd.intake import jobfile
from vqd.intake.awaited import AWAITED_INPUT, AWAITED_MARKER
from vqd.intake.foldednames import Listings
from vqd.intake.layers import layer_of
from vqd.intake.places import Places
from vqd.media.dimensions import Undecodable, dimensions
from vqd.planning.expand import UNKNOWN_WIRES, plan, value_faults
from vqd.planning.missing import MISSING_PARAMETER
from vqd.planning.sizes import hang_on_inputs
from vqd.service.carried import read_job
from vqd.service.results import Chosen, Results
from vqd.spool import drops
from vqd.spool.jobfiles import defaults_in, is_of_its_folder, rivals_of
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by

MISSING_INPUT = "missing_input"
_AWAITED = frozenset({AWAITED_INPUT, AWAITED_MARKER})
_HASHED_BYTES = 1 << 20
_STAMP = re.compile(r"^\d{8}-\d{6}-")


@dataclass(frozen=True, slots=True)
class Draft:
    """A job file read and planned: `planned`, or the `problems` that prevent it.

    `input_folder` is where its inputs lie, below the job's folder; `inputs` are their paths,
    relative to that. `definition` is what runs, `record` tells of the output that it makes again.
    `notify` and `keep_s` are whom it tells and how long it is kept, also where it cannot run.
    """

    name: str
    workflow: str
    job_file: JobFile
    input_folder: str
    inputs: tuple[str, ...] = ()
    planned: PlannedJob | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()
    notify: Notify | None = None
    keep_s: float | None = None
    definition: Workflow | None = field(default=None, repr=False)
    record: Record | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        """Count its prompts; none where something is at fault."""
        return self.planned.plan.total if self.planned else 0

    @property
    def waits_for_inputs(self) -> bool:
        """Tell whether inputs that are not there yet stand in the way, whatever else does."""
        return not {MISSING_INPUT, *_AWAITED}.isdisjoint(self._codes)

    @property
    def is_assembling(self) -> bool:
        """Tell whether nothing stands in the way but what passes by itself: inputs of which the job
        says that they will come (`expect`, `done_marker`), or a server that was not seen yet."""
        passing = {*_AWAITED, UNKNOWN_WIRES, UNSEEN}
        return not passing.isdisjoint(self._codes) and self._codes <= {MISSING_INPUT, *passing}

    @property
    def _codes(self) -> set[str]:
        return {problem.code for problem in self.problems}


class Drafting:
    """Reads and plans jobs; writes nothing. What `vqd check` and the daemon share."""

    def __init__(
        self,
        spool: Spool,
        *,
        workflows: Sequence[Path],
        input_roots: Sequence[Path],
        path_map: Mapping[str, Path] = MappingProxyType({}),
        defaults: Mapping[str, Point] = MappingProxyType({}),
        windows: Collection[str] = (),
        targets: Collection[str] = (),
        notify_default: Notify | None = None,
        known: KnownClasses | None = None,
    ) -> None:
        self._definitions = Definitions((*workflows, shipped_folder()), known)
        self._results = Results((spool.done, spool.failed), known or NothingKnown())
        # A result's sidecar names its inputs below done/ or failed/.
        self._input_roots = (*input_roots, spool.done, spool.failed)
        self._path_map = path_map
        self._defaults = defaults
        self._windows = windows
        self._targets = targets
        self._notify_default = notify_default

    def hot_workflow(self, document: Document) -> tuple[JobSpec, Workflow, list[Problem]]:
        """Read a job file without inputs, and tell what is wrong with it whatever they will be.

        Raises:
            Faults: too much is wrong with it to tell what it asks for.
        """
        spec, problems = jobfile.understood(document)
        definition = self._definition(spec)
        spec = replace(spec, defaults=self._defaults.get(definition.name, {}))
        return (
            spec,
            definition,
            [
                *problems,
                *_unknown_window(spec, self._windows),
                *_unknown_target(spec, self._targets),
                *_value_faults(spec, definition, is_whole=False),
            ],
        )

    def has_workflow(self, name: str) -> bool:
        """Tell whether there is a workflow of this name, be it broken."""
        return self._definitions.has(name)

    def draft(
        self,
        job_file: Path,
        *,
        now: float,
        under: Path | None = None,
        listings: Listings | None = None,
    ) -> Draft:
        """Read the job file and everything it names, and plan it.

        Below its parameters lie those of the file `under`, else of `_defaults.yaml` beside it.
        Drafts of thousands of job files that lie in one folder may share their `listings`.

        Raises:
            FileNotFoundError: the job file is gone.
        """
        folder = job_file.parent
        laid_out = drops.is_laid_out(folder) and job_told_by(folder / drops.STATUS)
        input_folder = drops.INPUTS if laid_out else ""
        facts = JobFile(job_file.name, _sha256(job_file))
        is_folder = is_of_its_folder(job_file)
        name = readable(_STAMP.sub("", folder.name) if is_folder else job_file.stem)
        workflow = ""
        notify, keep_s = self._notify_default, None
        definition: Workflow | None = None
        record: Record | None = None
        planned: PlannedJob | None = None
        found: tuple[str, ...] = ()
        problems: list[Problem] = []
        try:
            _check_alone(job_file)
            spec, unread = read_job(job_file)
            problems += (*unread, *_unknown_window(spec, self._windows))
            problems += _unknown_target(spec, self._targets)
            spec = self._with_known_target(spec)
            notify, keep_s, record = spec.notify, spec.keep_s, spec.record
            name, workflow = spec.name or name, spec.workflow.text
            places = Places(
                folder / input_folder, self._input_roots, self._path_map, listings or Listings()
            )
            chosen = self._choose(spec, places)
            spec, definition = chosen.spec, chosen.workflow
            under = under or (defaults_in(folder) if is_folder else None)
            layer, faults = layer_of(under, definition.name)
            problems += faults
            spec = replace(spec, defaults={**self._defaults.get(definition.name, {}), **layer})
            spec, table, missing = _with_rows(spec, places)
            inputs, lacking = _inputs(spec, definition, places, by_name_only=not is_folder)
            unread_slots = {_slot(problem) for problem in unread}
            missing += [one for one in lacking if (_slot(one) or one) not in unread_slots]
            problems += missing
            if problems:
                problems += _value_faults(spec, definition, is_whole=_is_whole(problems, unread))
            else:
                inputs = _measured(spec, definition, inputs, places)
                planned = chosen.marked(plan(spec, definition, inputs, job=name, created_at=now))
                found = tuple(dict.fromkeys([*inputs.paths(), *table, *chosen.files]))
        except Faults as faults:
            problems += faults.problems
        return Draft(
            name,
            workflow,
            facts,
            input_folder,
            found,
            planned,
            problems=tuple(sorted(problems, key=_place)),
            notify=notify,
            keep_s=keep_s,
            definition=definition,
            record=record,
        )

    def _with_known_target(self, spec: JobSpec) -> JobSpec:
        """Give the job with whom it tells: as it says, else, or if that is nobody, as the settings
        say."""
        if spec.notify is not None and spec.notify.to in self._targets:
            return spec
        return replace(spec, notify=self._notify_default)

    def _choose(self, spec: JobSpec, places: Places) -> Chosen:
        """Give what a job runs: its workflow, a graph beside it, or what its record tells of.

        Raises:
            Faults: there is none that can be used.
        """
        name = spec.workflow.text
        if spec.record is None and names_graph(name) and not self._definitions.has(name):
            return self._results.of_graph(spec, places)
        return self._results.choose(spec, places, lambda: self._definition(spec))

    def _definition(self, spec: JobSpec) -> Workflow:
        try:
            return self._definitions.get(spec.workflow.text)
        except Faults as faults:
            raise Faults([_placed(problem, spec) for problem in faults.problems]) from faults


def _unknown_window(spec: JobSpec, windows: Collection[str]) -> Iterator[Problem]:
    asked = spec.window
    if asked is None or asked.text in windows:
        return
    allowed = ", ".join(windows)
    hint = nearest(asked.text, windows) or "The settings name no windows: `windows: {…}` there."
    said = f"there is no window {asked.text} in the settings."
    yield asked.problem("unknown_window", said, spec.where, allowed=allowed or None, hint=hint)


def _unknown_target(spec: JobSpec, targets: Collection[str]) -> Iterator[Problem]:
    asked = spec.target
    if asked is None or asked.text in targets:
        return
    allowed = ", ".join(targets)
    if "://" in asked.text:
        hint = "A job names a target of the settings, where its URL stands."
    else:
        hint = nearest(asked.text, targets) or "The settings name no targets: `notify: {…}` there."
    said = f"there is no target {asked.text} in the settings."
    yield asked.problem("unknown_target", said, spec.where, allowed=allowed or None, hint=hint)


def _with_rows(spec: JobSpec, places: Places) -> tuple[JobSpec, tuple[str, ...], list[Problem]]:
    try:
        return *job_inputs.with_rows(spec, places), []
    except Faults as faults:
        without = replace(spec, fan_out=replace(spec.fan_out, rows=None))
        return without, (), [*faults.problems]


def _inputs(
    spec: JobSpec, definition: Workflow, places: Places, *, by_name_only: bool
) -> tuple[FoundInputs, Sequence[Problem]]:
    try:
        return job_inputs.gather(spec, definition, places, by_name_only=by_name_only), ()
    except Faults as faults:
        return FoundInputs({}), faults.problems


def _measured(
    spec: JobSpec, definition: Workflow, inputs: FoundInputs, places: Places
) -> FoundInputs:
    """Give the inputs with their sides in pixels, where a size of the job hangs on them."""
    if not hang_on_inputs(spec, definition, inputs):
        return inputs
    problems: list[Problem] = []
    seen = {name for name, slot in definition.inputs.items() if slot.kind != "audio"}
    slots = {
        name: tuple(_with_sides(file, places, spec, problems) for file in files)
        for name, files in inputs.slots.items()
        if name in seen
    }
    named = {
        key: _with_sides(file, places, spec, problems)
        for key, file in inputs.named.items()
        if key[0] in seen
    }
    if problems:
        raise Faults(problems)
    return replace(inputs, slots={**inputs.slots, **slots}, named={**inputs.named, **named})


def _with_sides(
    file: InputFile, places: Places, spec: JobSpec, problems: list[Problem]
) -> InputFile:
    try:
        return replace(file, sides=dimensions(places.folder / file.path, below=places.folder))
    except (Undecodable, OSError) as error:
        said = f"{file.path}: its width and height cannot be told: {error}."
        hint = "Replace the file, or write sizes as WIDTHxHEIGHT."
        problems.append(Problem("undecodable", said, spec.where, hint=hint))
        return file


def _is_whole(problems: Sequence[Problem], unread: Sequence[Problem]) -> bool:
    """Tell whether what the job lacks is really missing, and not unread or still on its way."""
    return not unread and all(problem.code not in _AWAITED for problem in problems)


def _value_faults(spec: JobSpec, definition: Workflow, *, is_whole: bool) -> Iterator[Problem]:
    """Give what is wrong with a job's values; what seems missing from it may be what is unread."""
    for problem in value_faults(spec, definition):
        if is_whole or problem.code != MISSING_PARAMETER:
            yield problem


def _slot(problem: Problem) -> str | None:
    """Give the slot that a fault is of, if it is of one."""
    inputs, _, key = (problem.key or "").partition(".")
    return key.split(".")[0].split("[")[0] if inputs == "inputs" else None


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def _placed(problem: Problem, spec: JobSpec) -> Problem:
    if problem.where is not None:
        return problem
    asked = spec.workflow
    return replace(problem, where=spec.where, line=asked.line, column=asked.column, key=asked.key)


def _check_alone(job_file: Path) -> None:
    others = [path.name for path in rivals_of(job_file)]
    if others:
        said = f"{', '.join(others)} is a job file too, and which one counts cannot be told."
        hint = "Keep one of them."
        raise Faults([Problem("several_job_files", said, job_file.name, hint=hint)])


def _sha256(path: Path) -> str:
    """Hash a job file; as an empty one what is no file or cannot be read, of which intake tells."""
    try:
        with opened(path) as file:
            content = file.read(_HASHED_BYTES)
    except FileNotFoundError:
        raise
    except OSError:
        content = b""
    return hashlib.sha256(content).hexdigest()
