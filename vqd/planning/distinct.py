"""Whether the usual names of a job differ, told by their parts: prompts are many, and parts few."""

from collections.abc import Iterable, Sequence
from itertools import chain

from vqd.planning.naming import LONGEST_NAME_BYTES, UsualNames
from vqd.planning.points import Group
from vqd.planning.turns import Turns

_BEFORE = "_"
"""What stands before each part of a name."""


def differ_by_parts(naming: UsualNames, turns: Turns) -> bool:
    """Tell that no two prompts have one name; False where only all of them could tell.

    A name is its input, its row, and what each axis is, and can be read again from its end where no
    value has a `_` in it. So two are alike only if all their parts are, for nothing is cut off one
    that is short.
    """
    if not _is_plain(naming, turns):
        return False
    groups = turns.points.groups[1:] if turns.points.has_rows else turns.points.groups
    inputs: list[tuple[str, ...]] = [(naming.of_input(shot.lead),) for shot in turns.shots.all]
    values = [_written(naming, group) for group in groups]
    return (
        all(_all_differ(rows) for rows in (inputs, *values))
        and not any(_BEFORE in text for rows in values for text in chain.from_iterable(rows))
        and _longest_bytes(inputs, groups, values, turns) <= LONGEST_NAME_BYTES
    )


def _is_plain(naming: UsualNames, turns: Turns) -> bool:
    """Tell whether each prompt is called by the values of its point, and all of them are."""
    varied = turns.points.names() | turns.resting.keys()
    return (
        len(turns.seeds) == 1
        and not (naming.has_seeds or turns.points.included)
        and not (turns.sizes.known or turns.shots.overridden)
        and varied.isdisjoint(turns.workflow.inputs)
    )


def _written(naming: UsualNames, group: Group) -> list[tuple[str, ...]]:
    return [
        tuple(naming.of_value(value) for value in row if value is not None) for row in group.rows
    ]


def _all_differ(rows: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether no row is another, also where capitals do not count."""
    return len({tuple(text.casefold() for text in row) for row in rows}) == len(rows)


def _longest_bytes(
    inputs: Iterable[tuple[str, ...]],
    groups: Iterable[Group],
    values: Iterable[Iterable[tuple[str, ...]]],
    turns: Turns,
) -> int:
    """Give the length that no name passes, its folders included."""
    axes = (f"{_BEFORE}{name}-" for group in groups for name in group.names)
    columns = chain(zip(*inputs, strict=True), *(zip(*rows, strict=True) for rows in values))
    longest = sum(max(len(text.encode()) for text in column) for column in columns)
    return longest + sum(map(len, axes)) + len(f"{_BEFORE}r") + turns.points.row_digits
