"""Columns for a terminal: as wide as what stands in them, cut where the terminal ends."""

import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import click

from vqd.domain.frozen import frozen
from vqd.domain.names import printable

STATE_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "done": "green",
        "failed": "red",
        "cancelled": "yellow",
        "running": "cyan",
        "up": "green",
        "resting": "yellow",
        "avoided": "yellow",
        "down": "red",
        "heard": "green",
        "silent": "yellow",
        "gone": "red",
    }
)
"""What stands out among the states of jobs, servers and hosts."""

_GAP = "  "
_NARROWEST = 8
"""Columns below which nothing is cut or wrapped."""


@frozen
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
    wrapped: bool = False,
) -> None:
    """Print rows in columns. `right` are the columns, counted from 0, that hold numbers.

    On a terminal the last column, which holds none, is cut at its edge, or `wrapped`; into a pipe
    everything is written on its line.
    """
    cells = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
    if not cells:
        return
    if header:
        cells.insert(0, [Cell(text, is_faint=True) for text in header])
    widths = [max(_width(cell.text) for cell in column) for column in zip(*cells, strict=True)]
    left = len(indent) + sum(width + len(_GAP) for width in widths[:-1])
    for *first, last in cells:
        shown = [_aligned(cell, widths[at], at in right) for at, cell in enumerate(first)]
        text, *more = _fitted(printable(last.text), columns() - left, wrapped=wrapped)
        click.echo(f"{indent}{_GAP.join([*shown, styled(replace(last, text=text))])}".rstrip())
        for line in more:
            click.echo(" " * left + styled(replace(last, text=line)))


def styled(cell: Cell) -> str:
    """Give a text in its colour; click leaves colours out where no terminal reads it."""
    text = printable(cell.text)
    if cell.colour is None and not cell.is_faint:
        return text
    return click.style(text, fg=cell.colour, dim=cell.is_faint or None)


def heading(text: str) -> str:
    """Give a heading."""
    return click.style(text, bold=True)


def _aligned(cell: Cell, width: int, is_right: bool) -> str:
    padding = " " * (width - _width(cell.text))
    return padding + styled(cell) if is_right else styled(cell) + padding


def _width(text: str) -> int:
    return sum(_cells(char) for char in printable(text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fitted(text: str, columns: int, *, wrapped: bool) -> list[str]:
    if columns < _NARROWEST or _width(text) <= columns:
        return [text]
    return textwrap.wrap(text, columns) if wrapped else [_cut(text, columns)]


def _cut(text: str, columns: int) -> str:
    kept, used = "", 0
    for char in text:
        used += _cells(char)
        if used >= columns:
            break
        kept += char
    return f"{kept}…"


def is_terminal() -> bool:
    """Tell whether a person reads it, and not a program or a file."""
    return sys.stdout.isatty()


def columns() -> int:
    """Give how many columns the terminal has; without one there is no end."""
    if not is_terminal():
        return 1 << 20
    from shutil import get_terminal_size  # which brings archives of every kind

    return get_terminal_size().columns
