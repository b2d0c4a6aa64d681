"""A job file in; a job spec out, or every fault with its line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from vqd.documents.reader import read as read_document
from vqd.documents.schema import checked_in_part
from vqd.documents.tree import Document, Text, written
from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import (
    FanOut,
    Given,
    InputRule,
    InputSpec,
    JobSpec,
    Point,
    Rows,
    Seeds,
)
from vqd.domain.needs import Needs
from vqd.domain.schedule import Schedule
from vqd.intake.record import read_record
from vqd.intake.scheduling import ScheduleKeys
from vqd.intake.schema import FanOutKeys, InputKeys, JobKeys, RowsKeys, SeedsKeys


def read(path: Path) -> tuple[JobSpec, tuple[Problem, ...]]:
    """Give the job that a file (.yaml, .yml, .json) asks for, but for the keys and values that
    cannot be read, and what is wrong with these, with line, column and key path.

    Raises:
        FileNotFoundError: it is not there (any more).
        Faults: too much is wrong with it to tell what it asks for.
    """
    return understood(read_document(path))


def understood(document: Document) -> tuple[JobSpec, tuple[Problem, ...]]:
    """Give what `read` does of the document that a job file holds.

    Raises:
        Faults: as `read`.
    """
    keys, problems = checked_in_part(document, JobKeys, depths={"fan_out": 2})
    if keys is None:
        raise Faults(problems)
    spec = _spec(document, keys)
    if any((problem.key or "").startswith(_AXES) for problem in problems):
        # What is excluded from a product that was not read whole cannot be told.
        spec = replace(spec, fan_out=replace(spec.fan_out, exclude=()))
    return spec, tuple(problems)


_AXES = ("fan_out.rows", "fan_out.matrix", "fan_out.zip")


def _spec(document: Document, keys: JobKeys) -> JobSpec:
    window = keys.schedule.window
    return JobSpec(
        where=document.where,
        workflow=_given(keys.workflow, "workflow"),
        name=keys.name and str(keys.name),
        comment=str(keys.comment),
        labels={str(name): str(label) for name, label in keys.labels.items()},
        inputs={str(slot): _input(slot, given) for slot, given in keys.inputs.items()},
        done_marker=_given(keys.done_marker, "done_marker") if keys.done_marker else None,
        params=_point(keys.params, "params"),
        fan_out=_fan_out(keys.fan_out, document),
        priority=keys.schedule.priority,
        retry_limit=keys.retry.limit,
        timeout_s=keys.retry.timeout,
        stop_job_after=keys.retry.stop_job_after,
        deadline_s=keys.retry.deadline,
        schedule=_schedule(keys.schedule),
        window=_given(window, "schedule", "window") if window else None,
        output_name=_given(keys.output.name, "output", "name") if keys.output.name else None,
        sidecar=keys.output.sidecar,
        proof_inputs=keys.proof.inputs if keys.proof else None,
        keep_s=keys.output.keep,
        notify=keys.notify.notify if keys.notify else None,
        target=_given(keys.notify.to, "notify", "to") if keys.notify else None,
        record=read_record(keys.record),
    )


def _schedule(given: ScheduleKeys) -> Schedule:
    return Schedule(
        suspended=given.suspended,
        not_before_at=given.not_before,
        window=given.window and str(given.window),
        max_parallel=given.max_parallel,
        after=given.after,
        needs=Needs.of(given.needs.tags, given.needs.vram_gb),
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
        rows=_rows(given.rows, document) if given.rows else None,
        matrix=_lists(given.matrix, "fan_out", "matrix"),
        zips=tuple(_lists(group, "fan_out", "zip", at) for at, group in enumerate(given.zip)),
        exclude=tuple(_point(p, "fan_out", "exclude", at) for at, p in enumerate(given.exclude)),
        include=tuple(_point(p, "fan_out", "include", at) for at, p in enumerate(given.include)),
        per_input=tuple(_rules(given.per_input, document)),
        seeds=_seeds(given.seeds, document) if given.seeds else None,
        limit=given.limit,
        place=_place(document, "fan_out"),
    )


def _rows(given: RowsKeys, document: Document) -> Rows | Given:
    """Give the table as it stands in the job file, or where it names one."""
    if given.file is not None:
        return _given(given.file, "fan_out", "rows")
    names = tuple(dict.fromkeys(str(name) for point in given.list for name in point))
    texts = [tuple(str(point.get(name, "")) for name in names) for point in given.list]
    nodes = (document.reach(("fan_out", "rows", at))[0] for at in range(len(given.list)))
    return Rows(names, texts, [node.line for node in nodes])


def _rules(given: Mapping[str, Mapping[str, Text]], document: Document) -> Iterator[InputRule]:
    rules, _ = document.reach(("fan_out", "per_input"))
    keys = {str(key): key for key in rules if isinstance(key, Text)}
    for pattern, values in given.items():
        path, key = ("fan_out", "per_input", pattern), keys[pattern]
        place = Given(pattern, written(path), key.line, key.column)
        yield InputRule(place, _point(values, *path))


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
    key = written(path)
    return tuple(
        Given(str(text), f"{key}[{at}]", text.line, text.column) for at, text in enumerate(texts)
    )


def _given(text: Text, *path: str | int) -> Given:
    return Given(str(text), written(path), text.line, text.column)
