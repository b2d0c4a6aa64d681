"""Every statement that processes put to SQLite, each once, without its values."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from vqd.store import connection


def keep(path: str) -> None:
    """Write every statement of this process down at `path`, as a line of JSON."""

    class Kept(_Kept):
        told_at = Path(path)

    setattr(connection, "SqliteConnection", Kept)  # noqa: B010


def kept(path: Path) -> set[str]:
    """Give the statements that were written down."""
    return {json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()}


class _Kept(connection.SqliteConnection):
    """A connection that tells what is put to it."""

    told_at: Path

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
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
            with self.told_at.open("a", encoding="utf-8") as told:
                told.write(json.dumps(sql) + "\n")
