"""What happened, in order."""

import sqlite3

import orjson

from vqd.domain.queue import Event

Fact = str | int | float | bool | None


class EventRows:
    """Events of jobs and prompts; written with the move they tell of, in the same commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self, kind: str, *, at: float, job_key: int, number: int | None = None, **facts: Fact
    ) -> None:
        """Write one event; facts that are None are left out."""
        said = {name: fact for name, fact in facts.items() if fact is not None}
        self._connection.execute(
            "INSERT INTO events (at, job_key, number, kind, facts) VALUES (?, ?, ?, ?, ?)",
            (at, job_key, number, kind, orjson.dumps(said).decode()),
        )

    def of_job(self, job_key: int, *, after: int = 0, limit: int = 1000) -> list[tuple[int, Event]]:
        """Give a page of a job's events, oldest first, each with the key to page on from."""
        rows = self._connection.execute(
            "SELECT * FROM events WHERE job_key = ? AND event_key > ? ORDER BY event_key LIMIT ?",
            (job_key, after, limit),
        )
        return [
            (
                row["event_key"],
                Event(row["at"], row["kind"], row["number"], orjson.loads(row["facts"])),
            )
            for row in rows
        ]
