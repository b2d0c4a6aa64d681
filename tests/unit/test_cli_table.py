"""Columns on a terminal."""

import io
from contextlib import redirect_stdout

import pytest

from vqd.cli.table import Cell, print_table


class Terminal(io.StringIO):
    """What a terminal would show."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, rows: list[list[Cell | str]], **how: object) -> list[str]:
    with redirect_stdout(stream):
        print_table(rows, **how)  # type: ignore[arg-type]
    return stream.getvalue().splitlines()


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    lines = shown(io.StringIO(), [["a", "bb"], ["ccc", "d"]], header=("X", "YY"))
    assert lines == ["X    YY", "a    bb", "ccc  d"]


def test_numbers_stand_at_the_right() -> None:
    lines = shown(io.StringIO(), [["9", "x"], ["10", "y"]], right=frozenset({0}))
    assert lines == [" 9  x", "10  y"]


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    lines = shown(io.StringIO(), [["日本", "x"], ["e\u0301", "y"], ["abcd", "z"]])
    assert lines == ["日本  x", "e\u0301     y", "abcd  z"]


def test_what_would_act_on_a_terminal_is_written_out() -> None:
    assert shown(io.StringIO(), [["a\x1b[2Jb", "c\nd"]]) == ["a\\x1b[2Jb  c\\nd"]


def test_the_last_column_ends_where_the_terminal_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    rows: list[list[Cell | str]] = [["name", "x" * 40]]
    assert shown(Terminal(), rows) == ["name  xxxxxxxxxxxxx…"]
    assert shown(io.StringIO(), rows) == [f"name  {'x' * 40}"]


def test_a_wrapped_column_goes_on_below_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    rows: list[list[Cell | str]] = [["name", "some words that go on"]]
    assert shown(Terminal(), rows, wrapped=True) == ["name  some words", "      that go on"]


def test_no_rows_are_no_table() -> None:
    assert shown(io.StringIO(), [], header=("A",)) == []
