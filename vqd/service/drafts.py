"""Drafts: a job read and planned where it lies, without touching it."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vqd.definitions.load import Definitions
from vqd.definitions.shipped import shipped_folder
from vqd.documents.builder import USUAL
from vqd.documents.opening import opened, read_from
from vqd.documents.reader import parse_as
from vqd.documents.tree import Document
from vqd.domain.catalogue import KnownClasses, NothingKnown
from vqd.domain.errors import Faults, Problem
from vqd.domain.job import Notify
from vqd.domain.jobspec import FoundInputs, JobSpec, Point
from vqd.domain.names import readable
from vqd.domain.queue import JobFile
from vqd.domain.record import names_graph
from vqd.domain.workflow import Workflow
from vqd.intake import inputs as job_inputs
from vqd.intake import jobfile
from vqd.intake.foldednames import Listings
from vqd.intake.layers import layer_of
from vqd.intake.leftout import in_words
from vqd.intake.places import Places
from vqd.planning.expand import plan, value_faults
from vqd.planning.missing import MISSING_PARAMETER
from vqd.service.carried import read_job
from vqd.service.draft import AWAITED, Draft
from vqd.service.measuring import measured
from vqd.service.named import Named
from vqd.service.results import Chosen, Results
from vqd.spool import drops
from vqd.spool.jobfiles import defaults_in, is_defaults_name, is_of_its_folder, rivals_of
from vqd.spool.layout import Spool
from vqd.spool.requests import is_steering
from vqd.spool.status import job_told_by

_HASHED_BYTES = 1 << 20
_PREVIOUS = re.compile(r"previous(-\d+)?")
_STAMP = re.compile(r"^\d{8}-\d{6}-")


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
        self._inbox = spool.inbox
        self._definitions = Definitions((*workflows, shipped_folder()), known)
        self._results = Results((spool.done, spool.failed), known or NothingKnown())
        # A result's sidecar names its inputs below done/ or failed/.
        self._input_roots = (*input_roots, spool.done, spool.failed)
        self._path_map = path_map
        self._named = Named(windows, targets, defaults, notify_default)

    def hot_workflow(self, document: Document) -> tuple[JobSpec, Workflow, list[Problem]]:
        """Read a job file without inputs, and tell what is wrong with it whatever they will be.

        Raises:
            Faults: too much is wrong with it to tell what it asks for.
        """
        spec, problems = jobfile.understood(document)
        definition = self._definition(spec)
        spec = self._named.with_defaults(spec, definition.name, {})
        values = _value_faults(spec, definition, is_whole=False)
        return spec, definition, [*problems, *self._named.faults(spec), *values]

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
        text: str | None = None,
    ) -> Draft:
        """Read the job file and everything it names, and plan it, as if it held `text`.

        Below its parameters lie those of the file `under`, else of `_defaults.yaml` beside it.
        Drafts of thousands of job files that lie in one folder may share their `listings`.

        Raises:
            FileNotFoundError: the job file is gone.
        """
        sheet = _begun(
            job_file, self._named.notify_default, under, is_folder=self._is_of_its_folder(job_file)
        )
        try:
            self._read(sheet, text)
            places = self._places(sheet, listings)
            chosen = self._choose(sheet, places)
            inputs, table = _found(sheet, chosen.workflow, places)
            if sheet.problems:
                whole = _is_whole(sheet.problems, sheet.unread)
                sheet.problems += _value_faults(sheet.spec, chosen.workflow, is_whole=whole)
            else:
                _plan(
                    sheet, chosen, measured(sheet.spec, chosen.workflow, inputs, places), table, now
                )
        except Faults as faults:
            sheet.problems += faults.problems
        return replace(sheet.draft, problems=tuple(sorted(sheet.problems, key=_place)))

    def peek(self, job_file: Path, *, listings: Listings | None = None) -> Draft:
        """Read which inputs a job file names that lies in the inbox, as far as can be told: all of
        a draft that takes less than half as long.

        Raises:
            FileNotFoundError: the job file is gone.
        """
        sheet = _begun(job_file, None, None, is_folder=False)
        with suppress(Faults):
            self._read(sheet, None)
            places = self._places(sheet, listings)
            chosen = self._choose(sheet, places)
            inputs, table = _found(sheet, chosen.workflow, places)
            sheet.note(inputs=_files(inputs, table, chosen))
        return sheet.draft

    def _places(self, sheet: "_Sheet", listings: Listings | None) -> Places:
        folder = sheet.job_file.parent / sheet.draft.input_folder
        return Places(folder, self._input_roots, self._path_map, listings or Listings())

    def _read(self, sheet: "_Sheet", text: str | None) -> None:
        if sheet.is_folder:
            _check_alone(sheet.job_file)
        if text is None:
            spec, sheet.unread = read_job(sheet.job_file, sheet.content)
        else:
            spec, sheet.unread = jobfile.understood(parse_as(sheet.job_file, text))
        sheet.problems += (*sheet.unread, *self._named.faults(spec))
        sheet.spec = spec = self._named.with_known_target(spec)
        sheet.note(
            name=spec.name or sheet.draft.name,
            workflow=spec.workflow.text,
            notify=spec.notify,
            keep_s=spec.keep_s,
            record=spec.record,
        )

    def _is_of_its_folder(self, job_file: Path) -> bool:
        """Tell whether a job has the folder that its file lies in; the inbox is nobody's."""
        return job_file.parent != self._inbox and is_of_its_folder(job_file)

    def _choose(self, sheet: "_Sheet", places: Places) -> Chosen:
        """Settle what the job runs, and the values that lie below its own.

        Raises:
            Faults: there is nothing that can be run.
        """
        chosen = self._chosen(sheet.spec, places)
        layer, faults = layer_of(sheet.under, chosen.workflow.name)
        sheet.problems += faults
        sheet.spec = self._named.with_defaults(chosen.spec, chosen.workflow.name, layer)
        sheet.note(definition=chosen.workflow)
        sheet.problems = [_of_workflow(problem, chosen.workflow) for problem in sheet.problems]
        return chosen

    def _chosen(self, spec: JobSpec, places: Places) -> Chosen:
        """Give what a job runs: its workflow, a graph beside it, or what its record tells of."""
        name = spec.workflow.text
        if spec.record is None and names_graph(name) and not self._definitions.has(name):
            return self._results.of_graph(spec, places)
        return self._results.choose(spec, places, lambda: self._definition(spec))

    def _definition(self, spec: JobSpec) -> Workflow:
        try:
            return self._definitions.get(spec.workflow.text)
        except Faults as faults:
            raise Faults([_placed(problem, spec) for problem in faults.problems]) from faults


@dataclass(slots=True)
class _Sheet:
    """A draft in the making: what is known of it so far, and what is wrong with it.

    `content` is that of the job file, but for what is too much of it, or cannot be read.
    `is_folder` tells whether all that lies beside the job file is the job's, too.
    `unread` are the faults of what could not be read, of which other faults may follow.
    """

    job_file: Path
    content: bytes
    is_folder: bool
    under: Path | None
    draft: Draft
    spec: JobSpec = field(init=False)
    problems: list[Problem] = field(default_factory=list)
    unread: Sequence[Problem] = ()

    def note(self, **facts: Any) -> None:
        """Write facts of the draft down."""
        self.draft = replace(self.draft, **facts)


def _begun(job_file: Path, notify: Notify | None, under: Path | None, *, is_folder: bool) -> _Sheet:
    """Give the draft of a job file of which nothing is known but where it lies.

    Raises:
        FileNotFoundError: it is gone.
    """
    folder = job_file.parent
    content = _content(job_file)
    laid_out = is_folder and drops.is_laid_out(folder) and job_told_by(folder / drops.STATUS)
    draft = Draft(
        readable(_STAMP.sub("", folder.name) if is_folder else job_file.stem),
        workflow="",
        job_file=JobFile(job_file.name, hashlib.sha256(content[:_HASHED_BYTES]).hexdigest()),
        input_folder=drops.INPUTS if laid_out else "",
        notify=notify,
    )
    under = under or (defaults_in(folder) if is_folder else None)
    return _Sheet(job_file, content, is_folder, under, draft)


def _found(
    sheet: _Sheet, definition: Workflow, places: Places
) -> tuple[FoundInputs, Sequence[str]]:
    """Give the files of the job's slots and of its table; what is missing is noted."""
    sheet.spec, table, missing = _with_rows(sheet.spec, places)
    by_name_only = not sheet.is_folder
    try:
        inputs = job_inputs.gather(sheet.spec, definition, places, by_name_only=by_name_only)
    except Faults as faults:
        unread_slots = {_slot(problem) for problem in sheet.unread}
        missing += [one for one in faults.problems if (_slot(one) or one) not in unread_slots]
        inputs = FoundInputs({})
    sheet.problems += missing
    return inputs, table


def _plan(
    sheet: _Sheet, chosen: Chosen, inputs: FoundInputs, table: Sequence[str], now: float
) -> None:
    planned = plan(sheet.spec, chosen.workflow, inputs, job=sheet.draft.name, created_at=now)
    files = _files(inputs, table, chosen)
    left_out = [path for path in inputs.left_out if path not in files and not _is_known(path)]
    planned = chosen.marked(planned)
    shared = replace(planned.plan, left_out=in_words(left_out))
    sheet.note(planned=replace(planned, plan=shared), inputs=files)


def _files(inputs: FoundInputs, table: Sequence[str], chosen: Chosen) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*inputs.paths(), *table, *chosen.files]))


def _is_known(path: str) -> bool:
    """Tell what lies in a job's folder for another reason than to be an input."""
    top = path.partition("/")[0]
    is_of_vqd = top in drops.RESULT_NAMES or _PREVIOUS.fullmatch(top) is not None
    return is_of_vqd or is_steering(path) or is_defaults_name(path)


def _with_rows(spec: JobSpec, places: Places) -> tuple[JobSpec, tuple[str, ...], list[Problem]]:
    try:
        return *job_inputs.with_rows(spec, places), []
    except Faults as faults:
        without = replace(spec, fan_out=replace(spec.fan_out, rows=None))
        return without, (), [*faults.problems]


def _is_whole(problems: Sequence[Problem], unread: Sequence[Problem]) -> bool:
    """Tell whether what the job lacks is really missing, and not unread or still on its way."""
    return not unread and all(problem.code not in AWAITED for problem in problems)


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


def _of_workflow(problem: Problem, workflow: Workflow) -> Problem:
    """Tell of an unknown key that is one of the workflow's where it belongs."""
    if problem.code != "unknown_key" or problem.key is None:
        return problem
    for part, known in (("params", workflow.params), ("inputs", workflow.inputs)):
        if problem.key in known:
            return replace(problem, hint=f"Write it below `{part}`: it is one of {workflow.name}.")
    return problem


def _check_alone(job_file: Path) -> None:
    others = [path.name for path in rivals_of(job_file)]
    if others:
        said = f"{', '.join(others)} is a job file too, and which one counts cannot be told."
        hint = "Keep one of them."
        raise Faults([Problem("several_job_files", said, job_file.name, hint=hint)])


def _content(path: Path) -> bytes:
    """Give the bytes of a job file, and of a longer one than is read one more; none of what is no
    file or cannot be read, of which intake tells."""
    try:
        with opened(path) as file:
            return read_from(file, USUAL.most_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError:
        return b""
