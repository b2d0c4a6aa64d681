"""The points of a job: each one value for every parameter that varies."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from math import prod

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.jobspec import Given
from vqd.planning.rows import read_rows
from vqd.planning.values import Reading

Values = Mapping[str, Value]


@frozen
class Group:
    """Parameters that advance together; a row has one value for each, None where it gives none."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Value | None, ...]]

    def values_of(self, name: str) -> Iterator[Value]:
        """Give what a parameter becomes, row by row."""
        if name in self.names:
            column = self.names.index(name)
            yield from (row[column] for row in self.rows if row[column] is not None)  # type: ignore[misc]  # None is left out


@frozen
class Point:
    """One value for each parameter that varies here; `row` is its row of the table, from 1."""

    values: Values
    row: int | None = None


@frozen
class Points:
    """The product of `groups` without what `excluded` holds, then the points of `included`.

    The first group is the table's if `has_rows`. `excluded` holds the refused values by the
    parameters that they are of.
    """

    groups: tuple[Group, ...]
    excluded: Mapping[tuple[str, ...], frozenset[tuple[Value, ...]]]
    included: tuple[Values, ...]
    has_rows: bool = False

    def __iter__(self) -> Iterator[Point]:
        """Give every point; the first group varies slowest."""
        points = self._product()
        wanted = filter(self._is_wanted, points) if self.excluded else points
        return chain(wanted, map(Point, self.included))

    @property
    def row_digits(self) -> int:
        """Count the digits of the last row's number."""
        return len(str(len(self.groups[0].rows))) if self.has_rows else 1

    @property
    def at_most(self) -> int:
        """Count the points, the excluded too."""
        return self._size + len(self.included)

    def count(self) -> int:
        """Count the points; walks through them only where some are excluded."""
        return sum(1 for _ in self) if self.excluded else self.at_most

    def names(self) -> frozenset[str]:
        """Give every parameter that varies."""
        in_groups = chain.from_iterable(group.names for group in self.groups)
        return frozenset(in_groups).union(*self.included)

    def axes(self, fixed: Values) -> dict[str, tuple[Value, ...]]:
        """Give the values of each parameter that varies, in order of appearance.

        `fixed` are the values of points that do not name a parameter which others do. A column of
        the table with very many values is no axis: nobody looks through such a grid.
        """
        in_groups = chain.from_iterable(group.names for group in self.groups)
        names = dict.fromkeys([*in_groups, *chain.from_iterable(self.included)])
        axes = {name: self._values_of(name, fixed) for name in names}
        columns = self.groups[0].names if self.has_rows else ()
        return {
            name: values
            for name, values in axes.items()
            if name not in columns or len(values) <= _MOST_COLUMN_VALUES
        }

    def _values_of(self, name: str, fixed: Values) -> tuple[Value, ...]:
        in_groups = [*chain.from_iterable(group.values_of(name) for group in self.groups)]
        if not in_groups and self._size and name in fixed:
            in_groups = [fixed[name]]
        included = [row[name] if name in row else fixed.get(name) for row in self.included]
        return tuple(dict.fromkeys([*in_groups, *(v for v in included if v is not None)]))

    @property
    def _size(self) -> int:
        if not self.groups and self.included:
            return 0
        return prod(len(group.rows) for group in self.groups)

    def _product(self) -> Iterator[Point]:
        size = self._size
        if not size:
            return
        names = [*chain.from_iterable(group.names for group in self.groups)]
        of_a_row = size // len(self.groups[0].rows) if self.has_rows else 0
        for at, rows in enumerate(product(*(group.rows for group in self.groups))):
            row = zip(names, chain.from_iterable(rows), strict=True)
            values = {name: value for name, value in row if value is not None}
            yield Point(values, at // of_a_row + 1 if of_a_row else None)

    def _is_wanted(self, point: Point) -> bool:
        return not any(
            tuple(point.values.get(name) for name in names) in refused
            for names, refused in self.excluded.items()
        )


class Firsts:
    """Takes of points that differ in `names` alone only the first: those of an input that has
    values of its own for these."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._seen: set[tuple[tuple[str, Value], ...]] = set()

    def takes(self, point: Point) -> bool:
        """Tell whether this is the first of its like."""
        if not self._names:
            return True
        rest = tuple(sorted(one for one in point.values.items() if one[0] not in self._names))
        is_first = rest not in self._seen
        self._seen.add(rest)
        return is_first


def read_points(reading: Reading) -> Points:
    """Give the points that the job asks for; what is wrong with them goes to `reading`."""
    fan_out = reading.spec.fan_out
    _check_named_once(reading)
    matrix = reading.lists(fan_out.matrix)
    varied = {name for lists in (fan_out.matrix, *fan_out.zips) for name in lists}
    rows = read_rows(reading, but=frozenset(varied))
    groups = [Group(*rows)] if rows is not None else []
    groups += [Group((name,), [(value,) for value in values]) for name, values in matrix.items()]
    for name, given in fan_out.matrix.items():
        _check_different(reading, given, matrix[name])
    for lists in fan_out.zips:
        typed = reading.lists(lists)
        if not reading.problems:
            group = Group(tuple(typed), [*zip(*typed.values(), strict=True)])
            _check_different(reading, next(iter(lists.values())), group.rows)
            groups.append(group)
    included = tuple(reading.point(point) for point in fan_out.include)
    return Points(tuple(groups), _excluded(reading, groups), included, rows is not None)


def _check_named_once(reading: Reading) -> None:
    seen: set[str] = set()
    fan_out = reading.spec.fan_out
    for lists in (fan_out.matrix, *fan_out.zips):
        for name, given in lists.items():
            if name in seen:
                said = f"{name} varies already."
                reading.note(given[0], "duplicate_axis", said, "Name it once in matrix and zip.")
            seen.add(name)


def _check_different(
    reading: Reading, given: Sequence[Given], values: Sequence[Value | tuple[Value | None, ...]]
) -> None:
    if len(values) != len(given):
        return  # a value at fault is missing
    seen: set[Value | tuple[Value | None, ...]] = set()
    for one, value in zip(given, values, strict=True):
        if value in seen:
            said = f"{one.text} stands twice."
            reading.note(one, "duplicate_value", said, "Keep one, or ask for more seeds.")
        seen.add(value)


def _excluded(
    reading: Reading, groups: Sequence[Group]
) -> dict[tuple[str, ...], frozenset[tuple[Value, ...]]]:
    """Give the excluded values by their parameters, so that a point is judged by a few look-ups."""
    is_sound = not reading.problems
    known = _known(groups) if reading.spec.fan_out.exclude else {}
    refused: dict[tuple[str, ...], set[tuple[Value, ...]]] = {}
    for given in reading.spec.fan_out.exclude:
        point = reading.point(given)
        for name in given if is_sound else ():
            is_at_fault = name not in point and name not in reading.workflow.inputs
            if not is_at_fault and point.get(name) not in known.get(name, ()):
                said = f"{name} never becomes {given[name].text}, so this excludes nothing."
                reading.note(given[name], "unknown_point", said, "Correct it, or remove it.")
        names = tuple(sorted(point))
        refused.setdefault(names, set()).add(tuple(point[name] for name in names))
    return {names: frozenset(values) for names, values in refused.items()}


def _known(groups: Sequence[Group]) -> dict[str, set[Value]]:
    """Give what each parameter becomes."""
    known: dict[str, set[Value]] = {}
    for group in groups:
        for name in group.names:
            known.setdefault(name, set()).update(group.values_of(name))
    return known


_MOST_COLUMN_VALUES = 100
