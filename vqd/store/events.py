"""What happened, in order."""

from collections.abc import Collection

import orjson

from vqd.domain.queue import Event, PromptKey
from vqd.store.homes import OWN
from vqd.store.rows import Connection, Row

Fact = str | int | float | bool | None


class EventRows:
    """Events of jobs and prompts; written with the move they tell of, in the same commit."""

    def __init__(self, connection: Connection) -> None:
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

    def newest_at(self) -> float | None:
        """Give when the newest event happened; None before the first."""
        row = self._connection.execute(
            "SELECT at FROM events ORDER BY event_key DESC LIMIT 1"
        ).fetchone()
        return None if row is None else float(row["at"])

    def newest_key(self) -> int:
        """Give the key of the newest event; 0 before the first."""
        row = self._connection.execute("SELECT max(event_key) AS newest FROM events").fetchone()
        return int(row["newest"] or 0)

    def jobs_with(self, kinds: Collection[str], *, after: int) -> set[int]:
        """Give the keys of this daemon's jobs to which one of these happened after the event of key
        `after`.

        Cost: as many rows as there are events after it, and a seek for each of these.
        """
        marks = ", ".join("?" * len(kinds))
        rows = self._connection.execute(
            "SELECT job_key FROM events NOT INDEXED CROSS JOIN jobs USING (job_key)"
            f" WHERE event_key > ? AND kind IN ({marks}){OWN}",
            (after, *kinds),
        )
        return {row["job_key"] for row in rows}

    def prompts_with(self, kind: str, *, after: int, limit: int) -> list[tuple[int, PromptKey]]:
        """Give a page of the prompts to which this happened after the event of key `after`, each
        with the key to page on from.

        Cost: as many rows as there are events after it.
        """
        rows = self._connection.execute(
            "SELECT event_key, job_key, number FROM events NOT INDEXED WHERE event_key > ?"
            " AND kind = ? AND number IS NOT NULL ORDER BY event_key LIMIT ?",
            (after, kind, limit),
        )
        return [(row["event_key"], PromptKey(row["job_key"], row["number"])) for row in rows]

    def after(self, key: int, *, limit: int) -> list[tuple[int, int, int | None]]:
        """Give of the events after one of this key, in order, the key of each, and the job and the
        prompt (None for the job itself) that it is of."""
        rows = self._connection.execute(
            "SELECT event_key, job_key, number FROM events WHERE event_key > ? AND job_key > 0"
            " ORDER BY event_key LIMIT ?",
            (key, limit),
        )
        return [(row["event_key"], row["job_key"], row["number"]) for row in rows]

    def of_job_itself(self, job_key: int, kinds: Collection[str], *, limit: int) -> list[Event]:
        """Give the newest events of these kinds that happened to a job itself, newest first.

        Cost: as many rows as happened to the job, whatever happened to its prompts.
        """
        marks = ", ".join("?" * len(kinds))
        rows = self._connection.execute(
            "SELECT * FROM events INDEXED BY events_of_job_itself WHERE job_key = ?"
            f" AND number IS NULL AND kind IN ({marks}) ORDER BY event_key DESC LIMIT ?",
            (job_key, *kinds, limit),
        )
        return [_event_of(row) for row in rows]

    def of_prompt(self, key: PromptKey) -> list[Event]:
        """Give the events of a prompt in this life of its job, oldest first.

        Cost: as many rows as that life has events.
        """
        rows = self._connection.execute(
            "SELECT * FROM events WHERE job_key = :job_key AND number = :number AND event_key >"
            " (SELECT coalesce(max(event_key), 0) FROM events INDEXED BY events_of_job_itself"
            " WHERE job_key = :job_key AND number IS NULL AND kind = 'job.accepted')"
            " ORDER BY event_key",
            {"job_key": key.job_key, "number": key.number},
        )
        return [_event_of(row) for row in rows]

    def of_job(self, job_key: int, *, after: int = 0, limit: int = 1000) -> list[tuple[int, Event]]:
        """Give a page of a job's events, oldest first, each with the key to page on from."""
        rows = self._connection.execute(
            "SELECT * FROM events WHERE job_key = ? AND event_key > ? ORDER BY event_key LIMIT ?",
            (job_key, after, limit),
        )
        return [(row["event_key"], _event_of(row)) for row in rows]


def _event_of(row: Row) -> Event:
    return Event(row["at"], row["kind"], row["number"], orjson.loads(row["facts"]))
