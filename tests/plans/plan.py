"""How SQLite carries a statement out, and which of its steps take longer the more there is.

https://sqlite.org/eqp.html. A step through a table, or through a whole index, grows with the table;
one through a partial index only with what that is about. All that is one job's may be a million
rows, too. What is sorted is held twice.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

GROWING = frozenset(
    {"jobs", "prompts", "events", "outputs", "notices", "labels", "graphs", "job_graphs", "strays"}
)
"""The tables that have a row for each job, prompt or file, and not only for each server."""

_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_OF_A_JOB = re.compile(
    r"SEARCH (?:prompts|outputs|events) USING (?:COVERING )?(?:INDEX|PRIMARY KEY) ?(\w*) "
    r"?\(job_key=\?\)"
)
_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement, and the steps by which it is carried out."""

    statement: str
    steps: tuple[str, ...]
    partial: frozenset[str]

    @property
    def growing(self) -> list[str]:
        """The steps that take longer the more there is in the tables."""
        return [step for step in self.steps if self._grows(step)]

    def _grows(self, step: str) -> bool:
        if "AUTOMATIC" in step or "TEMP B-TREE" in step:
            return not GROWING.isdisjoint(re.findall(r"\w+", self.statement))
        of_a_job = _OF_A_JOB.match(step)
        if of_a_job is not None and "LIMIT" not in self.statement:
            return of_a_job[1] not in self.partial
        scan = _SCAN.match(step)
        if scan is None or scan[2] in self.partial or self._is_cut_short:
            return False
        return self._table(scan[1]) in GROWING

    @property
    def _is_cut_short(self) -> bool:
        """Tell whether it takes the first rows in the order in which they lie, and no others."""
        words = self.statement.split()
        return "LIMIT" in words and "WHERE" not in words and len(self.steps) == 1

    def _table(self, name: str) -> str:
        """Give the table that a name of the statement stands for."""
        alias = re.search(rf"\b(\w+) AS {name}\b", self.statement)
        return alias[1] if alias else name


def plans(database: Path, statements: set[str]) -> Iterator[Plan]:
    """Give the plan of each statement that reads or writes rows."""
    with closing(sqlite3.connect(database)) as connection:
        named = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'"
        partial = frozenset(name for (name,) in connection.execute(named))
        for statement in sorted(statements):
            if statement.lstrip().upper().startswith(_PLANNED):
                yield Plan(statement, _steps(connection, statement), partial)


def _steps(connection: sqlite3.Connection, statement: str) -> tuple[str, ...]:
    bare = re.sub(r"'[^']*'", "", statement)
    names = dict.fromkeys(re.findall(r":(\w+)", bare))
    marks = re.findall(r"\?\d*", bare)
    given: object = names or (None,) * (len(set(marks)) if "?1" in marks else len(marks))
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[arg-type]
    return tuple(row[3] for row in rows)
