"""The table of a job: a row for each shot, a column for each parameter."""

from collections.abc import Sequence

from vqd.domain.breaks import with_breaks
from vqd.domain.graph import Value
from vqd.domain.jobspec import Given, Rows
from vqd.planning.values import Reading

_Row = tuple[Value | None, ...]


def read_rows(
    reading: Reading, *, but: frozenset[str]
) -> tuple[tuple[str, ...], Sequence[_Row]] | None:
    """Give the typed table: its parameters and its rows; None if the job has none.

    What is wrong with it goes to `reading`. The columns in `but` vary otherwise and are left out;
    rows that differ only in these are one.
    """
    table = reading.spec.fan_out.rows
    if not isinstance(table, Rows):
        return None
    kept = [at for at, name in enumerate(table.names) if name not in but]
    known = [at for at in kept if reading.knows(table.names[at], table.given(0, at))]
    columns = [reading.column(table, at) for at in known]
    rows = [*zip(*columns, strict=True)] if columns else [()] * len(table.texts)
    if len(kept) < len(table.names):
        rows = [*dict.fromkeys(rows)]
    else:
        _check_different(reading, table, rows)
    return tuple(table.names[at] for at in known), rows


def _check_different(reading: Reading, table: Rows, rows: Sequence[_Row]) -> None:
    first: dict[_Row, int] = {}
    for at, row in enumerate(with_breaks(rows)):
        if first.setdefault(row, at) != at and not reading.problems:
            place = Given("", "", table.lines[at], None, table.where)
            said = f"this row is the same as that in line {table.lines[first[row]]}."
            reading.note(place, "duplicate_value", said, "Keep one, or ask for more seeds.")
