"""Every statement that processes put to SQLite, each once, without its values."""

import json
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

_connect = sqlite3.connect


def keep(path: str) -> None:
    """Write every statement of this process down at `path`, as a line of JSON."""
    sqlite3.connect = partial(_connect, factory=partial(_Kept, Path(path)))  # type: ignore[assignment]


def kept(path: Path) -> set[str]:
    """Give the statements that were written down."""
    return {json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()}


class _Kept(sqlite3.Connection):
    """A connection that tells what is put to it."""

    def __init__(self, path: Path, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._path = path
        self._told: set[str] = set()

    def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
        self._tell(sql)
        return super().execute(sql, *given)

    def executemany(self, sql: str, *given: Any) -> sqlite3.Cursor:
        self._tell(sql)
        return super().executemany(sql, *given)

    def _tell(self, sql: str) -> None:
        if sql not in self._told:
            self._told.add(sql)
            with self._path.open("a", encoding="utf-8") as told:
                told.write(json.dumps(sql) + "\n")
