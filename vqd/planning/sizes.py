"""Sizes that hang on an input: `{scale: 1.5}` and `{fit: 1280x720}` as pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

from vqd.domain.graph import Value
from vqd.domain.jobspec import FoundInputs, Given, JobSpec
from vqd.domain.param import Misfit, is_relative
from vqd.domain.workflow import FLIP, Workflow
from vqd.planning.points import Points, Values
from vqd.planning.shots import Shot
from vqd.planning.values import Reading

_Key = tuple[str, Value, tuple[int, int] | None, bool]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The pixels of each relative size for each input's sides, flipped or not."""

    known: Mapping[_Key, str] = field(default_factory=dict)

    def resolved(self, values: Values, sides: tuple[int, int] | None, *, flipped: bool) -> Values:
        """Give values with every relative size in pixels."""
        if not self.known:
            return values
        return {
            name: self.known.get((name, value, sides, flipped), value)
            for name, value in values.items()
        }


def hang_on_inputs(spec: JobSpec, workflow: Workflow, inputs: FoundInputs) -> bool:
    """Tell whether a value that the job has for a size needs to know an input's sides."""
    names = [param.name for param in workflow.params.values() if param.type == "size"]
    defaults = (workflow.params[name].default or "" for name in names)
    files = chain.from_iterable(inputs.slots.values())
    beside = (file.values[name] for file in files for name in names if name in file.values)
    given = chain(chain.from_iterable(map(spec.values_of, names)), beside)
    texts = (one.text.strip() for one in given)
    return any(map(is_relative, chain(defaults, texts)))


def read_sizes(
    reading: Reading, points: Points, shots: tuple[Shot, ...], fixed: Mapping[str, Value]
) -> Sizes:
    """Give the pixels of every relative size of the job; what cannot be goes to `reading`."""
    everywhere: dict[str, set[Value]] = {}
    axes = (
        (name, value)
        for group in points.groups
        for name in group.names
        for value in group.values_of(name)
    )
    for name, value in (*fixed.items(), *axes, *_pairs(points, shots)):
        param = reading.workflow.params.get(name)
        if name == FLIP or (param is not None and param.type == "size"):
            everywhere.setdefault(name, set()).add(value)
    flips = everywhere.pop(FLIP, {False}) if reading.workflow.flips else {False}
    known: dict[_Key, str] = {}
    for name, values in everywhere.items():
        for value in sorted(filter(is_relative, values), key=str):
            for sides in dict.fromkeys(shot.sides for shot in shots):
                for flipped in sorted(map(bool, flips)):
                    _resolve(reading, known, (name, value, sides, flipped))
    return Sizes(known)


def _pairs(points: Points, shots: tuple[Shot, ...]) -> list[tuple[str, Value]]:
    mappings = (*points.included, *(shot.values for shot in shots if shot.values))
    return [pair for values in mappings for pair in values.items()]


def _resolve(reading: Reading, known: dict[_Key, str], key: _Key) -> None:
    name, value, sides, flipped = key
    place = next((one for one in reading.spec.values_of(name)), Given("", f"params.{name}"))
    if sides is None:
        said = f"{value} hangs on an input, and there is none whose size is known."
        reading.note(place, "unknown_size", said, "Write it as WIDTHxHEIGHT.")
        return
    try:
        known[key] = reading.workflow.params[name].size_of(str(value), *sides, flipped=flipped)
    except Misfit as misfit:
        said = f"for an input of {sides[0]}x{sides[1]}, {value} gives a side of which {misfit.said}"
        reading.note(place, misfit.code, f"{said.rstrip('.')}.", misfit.hint, misfit.allowed)
