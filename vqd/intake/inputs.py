"""The files of a job: found, looked at without following a link; none but a table and what lies
beside an input is opened.

A path is looked up below the job's input folder, then below each of the roots. A slot that takes
a folder or a pattern leaves out what is not of its kind; a file named by itself must be.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import FoundInputs, Given, InputFile, InputSpec, JobSpec
from vqd.domain.names import readable
from vqd.domain.nearest import nearest
from vqd.domain.workflow import InputSlot, Workflow
from vqd.intake import tree
from vqd.intake.awaited import count_faults, marker
from vqd.intake.places import Places
from vqd.intake.sidecars import MOST_PROBLEMS, Sidecars
from vqd.intake.table import read_table
from vqd.intake.tree import Entry

_OF_JOBS = frozenset({"", ".yaml", ".yml", ".json", ".txt", ".csv", ".tsv"})
"""What job files, tables, what lies beside inputs and what steers a job end with."""
_MOST_OTHERS = 3
_OURS = re.compile(r"(previous(-\d+)?/)?(rejected-)?outputs/")
"""What vqd itself made in an earlier life of a job, and must not take for an input."""


def with_rows(spec: JobSpec, places: Places) -> tuple[JobSpec, tuple[str, ...]]:
    """Give the spec with its table read, and the path of the table's file if it has one.

    Raises:
        Faults: `missing_input` where it is not there, or all that is wrong with it.
    """
    rows = spec.fan_out.rows
    if not isinstance(rows, Given):
        return spec, ()
    table, path = read_table(rows, places, spec.where)
    return replace(spec, fan_out=replace(spec.fan_out, rows=table)), (path,)


def gather(
    spec: JobSpec, workflow: Workflow, places: Places, *, by_name_only: bool = False
) -> FoundInputs:
    """Give the files of every slot that has any, in the order in which they become prompts.

    A path in the answer is relative to the job's folder, or absolute where it was found below a
    root. A required slot that the job does not name takes every file of its extensions below the
    folder, if it is the only such slot; not so with `by_name_only`, for a folder that is not the
    job's own. With each file come the values that lie beside it.

    Raises:
        Faults: `missing_input` where nothing was found, `awaited_input` where fewer than `expect`
            were and `awaited_marker` where the `done_marker` is not (all may still arrive);
            `unknown_slot`, `wrong_kind`, `wrong_count`, `outside_folder`, `not_a_file`, `too_deep`,
            `bad_file_name` or `unreadable` for the rest, and what is wrong with what lies beside.
    """
    try:
        arrived = marker(spec, places)
        search = _Search(spec.where, places)
        found = _gathered(search, spec, workflow, by_name_only=by_name_only)
    except PermissionError as error:
        said = f"{error.filename} cannot be read ({error.strerror})."
        hint = "Let the daemon's user read it."
        raise Faults([Problem("unreadable", said, spec.where, hint=hint)]) from error
    except tree.TooDeep as error:
        said = f"{error.path[:80]}… lies deeper than {tree.DEEPEST} folders."
        hint = "Move what is in it further up, or name the folder that is meant."
        raise Faults([Problem("too_deep", said, spec.where, hint=hint)]) from error
    return replace(found, others=(*found.others, arrived)) if arrived else found


def _gathered(
    search: "_Search", spec: JobSpec, workflow: Workflow, *, by_name_only: bool
) -> FoundInputs:
    found = {
        name: search.named(workflow.inputs[name], asked)
        for name, asked in spec.inputs.items()
        if name in workflow.inputs
    }
    for name in sorted(spec.inputs.keys() - workflow.inputs.keys()):
        search.problems.append(_unknown_slot(spec, workflow, name))
    valued = {
        key: file
        for slot in workflow.inputs.values()
        for key, file in search.valued(slot, spec.values_of(slot.name))
    }
    slots = (slot for slot in workflow.inputs.values() if slot.required)
    open_slots = [slot for slot in slots if slot.name not in found and not spec.gives(slot.name)]
    if len(open_slots) == 1 and not by_name_only:
        taken = {file.path for files in (*found.values(), valued.values()) for file in files}
        found[open_slots[0].name] = search.everything(open_slots[0], taken)
    elif open_slots:
        search.problems += [_not_named(spec, slot) for slot in open_slots]
    sidecars = Sidecars(search.places, workflow.caption, spec.where)
    with_values = {name: tuple(files) for name, files in found.items() if files}
    if spec.record is None:  # what is made again has its values, whatever lies there by now
        with_values = {name: sidecars.beside(files) for name, files in with_values.items()}
        valued |= {key: sidecars.beside([file])[0] for key, file in valued.items()}
    beside = _named_beside(search, workflow, (*with_values.values(), [*valued.values()]))
    if search.problems or sidecars.problems:
        raise Faults([*search.problems, *sidecars.problems])
    with_values = _without_others(with_values, spec, beside)
    inputs = FoundInputs(with_values, beside | valued, tuple(sidecars.taken))
    taken = {*inputs.paths(), spec.where}
    left_out = (path for path in search.passed_over if path not in taken)
    return replace(inputs, left_out=tuple(left_out))


def _named_beside(
    search: "_Search", workflow: Workflow, files: Iterable[Sequence[InputFile]]
) -> dict[tuple[str, str], InputFile]:
    """Give the files that values beside inputs name."""
    beside = [file.values for file in chain.from_iterable(files) if file.values]
    return {
        key: file
        for slot in workflow.inputs.values()
        for key, file in search.valued(slot, [one[slot.name] for one in beside if slot.name in one])
    }


def _without_others(
    found: dict[str, tuple[InputFile, ...]],
    spec: JobSpec,
    beside: Mapping[tuple[str, str], InputFile],
) -> dict[str, tuple[InputFile, ...]]:
    """Take from a slot that took every file those that are another slot's, by what lies beside."""
    kept = dict(found)
    for name in found.keys() - spec.inputs.keys():
        others = {file.path for (slot, _), file in beside.items() if slot != name}
        kept[name] = tuple(file for file in found[name] if file.path not in others)
    return kept


@dataclass(slots=True)
class _Search:
    """Looks for the files of slots, and keeps what was wrong, and what no slot has asked for."""

    where: str
    places: Places
    problems: list[Problem] = field(default_factory=list)
    passed_over: dict[str, None] = field(default_factory=dict)

    def named(self, slot: InputSlot, asked: InputSpec) -> tuple[InputFile, ...]:
        """Give what the job names for a slot."""
        before = len(self.problems)
        files = [file for given in asked.paths for file in self._found(slot, asked, given)]
        if all(one.code == "missing_input" for one in self.problems[before:]):
            counted = [*count_faults(asked, files, self.where)]
            self.problems[before:] = counted or self.problems[before:]
        return tuple(files)

    def everything(self, slot: InputSlot, taken: set[str]) -> tuple[InputFile, ...]:
        """Give every file below the job's folder that the slot takes and no other slot has."""
        place = Given("", f"inputs.{slot.name}")
        named = []
        for entry in tree.walk(self.places.folder):
            if entry.path in taken or _OURS.match(entry.path):
                continue
            if entry.path.lower().endswith(slot.extensions):
                named.append(entry)
            elif entry.is_file:
                self.passed_over[readable(entry.path)] = None
        entries = self._files_of(place, named)
        if not named:
            said = f"there is no {slot.kind} for the input {slot.name}{self._others()}."
            hint = f"Put {_kinds(slot)} beside the job file."
            self._note(place, "missing_input", said, hint)
        return self._as_files(place, self.places.folder, entries, "natural")

    def valued(
        self, slot: InputSlot, values: Iterable[Given]
    ) -> Iterator[tuple[tuple[str, str], InputFile]]:
        """Give the files that values name, each by slot and text."""
        for given in {one.text: one for one in values}.values():
            if not slot.goes_without(given.text):
                for file in self._found(slot, InputSpec("file", (given,)), given):
                    yield (slot.name, given.text), file

    def _found(self, slot: InputSlot, asked: InputSpec, given: Given) -> Sequence[InputFile]:
        found = self.places.look(given.text, asked.kind)
        if found is None:
            self._note(given, *_no_path(slot, given.text))
            return ()
        root, entries = found
        if entries:
            return self._fitting(slot, asked, given, root, entries)
        said = f"{given.text}: no such file for the input {slot.name}."
        hint = "Check the name, and that it was copied."
        if "://" in given.text:
            hint = "Nothing is fetched: put the file beside the job file, and name it."
        self._note(given, "missing_input", said, hint)
        return ()

    def _others(self) -> str:
        """Tell of files that nothing in a job is, where one that can be taken is missed."""
        endings = {path: PurePosixPath(path).suffix.lower() for path in self.passed_over}
        others = sorted(path for path, ending in endings.items() if ending not in _OF_JOBS)
        named = ", ".join(others[:_MOST_OTHERS]) + (" …" if len(others) > _MOST_OTHERS else "")
        return f"; {named} {'is' if len(others) == 1 else 'are'} none" if others else ""

    def _fitting(
        self, slot: InputSlot, asked: InputSpec, given: Given, root: Path, entries: list[Entry]
    ) -> Sequence[InputFile]:
        files = self._files_of(given, entries)
        fitting = []
        for entry in files:
            if entry.path.lower().endswith(slot.extensions):
                fitting.append(entry)
            else:
                self.passed_over[readable(self.places.path_of(root, entry))] = None
        if not fitting and len(files) == len(entries):
            said = f"{entries[0].path} is not what the input {slot.name} takes."
            hint = f"It takes {_kinds(slot)}."
            self._note(given, "wrong_kind", said, hint, allowed=_kinds(slot))
        return self._as_files(given, root, fitting, asked.sort)

    def _files_of(self, given: Given, entries: Iterable[Entry]) -> list[Entry]:
        """Give the files among what was found, and note what else it is."""
        files = []
        for entry in entries:
            if entry.is_file:
                files.append(entry)
            else:
                said = f"{entry.path} is {entry.what}, not a file, and was not opened."
                self._note(given, "not_a_file", said, "Put the file itself there.")
        return files

    def _as_files(
        self, given: Given, root: Path, entries: Iterable[Entry], sort: str
    ) -> tuple[InputFile, ...]:
        files = []
        for entry in sorted(entries, key=_sort_key(sort)):
            if _is_text(entry.path):
                files.append(InputFile(self.places.path_of(root, entry), entry.bytes))
            else:
                said = f"the name {entry.path!a} is not UTF-8."
                self._note(given, "bad_file_name", said, "Rename the file.")
        return tuple(files)

    def _note(
        self, given: Given, code: str, said: str, hint: str, allowed: str | None = None
    ) -> None:
        self.problems.append(given.problem(code, said, self.where, allowed=allowed, hint=hint))
        if len(self.problems) >= MOST_PROBLEMS:
            raise Faults(self.problems)


def _no_path(slot: InputSlot, text: str) -> tuple[str, str, str]:
    """Give code, said and hint for a text that names nothing below the job's folder."""
    if text.strip() in (".", "./", ".\\"):
        said = f"{text!r} is the job's folder itself."
        return "wrong_value", said, f"Leave inputs.{slot.name} out: it takes every file there."
    said = f"{text} leaves the job's folder."
    return "outside_folder", said, "Put the file beside the job file and name it from there."


def _kinds(slot: InputSlot) -> str:
    return f"{slot.kind} files ({', '.join(slot.extensions)})"


def _is_text(path: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _sort_key(sort: str) -> Callable[[Entry], Any]:
    return (
        (lambda entry: entry.path) if sort == "name" else (lambda e: (tree.natural(e.path), e.path))
    )


def _unknown_slot(spec: JobSpec, workflow: Workflow, name: str) -> Problem:
    given = spec.inputs[name].paths[0]
    said = f"the workflow {workflow.name} has no input {name}."
    hint = nearest(name, workflow.inputs)
    return given.problem(
        "unknown_slot", said, spec.where, allowed=", ".join(workflow.inputs), hint=hint
    )


def _not_named(spec: JobSpec, slot: InputSlot) -> Problem:
    said = f"the input {slot.name} is not named."
    hint = f"Add inputs.{slot.name}: it takes {_kinds(slot)}."
    return Problem("missing_key", said, spec.where, key=f"inputs.{slot.name}", hint=hint)
