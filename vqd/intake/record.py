"""The record that a sidecar keeps of its output: read as far as it can be, and its inputs found
again by what they hold.

A record is no part of what a job asks for: what of it is missing or of a wrong form is passed over.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vqd.documents.opening import opened
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import Target, Value
from vqd.domain.job import ExpectedOutput
from vqd.domain.jobspec import Given, InputSpec, JobSpec
from vqd.domain.kinds import KINDS
from vqd.domain.record import Record
from vqd.intake import tree
from vqd.intake.places import Places

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FOLDER = re.compile(r"vqd/[^/\\.][^/\\]{0,254}/[0-9a-z-]{1,60}")
_INPUTS = "inputs"
_MOST_JOBS = 2_000
"""So many jobs are searched: on a share each costs a question or two over the network."""


def read_record(told: Mapping[str, Any]) -> Record | None:
    """Give the record of a job file; None where there is none that tells what was sent."""
    if not _sha256(told.get("sent")):
        return None
    version = _text(told.get("workflow_version"))
    folder = _text(told.get("folder"))
    return Record(
        workflow_version=int(version) if re.fullmatch(r"\d{1,9}", version) else None,
        asked=_sha256(told.get("asked")),
        sent=_sha256(told.get("sent")),
        graph=_sha256(told.get("graph")),
        edits=_edits(_text(told.get("edits"))),
        inputs={
            str(slot): sha256
            for slot, given in _mapping(told.get("inputs")).items()
            if (sha256 := _sha256(given))
        },
        binds={
            str(slot): tuple(target for text in _list(given) for target in _targets(text))
            for slot, given in _mapping(told.get("binds")).items()
        },
        outputs=tuple(_outputs(_mapping(told.get("outputs")))),
        folder=folder if folder.isprintable() and _FOLDER.fullmatch(folder) else "",
        server=_text(told.get("server")),
        server_version=_text(told.get("server_version")),
        result=_text(told.get("result")),
    )


@frozen
class Refound:
    """A job whose inputs are named where they lie now, and what is not as it was."""

    spec: JobSpec
    drift: tuple[str, ...] = ()


def refound(spec: JobSpec, record: Record, places: Places, homes: Sequence[Path]) -> Refound:
    """Find the inputs of an output that is made again: beside its job file, where it says, or in
    inputs/ of any job below `homes`.

    A file counts by what it holds. Where none holds what it held, the first that has its name does,
    which is said.

    Raises:
        Faults: `missing_input`, one is nowhere; it says what it held and where it was.
    """
    inputs, drift, problems = dict(spec.inputs), [], []
    for slot, sha256 in record.inputs.items():
        asked = spec.inputs.get(slot)
        if asked is None or len(asked.paths) != 1 or asked.kind == "glob":
            continue
        given = asked.paths[0]
        path, held = _found(given.text, sha256, places, homes)
        if path is None:
            problems.append(_missing(spec, given, slot, sha256))
            continue
        if held != sha256:
            drift.append(
                f"the input {slot}, {path}, is not the file that it was: its sha256 is {held} now,"
                f" and was {sha256}."
            )
        inputs[slot] = InputSpec("file", (replace(given, text=path),))
    if problems:
        raise Faults(problems)
    return Refound(replace(spec, inputs=inputs), tuple(drift))


def _found(text: str, sha256: str, places: Places, homes: Sequence[Path]) -> tuple[str | None, str]:
    """Give the path of the file that holds what was hashed, else of the first of its name, and what
    that holds."""
    first: tuple[str | None, str] = (None, "")
    for root, entry in _named(text, places):
        held = _held(root, entry)
        if held == sha256:
            return places.path_of(root, entry), held
        if first[0] is None:
            first = places.path_of(root, entry), held
    for root, entry in _in_jobs(text, homes):
        if _held(root, entry) == sha256:
            return f"{root}/{entry.path}", sha256
    return first


def _named(text: str, places: Places) -> Iterator[tuple[Path, tree.Entry]]:
    name = _parts(text)[-1:]
    beside = tree.find(places.folder, name) if name else None
    if beside is not None and beside.is_file:
        yield places.folder, beside
    found = places.look(text, "file")
    if found is not None:
        yield from ((found[0], entry) for entry in found[1] if entry.is_file)


def _in_jobs(text: str, homes: Sequence[Path]) -> Iterator[tuple[Path, tree.Entry]]:
    """Give every file of this path in inputs/ of a job, newest job first; of a mere name also
    those in a folder there."""
    parts = _parts(text)
    is_whole_path = _INPUTS in parts[:-1]
    if is_whole_path:
        parts = parts[parts.index(_INPUTS) + 1 :]
    for home in homes if parts else ():
        for job in newest_jobs(home):
            whole = tree.find_exactly(home, [job, _INPUTS, *parts])
            deeper = [] if whole or is_whole_path else _deeper(home, job, parts[-1])
            found = [whole] if whole else deeper
            yield from ((home, entry) for entry in found if entry.is_file)


def newest_jobs(home: Path) -> Sequence[str]:
    """Give the names of the newest folders of done/ or failed/, newest first, and no more of them
    than can be looked into. What has no time in its name comes before."""
    return sorted(tree.names(home, ()), reverse=True)[:_MOST_JOBS]


def _deeper(home: Path, job: str, name: str) -> list[tree.Entry]:
    folders = tree.names(home, (job, _INPUTS))
    found = (tree.find_exactly(home, [job, _INPUTS, folder, name]) for folder in folders)
    return [entry for entry in found if entry is not None]


def _held(root: Path, entry: tree.Entry) -> str:
    """Give the sha256 of a file; nothing where it cannot be read."""
    try:
        with opened(root / entry.path, below=root) as file:
            digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # it is a file
            return digest.hexdigest()
    except OSError:
        return ""


def _missing(spec: JobSpec, given: Given, slot: str, sha256: str) -> Problem:
    said = (
        f"{given.text}: the file for the input {slot} (sha256 {sha256}) is gone: it lies neither"
        " there, nor beside this file, nor in inputs/ of any job in done/ or failed/."
    )
    hint = f"Put it beside this file, or into inputs/ if there is one, as {_name(given.text)}."
    return given.problem("missing_input", said, spec.where, hint=hint)


def _name(text: str) -> str:
    return next(iter(_parts(text)[-1:]), text)


def _parts(text: str) -> list[str]:
    parts = text.replace("\\", "/").split("/")
    return [part for part in parts if part not in ("", ".", "..")]


def _edits(text: str) -> Mapping[Target, Value]:
    """Read what was set in the graph: JSON, which keeps the types of values."""
    try:
        told = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {
        target: value
        for name, value in _mapping(told).items()
        for target in _targets(name)
        if isinstance(value, str | int | float)
        and (not isinstance(value, float) or math.isfinite(value))
    }


def _targets(text: Any) -> Iterator[Target]:
    node, dot, name = _text(text).partition(".")
    if dot:
        yield Target(node, name)


def _outputs(told: Mapping[Any, Any]) -> Iterator[ExpectedOutput]:
    for slot, given in told.items():
        keys = {str(key): _text(value) for key, value in _mapping(given).items()}
        if keys.get("node") and keys.get("kind") in KINDS:
            yield ExpectedOutput(
                slot=str(slot),
                node=keys["node"],
                kind=keys["kind"],
                prefix_input=keys.get("prefix") or None,
                takes_temp=keys.get("temp") == "true",
            )


def _sha256(given: Any) -> str:
    text = _text(given)
    return text if _SHA256.fullmatch(text) else ""


def _text(given: Any) -> str:
    return str(given) if isinstance(given, str) else ""


def _mapping(given: Any) -> Mapping[Any, Any]:
    return given if isinstance(given, Mapping) else {}


def _list(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list) else ()
