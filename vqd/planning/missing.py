"""What a job must give and does not."""

from collections.abc import Collection, Iterator

from vqd.domain.jobspec import Given, Rows
from vqd.planning.points import Points
from vqd.planning.shots import Shots
from vqd.planning.values import Reading

MISSING_PARAMETER = "missing_parameter"


def check_missing(reading: Reading, points: Points, fixed: Collection[str], shots: Shots) -> None:
    """Keep a fault for each parameter and slot that some prompt would have no value for."""
    for name in _required(reading):
        if name in fixed or _is_told_beside(reading, shots, name):
            continue
        if not reading.spec.gives(name):
            _note(reading, name, Given("", _key(reading, name)))
        for place in _empty_cells(reading, points, name):
            _note(reading, name, place)


def _is_told_beside(reading: Reading, shots: Shots, name: str) -> bool:
    """Tell whether every input has a value of its own for a parameter, or a file for a slot."""
    ones = shots.all if name in reading.workflow.inputs else shots.speaking
    return bool(ones) and all(name in shot.values or name in shot.inputs for shot in ones)


def _required(reading: Reading) -> Iterator[str]:
    for name, param in reading.workflow.params.items():
        if param.type != "seed" and param.default is None:
            yield name
    yield from (slot.name for slot in reading.workflow.inputs.values() if slot.required)


def _empty_cells(reading: Reading, points: Points, name: str) -> Iterator[Given]:
    """Give the place of each row that has nothing where it should."""
    table = reading.spec.fan_out.rows
    group = points.groups[0] if points.has_rows else None
    if group is None or name not in group.names or not isinstance(table, Rows):
        return
    column = group.names.index(name)
    has_its_lines = len(group.rows) == len(table.lines)
    for at, row in enumerate(group.rows):
        if row[column] is None:
            line = table.lines[at] if has_its_lines else None
            yield Given("", name, line, None, table.where)


def _note(reading: Reading, name: str, place: Given) -> None:
    workflow = reading.workflow.name
    if name in reading.workflow.params:
        said = f"the parameter {name} is missing (workflow {workflow})."
        reading.note(place, MISSING_PARAMETER, said, f"Add it: params.{name}.")
    else:
        said = f"there is no file for the input {name}."
        reading.note(place, "missing_input", said, f"Add inputs.{name}.")


def _key(reading: Reading, name: str) -> str:
    return f"params.{name}" if name in reading.workflow.params else f"inputs.{name}"
