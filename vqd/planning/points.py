"""The points of a job: each one value for every parameter that varies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod

from vqd.domain.graph import Value
from vqd.domain.jobspec import Given
from vqd.planning.values import Reading

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Points:
    """The product of `groups` without what `excluded` holds, then the points of `included`.

    A group is the rows of one parameter, or of several that advance together. `excluded` holds
    the refused values by the parameters that they are of.
    """

    groups: tuple[tuple[Values, ...], ...]
    excluded: Mapping[tuple[str, ...], frozenset[tuple[Value, ...]]]
    included: tuple[Values, ...]

    def __iter__(self) -> Iterator[Values]:
        """Give every point; the first group varies slowest."""
        return chain(filter(self._is_wanted, self._product()), self.included)

    @property
    def at_most(self) -> int:
        """Count the points, the excluded too."""
        return self._size + len(self.included)

    def count(self) -> int:
        """Count the points; walks through them only where some are excluded."""
        return sum(1 for _ in self) if self.excluded else self.at_most

    def axes(self, fixed: Values) -> dict[str, tuple[Value, ...]]:
        """Give the values of each parameter that varies, in order of appearance.

        `fixed` are the values of points that do not name a parameter which others do.
        """
        rows = [*chain.from_iterable(self.groups), *self.included]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: self._values_of(name, fixed) for name in names}

    def _values_of(self, name: str, fixed: Values) -> tuple[Value, ...]:
        in_groups = [row[name] for group in self.groups for row in group if name in row]
        if not in_groups and self._size and name in fixed:
            in_groups = [fixed[name]]
        included = [row[name] if name in row else fixed.get(name) for row in self.included]
        return tuple(dict.fromkeys([*in_groups, *(v for v in included if v is not None)]))

    @property
    def _size(self) -> int:
        if not self.groups and self.included:
            return 0
        return prod(len(group) for group in self.groups)

    def _product(self) -> Iterator[Values]:
        if self._size:
            for rows in product(*self.groups):
                yield {name: value for row in rows for name, value in row.items()}

    def _is_wanted(self, point: Values) -> bool:
        return not any(
            tuple(point[name] for name in names) in refused
            for names, refused in self.excluded.items()
        )


def read_points(reading: Reading) -> Points:
    """Give the points that the job asks for; what is wrong with them goes to `reading`."""
    fan_out = reading.spec.fan_out
    _check_named_once(reading)
    matrix = reading.lists(fan_out.matrix)
    groups = [tuple({name: value} for value in values) for name, values in matrix.items()]
    for name, given in fan_out.matrix.items():
        _check_different(reading, given, matrix[name])
    for lists in fan_out.zips:
        typed = reading.lists(lists)
        if not reading.problems:
            rows = zip(*typed.values(), strict=True)
            groups.append(tuple(dict(zip(typed, row, strict=True)) for row in rows))
    included = tuple(reading.point(point) for point in fan_out.include)
    return Points(tuple(groups), _excluded(reading, groups), included)


def _check_named_once(reading: Reading) -> None:
    seen: set[str] = set()
    fan_out = reading.spec.fan_out
    for lists in (fan_out.matrix, *fan_out.zips):
        for name, given in lists.items():
            if name in seen:
                said = f"{name} varies already."
                reading.note(given[0], "duplicate_axis", said, "Name it once in matrix and zip.")
            seen.add(name)


def _check_different(reading: Reading, given: Sequence[Given], values: Sequence[Value]) -> None:
    if len(values) != len(given):
        return  # a value at fault is missing
    seen: set[Value] = set()
    for one, value in zip(given, values, strict=True):
        if value in seen:
            said = f"{one.text} stands twice."
            reading.note(one, "duplicate_value", said, "Keep one, or ask for more seeds.")
        seen.add(value)


def _excluded(
    reading: Reading, groups: Sequence[tuple[Values, ...]]
) -> dict[tuple[str, ...], frozenset[tuple[Value, ...]]]:
    """Give the excluded values by their parameters, so that a point is judged by a few look-ups."""
    is_sound = not reading.problems
    known: dict[str, set[Value]] = {}
    for row in chain.from_iterable(groups):
        for name, value in row.items():
            known.setdefault(name, set()).add(value)
    refused: dict[tuple[str, ...], set[tuple[Value, ...]]] = {}
    for given in reading.spec.fan_out.exclude:
        point = reading.point(given)
        for name, value in point.items():
            if is_sound and value not in known.get(name, ()):
                said = f"{name} never becomes {given[name].text}, so this excludes nothing."
                reading.note(given[name], "unknown_point", said, "Correct it, or remove it.")
        names = tuple(sorted(point))
        refused.setdefault(names, set()).add(tuple(point[name] for name in names))
    return {names: frozenset(values) for names, values in refused.items()}
