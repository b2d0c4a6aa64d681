"""A job file in; a job spec out, or every fault with its line."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from vqd.documents.reader import read as read_document
from vqd.documents.schema import checked_in_part
from vqd.documents.tree import Document, Text, written
from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import FanOut, Given, InputSpec, JobSpec, Point, Seeds
from vqd.intake.schema import FanOutKeys, InputKeys, JobKeys, SeedsKeys


def read(path: Path) -> tuple[JobSpec, tuple[Problem, ...]]:
    """Give the job that a file (.yaml, .yml, .json) asks for, but for the keys and values that
    cannot be read, and what is wrong with these, with line, column and key path.

    Raises:
        FileNotFoundError: it is not there (any more).
        Faults: too much is wrong with it to tell what it asks for.
    """
    document = read_document(path)
    keys, problems = checked_in_part(document, JobKeys, whole=("fan_out", "inputs"))
    if keys is None:
        raise Faults(problems)
    return _spec(document, keys), tuple(problems)


def _spec(document: Document, keys: JobKeys) -> JobSpec:
    return JobSpec(
        where=document.where,
        workflow=_given(keys.workflow, "workflow"),
        name=keys.name and str(keys.name),
        comment=str(keys.comment),
        labels={str(name): str(label) for name, label in keys.labels.items()},
        inputs={str(slot): _input(slot, given) for slot, given in keys.inputs.items()},
        params=_point(keys.params, "params"),
        fan_out=_fan_out(keys.fan_out, document),
        priority=keys.schedule.priority,
        retry_limit=keys.retry.limit,
        timeout_s=keys.retry.timeout,
        output_name=_given(keys.output.name, "output", "name") if keys.output.name else None,
        sidecar=keys.output.sidecar,
    )


def _input(slot: str, given: InputKeys) -> InputSpec:
    sources = {"file": given.file, "glob": given.glob, "folder": given.folder}
    for kind, text in sources.items():
        if text is not None:
            return InputSpec(kind, (_given(text, "inputs", slot),), given.expect, given.sort)
    texts = given.list or ()
    paths = (
        _given_all(texts, "inputs", slot)
        if len(texts) != 1
        else (_given(texts[0], "inputs", slot),)
    )
    return InputSpec("path", paths, given.expect, given.sort)


def _fan_out(given: FanOutKeys, document: Document) -> FanOut:
    return FanOut(
        matrix=_lists(given.matrix, "fan_out", "matrix"),
        zips=tuple(_lists(group, "fan_out", "zip", at) for at, group in enumerate(given.zip)),
        exclude=tuple(_point(p, "fan_out", "exclude", at) for at, p in enumerate(given.exclude)),
        include=tuple(_point(p, "fan_out", "include", at) for at, p in enumerate(given.include)),
        seeds=_seeds(given.seeds, document) if given.seeds else None,
        limit=given.limit,
        place=_place(document, "fan_out"),
    )


def _seeds(given: SeedsKeys, document: Document) -> Seeds:
    place = _place(document, "fan_out", "seeds")
    return Seeds(given.count or 0, given.base, given.list, place)


def _place(document: Document, *path: str) -> Given:
    node, key = document.reach(path)
    return Given("", key, node.line, node.column)


def _lists(given: Mapping[str, Iterable[Text]], *path: str | int) -> dict[str, tuple[Given, ...]]:
    return {str(name): _given_all(values, *path, name) for name, values in given.items()}


def _point(given: Mapping[str, Text], *path: str | int) -> Point:
    return {str(name): _given(text, *path, name) for name, text in given.items()}


def _given_all(texts: Iterable[Text], *path: str | int) -> tuple[Given, ...]:
    return tuple(_given(text, *path, at) for at, text in enumerate(texts))


def _given(text: Text, *path: str | int) -> Given:
    return Given(str(text), written(path), text.line, text.column)
