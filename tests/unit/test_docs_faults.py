"""Each test that docs/reliability.md names is there, and shows what the page says of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")
LEAST = 42
"""Faults that the table must have: nobody may make it shorter."""


def named() -> Iterator[tuple[str, str | None]]:
    """Give each test that the page names: its file below tests, and its function."""
    for path, function in NAMED.findall(PAGE.read_text(encoding="utf-8")):
        yield path if "/" in path else f"faults/{path}", function or None


def functions_of(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_each_test_that_shows_a_fault_is_there() -> None:
    missing = [
        (path, function)
        for path, function in named()
        if not (TESTS / path).exists() or (function and function not in functions_of(path))
    ]
    assert missing == []


def test_each_fault_has_a_test_that_shows_it() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## Every fault")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
    faults = [row for row in rows if not row[0].startswith("| **")]
    assert len(faults) >= LEAST
    assert [row[0] for row in faults if not NAMED.search(row[-1])] == []
