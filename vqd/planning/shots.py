"""The inputs of a job's prompts: one shot for each file that fans out."""

import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import PurePosixPath

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.jobspec import Given, InputFile, InputRule
from vqd.domain.names import folded, pattern
from vqd.planning.values import Reading


@frozen
class Shot:
    """The files of one prompt by slot. `lead` is the one that names the output, if any.

    A lead's folders are kept only where it lies in the job's own. `values` are those that lie
    beside the files, or that the job has for them. `sides` are the lead's width and height.
    """

    inputs: Mapping[str, str]
    lead: PurePosixPath | None
    values: Mapping[str, Value] = field(default_factory=dict)
    sides: tuple[int, int] | None = None


@frozen
class Shots:
    """The shots of a job, in the order of their files; and by its path the shot that each file is
    which values name: without inputs, since those are of the prompt that it is in."""

    all: tuple[Shot, ...]
    named: Mapping[str, Shot]

    @property
    def speaking(self) -> tuple[Shot, ...]:
        """Give every shot that has a say in some prompt."""
        with_files = tuple(shot for shot in self.all if shot.inputs)
        return (*with_files, *self.named.values()) or self.all

    @property
    def overridden(self) -> frozenset[str]:
        """Give every parameter for which some shot has a value of its own."""
        return frozenset().union(*(shot.values for shot in self.speaking if shot.values))


def read_shots(reading: Reading, inputs: Mapping[str, tuple[InputFile, ...]]) -> Shots:
    """Give the shots; what cannot be paired goes to `reading`.

    Slots that fan out are paired: the first file of one with the first of the other.
    """
    rules = _Rules(reading)
    shots = Shots(_paired(reading, inputs, rules), _named(reading, rules))
    rules.check_used()
    return shots


def _named(reading: Reading, rules: "_Rules") -> dict[str, Shot]:
    """Give the shots of the files that values name, of slots that lead where there is a file."""
    slots = reading.workflow.inputs
    leading = {name for name, slot in slots.items() if slot.fan_out} or slots.keys()
    named = (reading.named or {}).items()
    files = {file.path: file for (slot, _), file in named if slot in leading}
    return {
        path: replace(_shot(reading, {"": file}, {}, rules), inputs={})
        for path, file in files.items()
    }


def _paired(
    reading: Reading, inputs: Mapping[str, tuple[InputFile, ...]], rules: "_Rules"
) -> tuple[Shot, ...]:
    slots = reading.workflow.inputs
    given = {name: inputs[name] for name in slots if inputs.get(name)}
    fanned = [name for name in given if slots[name].fan_out]
    single = [name for name in given if not slots[name].fan_out]
    for name in single:
        if len(given[name]) > 1:
            said = f"the input {name} takes one file, not {len(given[name])}."
            reading.note(_place(name), "too_many_files", said, "Name one.")
    lengths = {name: len(given[name]) for name in fanned}
    if len({*lengths.values()}) > 1:
        said = "inputs that fan out together must have as many files: " + ", ".join(
            f"{name} {count}" for name, count in lengths.items()
        )
        reading.note(_place(fanned[0]), "uneven_inputs", f"{said}.", "Make them equal.")
        return ()
    same = {name: given[name][0] for name in single}
    turns = range(max(lengths.values(), default=1))
    return tuple(
        _shot(reading, {name: given[name][turn] for name in fanned}, same, rules) for turn in turns
    )


def lead_path(path: str) -> PurePosixPath:
    """Give the path of a file as it names outputs: without folders outside the job's own."""
    lead = PurePosixPath(path)
    return PurePosixPath(lead.name) if lead.is_absolute() else lead


def _shot(
    reading: Reading,
    fanned: Mapping[str, InputFile],
    same: Mapping[str, InputFile],
    rules: "_Rules",
) -> Shot:
    """Give one shot. Where files fan out, those that are the same in all have no say in it."""
    files = {**fanned, **same}
    speaking = [*(fanned or same).values()]
    values: dict[str, Value] = {}
    for file in speaking:
        values |= rules.values_for(file.path)
    for file in speaking:
        values |= reading.point(file.values)
    lead = next(iter(speaking), None)
    return Shot(
        {name: file.path for name, file in files.items()},
        lead_path(lead.path) if lead else None,
        values,
        lead.sides if lead else None,
    )


class _Rules:
    """The `per_input` of a job, each typed once.

    Those that name one file are looked up: a job may have one for each of thousands of inputs.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        rules = reading.spec.fan_out.per_input
        self._values = [reading.point(rule.values) for rule in rules]
        self._unused: dict[int, InputRule] = dict(enumerate(rules))
        self._named: dict[str, list[int]] = {}
        self._patterns: list[tuple[int, bool, re.Pattern[str]]] = []
        for at, text in enumerate(rule.pattern.text.replace("\\", "/") for rule in rules):
            if {"*", "?"} & {*text}:
                self._patterns.append((at, "/" in text, pattern(text)))
            else:
                self._named.setdefault(folded(text), []).append(at)

    def values_for(self, path: str) -> dict[str, Value]:
        """Give what the rules say of an input; the later rule wins."""
        whole = folded(path)
        name = PurePosixPath(whole).name
        fitting = [at for text in {name, whole} for at in self._named.get(text, ())]
        fitting += [
            at
            for at, is_of_path, one in self._patterns
            if one.fullmatch(whole if is_of_path else name)
        ]
        values: dict[str, Value] = {}
        for at in sorted(fitting):
            self._unused.pop(at, None)
            values |= self._values[at]
        return values

    def check_used(self) -> None:
        """Keep a fault for each rule that fits no input."""
        for rule in self._unused.values():
            said = f"{rule.pattern.text} fits no input."
            hint = "Correct the pattern, or remove it."
            self._reading.note(rule.pattern, "unknown_point", said, hint)


def _place(slot: str) -> Given:
    return Given("", f"inputs.{slot}")
