"""Columns for a terminal: as wide as what stands in them, cut where the terminal ends."""

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import click

from vqd.domain.names import printable

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a colour, which is left out where none is wanted."""

    text: str
    colour: str | None = None
    is_faint: bool = False


def print_table(
    rows: Sequence[Sequence[Cell | str]],
    *,
    header: Sequence[str] = (),
    right: frozenset[int] = frozenset(),
    indent: str = "",
) -> None:
    """Print rows in columns. `right` are the columns, counted from 0, that hold numbers.

    On a terminal the last column is cut at its edge; into a pipe everything is written.
    """
    cells = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
    if header and cells:
        cells.insert(0, [Cell(text, is_faint=True) for text in header])
    widths = (
        [max(_width(row[at].text) for row in cells) for at in range(len(cells[0]))] if cells else []
    )
    for row in cells:
        shown = [_aligned(cell, widths[at], at in right) for at, cell in enumerate(row[:-1])]
        used = len(indent) + sum(widths[:-1]) + len(_GAP) * (len(row) - 1)
        last = _cut(_clean(row[-1].text), _columns() - used)
        padding = " " * (widths[-1] - _width(last)) if len(row) - 1 in right else ""
        shown.append(padding + styled(Cell(last, row[-1].colour, row[-1].is_faint)))
        click.echo(f"{indent}{_GAP.join(shown)}".rstrip())


def styled(cell: Cell) -> str:
    """Give a text in its colour; click leaves colours out where no terminal reads it."""
    return click.style(_clean(cell.text), fg=cell.colour, dim=cell.is_faint or None)


def heading(text: str) -> str:
    """Give a heading."""
    return click.style(text, bold=True)


def _aligned(cell: Cell, width: int, is_right: bool) -> str:
    padding = " " * (width - _width(cell.text))
    return padding + styled(cell) if is_right else styled(cell) + padding


def _clean(text: str) -> str:
    return printable(text)


def _width(text: str) -> int:
    return sum(_cells(char) for char in _clean(text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(text: str, columns: int) -> str:
    if columns < 8 or _width(text) <= columns:
        return text
    kept, used = "", 0
    for char in text:
        used += _cells(char)
        if used >= columns:
            break
        kept += char
    return f"{kept}…"


def _columns() -> int:
    """Give how many columns the terminal has; without one there is no end."""
    if not sys.stdout.isatty():
        return 1 << 20
    return shutil.get_terminal_size().columns
