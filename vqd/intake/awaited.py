"""What a job says must have arrived before it runs: `expect` of its inputs, and `done_marker`."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import one_of, whole_number
from vqd.documents.schema import fault, shown_kind
from vqd.documents.tree import Sequence as ListNode
from vqd.documents.tree import Text
from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import Given, InputFile, InputSpec, JobSpec
from vqd.domain.names import folded
from vqd.intake import forms
from vqd.intake.places import Places

AWAITED_INPUT = "awaited_input"
AWAITED_MARKER = "awaited_marker"

_COUNT = re.compile(r"\d{1,9}")
_MOST_NAMED = 5
"""Names that a message tells; it says how many more there are."""


def _expect(given: Any) -> int | tuple[Text, ...]:
    if isinstance(given, Text) and _COUNT.fullmatch(given.strip()):
        return int(given)
    names = (
        tuple(one for one in given if isinstance(one, Text)) if isinstance(given, ListNode) else ()
    )
    if names and len(names) == len(given) and all(name.strip() for name in names):
        return names
    said = f"{shown_kind(given)} tells neither how many files there must be nor which."
    raise fault("wrong_type", said, allowed="a whole number, at least 0, or a list of names")


Expect = Annotated[
    Any, BeforeValidator(_expect), WithJsonSchema(one_of(whole_number(minimum=0), forms.LIST))
]


def count_faults(asked: InputSpec, files: Sequence[InputFile], where: str) -> Iterator[Problem]:
    """Give what the files of a slot are short of, or too many for, by its `expect`."""
    if asked.expect is None:
        return
    if isinstance(asked.expect, int):
        yield from _by_number(asked.paths[0], asked.expect, len(files), where)
    else:
        yield from _by_name(asked.paths[0], asked.expect, files, where)


def marker(spec: JobSpec, places: Places) -> str | None:
    """Give the path of the file that says that the job has arrived; None if it waits for none.

    One whose name ends in `.txt` beside is as good: Windows and phones add that, and hide it.

    Raises:
        Faults: `awaited_marker`, it is not there yet; `wrong_value`, `outside_folder` or
            `not_a_file`.
    """
    given = spec.done_marker
    if given is None:
        return None
    if folded(given.text) == folded(spec.where):
        said = "names the job file itself."
        raise _marker_fault(spec, given, "wrong_value", said, "Name a file that is copied last.")
    for name in (given.text, f"{given.text}.txt"):
        found = Places(places.folder).look(name, "file")
        if found is None:
            said = f"{given.text} leaves the job's folder."
            raise _marker_fault(spec, given, "outside_folder", said, "Name a file beside this one.")
        _, entries = found
        if entries and not entries[0].is_file:
            said = f"{entries[0].path} is {entries[0].what}, not a file."
            raise _marker_fault(spec, given, "not_a_file", said, "Put a file there, empty or not.")
        if entries:
            return entries[0].path
    said = f"{given.text} is not here yet."
    hint = "Put an empty file of that name there when everything else has arrived."
    raise _marker_fault(spec, given, AWAITED_MARKER, said, hint)


def _marker_fault(spec: JobSpec, given: Given, code: str, said: str, hint: str) -> Faults:
    return Faults([given.problem(code, said, spec.where, hint=hint)])


def _by_number(given: Given, expected: int, found: int, where: str) -> Iterator[Problem]:
    if found == expected:
        return
    are = "file is" if found == 1 else "files are"
    said = f"{found or 'no'} {are} here, {expected} are expected."
    if found < expected:
        hint = "Copy the rest, or correct `expect`."
        yield given.problem(AWAITED_INPUT, said, where, hint=hint)
    else:
        hint = "Take the others away, or correct `expect`."
        yield given.problem("wrong_count", said, where, hint=hint)


def _by_name(
    given: Given, expected: Sequence[str], files: Sequence[InputFile], where: str
) -> Iterator[Problem]:
    """Compare names as a share would, blind to case, and to which slash is written; one without a
    folder is in whichever."""
    wanted = {folded(name.strip().replace("\\", "/")): name for name in expected}
    found = {
        folded(file.path) if folded(file.path) in wanted else folded(_name(file)): file.path
        for file in files
    }
    lacking = [name for key, name in wanted.items() if key not in found]
    if lacking:
        said = f"{_listed(lacking)} {'is' if len(lacking) == 1 else 'are'} not here yet."
        hint = "Copy the rest, or correct `expect`."
        yield given.problem(AWAITED_INPUT, said, where, hint=hint)
        return
    others = [path for key, path in found.items() if key not in wanted]
    if others:
        said = f"{_listed(others)} {'is' if len(others) == 1 else 'are'} not expected."
        hint = "Take away what does not belong here, or correct `expect`."
        yield given.problem("wrong_count", said, where, hint=hint)


def _name(file: InputFile) -> str:
    return file.path.rpartition("/")[2]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    told = ", ".join(names[:_MOST_NAMED])
    return f"{told} and {more} more" if more > 0 else told
