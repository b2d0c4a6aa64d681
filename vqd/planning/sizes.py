"""Sizes that hang on an input: `{scale: 1.5}` and `{fit: 1280x720}` as pixels."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import chain, product

from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.jobspec import FoundInputs, Given, JobSpec
from vqd.domain.param import Misfit, is_relative
from vqd.domain.workflow import FLIP, Workflow
from vqd.planning.points import Points, Values
from vqd.planning.shots import Shot
from vqd.planning.values import Reading

_Key = tuple[str, Value, tuple[int, int] | None, bool]


@frozen
class Sizes:
    """The pixels of each relative size for each input's sides, flipped or not; `names` are the
    parameters that are sizes, `where` the job file."""

    known: Mapping[_Key, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    where: str = ""

    def resolved(self, values: Values, sides: tuple[int, int] | None, *, flipped: bool) -> Values:
        """Give values with every relative size in pixels.

        Raises:
            Faults: `unknown_size`, one hangs on an input that this prompt does not have.
        """
        if not self.known:
            return values
        pixels = {
            name: self.known.get((name, value, sides, flipped), value)
            for name, value in values.items()
        }
        for name in self.names & pixels.keys():
            if is_relative(pixels[name]):
                said = f"{pixels[name]} hangs on an input, and some prompts have none."
                hint = "Give these a size of their own, as WIDTHxHEIGHT."
                raise Faults(
                    [Problem("unknown_size", said, self.where, key=f"params.{name}", hint=hint)]
                )
        return pixels

    def in_pixels(self, axes: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        """Give axes with what each relative size becomes for the job's inputs in its place."""
        pixels: dict[tuple[str, Value], list[Value]] = {}
        for (name, value, _, _), size in self.known.items():
            pixels.setdefault((name, value), []).append(size)
        return {
            name: tuple(
                dict.fromkeys(chain.from_iterable(pixels.get((name, one), [one]) for one in values))
            )
            for name, values in axes.items()
        }


def hang_on_inputs(spec: JobSpec, workflow: Workflow, inputs: FoundInputs) -> bool:
    """Tell whether a value that the job has for a size needs to know an input's sides."""
    names = [param.name for param in workflow.params.values() if param.type == "size"]
    defaults = (workflow.params[name].default or "" for name in names)
    files = chain.from_iterable((*inputs.slots.values(), inputs.named.values()))
    beside = (file.values[name] for file in files for name in names if name in file.values)
    given = chain(chain.from_iterable(map(spec.values_of, names)), beside)
    texts = (one.text.strip() for one in given)
    return any(map(is_relative, chain(defaults, texts)))


def read_sizes(
    reading: Reading, points: Points, shots: Iterable[Shot], fixed: Mapping[str, Value]
) -> Sizes:
    """Give the pixels of every relative size of the job; what cannot be goes to `reading`.

    A size is told for those inputs alone that have none of their own.
    """
    params = reading.workflow.params.values()
    sizes = {one.name: _given(points, fixed, one.name) for one in params if one.type == "size"}
    flips = _given(points, fixed, FLIP)
    keys: dict[_Key, None] = {}
    for shot in shots:
        for name, values in sizes.items():
            relative = [*filter(is_relative, _own_or(shot, name, values))]
            swaps = _own_or(shot, FLIP, flips) if reading.workflow.flips else []
            flipped = {bool(value) for value in swaps} or {False}
            keys |= dict.fromkeys(product([name], relative, [shot.sides], sorted(flipped)))
    known: dict[_Key, str] = {}
    for key in keys:
        _resolve(reading, known, key)
    return Sizes(known, frozenset(sizes), reading.spec.where)


def _given(points: Points, fixed: Mapping[str, Value], name: str) -> list[Value]:
    """Give what a parameter becomes at some point, each value once."""
    in_groups = chain.from_iterable(group.values_of(name) for group in points.groups)
    alone = (values[name] for values in (fixed, *points.included) if name in values)
    return [*dict.fromkeys(chain(alone, in_groups))]


def _own_or(shot: Shot, name: str, values: list[Value]) -> list[Value]:
    return [shot.values[name]] if name in shot.values else values


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
        reading.note(place, misfit.code, said, misfit.hint, misfit.allowed)
