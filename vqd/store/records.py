"""How long a closed job is remembered in full: after that only the row of the job itself stays.

Its record is `whole`, then `trimming`, while its rows are taken away slice by slice, then `brief`.
A job whose folder comes back is whole again, whatever its record was.
"""

from vqd.store.events import EventRows
from vqd.store.homes import OWN
from vqd.store.jobrow import NOT_WHOLE
from vqd.store.rows import Connection

_CLOSED = "record = 'whole' AND finished_at IS NOT NULL"

# What there is of a job beside its row, in the order in which it can go: outputs refer to prompts,
# and these to graphs.
_PROMPTS = (
    "DELETE FROM outputs WHERE job_key = :job_key AND path IN"
    " (SELECT path FROM outputs WHERE job_key = :job_key LIMIT :limit)",
    "DELETE FROM prompts WHERE job_key = :job_key AND number IN"
    " (SELECT number FROM prompts WHERE job_key = :job_key LIMIT :limit)",
    "DELETE FROM parcels WHERE job_key = :job_key AND number IN"
    " (SELECT number FROM parcels WHERE job_key = :job_key LIMIT :limit)",
    "DELETE FROM stocks WHERE job_key = :job_key",
)
_SLICES = (
    *_PROMPTS,
    "DELETE FROM events WHERE event_key IN"
    " (SELECT event_key FROM events WHERE job_key = :job_key LIMIT :limit)",
)


class RecordRows:
    """The records of closed jobs, which `output.keep` and the settings' `keep` make brief."""

    def __init__(self, connection: Connection, events: EventRows) -> None:
        self._connection = connection
        self._events = events

    def due(self, now: float, keep_s: float | None) -> int | None:
        """Give the key of a job to trim now, one that was begun with first; a seek or three.

        `keep_s` is how long a job is kept that does not say so itself, None for ever.
        """
        row = self._connection.execute(
            "SELECT job_key FROM jobs INDEXED BY jobs_trimming WHERE record = 'trimming'"
            f"{OWN} LIMIT 1"
        ).fetchone()
        row = (
            row
            or self._connection.execute(
                f"SELECT job_key FROM jobs INDEXED BY jobs_kept_own WHERE {_CLOSED}"
                f" AND keep_s IS NOT NULL AND finished_at + keep_s <= ?{OWN}"
                " ORDER BY finished_at + keep_s LIMIT 1",
                (now,),
            ).fetchone()
        )
        if row is None and keep_s is not None:
            row = self._connection.execute(
                f"SELECT job_key FROM jobs INDEXED BY jobs_kept WHERE {_CLOSED}"
                f" AND keep_s IS NULL AND finished_at <= ?{OWN} ORDER BY finished_at LIMIT 1",
                (now - keep_s,),
            ).fetchone()
        return None if row is None else int(row["job_key"])

    def next_at(self, keep_s: float | None) -> float | None:
        """Give when the next job is to be trimmed, which may be past; two seeks."""
        row = self._connection.execute(
            f"SELECT (SELECT min(finished_at + keep_s) FROM jobs INDEXED BY jobs_kept_own"
            f" WHERE {_CLOSED} AND keep_s IS NOT NULL{OWN}) AS own, (SELECT min(finished_at)"
            f" FROM jobs INDEXED BY jobs_kept WHERE {_CLOSED} AND keep_s IS NULL{OWN}) AS other"
        ).fetchone()
        times = [] if row["own"] is None else [float(row["own"])]
        if keep_s is not None and row["other"] is not None:
            times.append(row["other"] + keep_s)
        return min(times, default=None)

    def trim(self, job_key: int, limit: int) -> bool:
        """Take a slice of at most `limit` rows away; False if there was nothing left to take."""
        self._connection.execute(
            "UPDATE jobs SET record = 'trimming', plan = NULL"
            " WHERE job_key = ? AND record = 'whole' AND finished_at IS NOT NULL",
            (job_key,),
        )
        if not self.is_trimming(job_key):
            return False
        for delete in _SLICES:
            values = {"job_key": job_key, "limit": limit}
            if self._connection.execute(delete, values).rowcount:
                return True
        return self._forget_graphs(job_key, limit)

    def is_trimming(self, job_key: int) -> bool:
        """Tell whether the record of a job was begun to be trimmed, and the job did not come back
        since."""
        row = self._connection.execute(
            "SELECT record FROM jobs WHERE job_key = ?", (job_key,)
        ).fetchone()
        return row is not None and row["record"] == "trimming"

    def end(self, job_key: int, *, now: float) -> None:
        """Note that the record of a job that was trimmed is brief by now, if it did not come back
        meanwhile."""
        is_brief = self._connection.execute(
            "UPDATE jobs SET record = 'brief' WHERE job_key = ? AND record = 'trimming'", (job_key,)
        ).rowcount
        if is_brief:
            self._events.add("job.trimmed", at=now, job_key=job_key)

    def forget_prompts(self, job: str, limit: int) -> bool:
        """Take a slice of the prompts away of a job that comes in anew; False if none is left.

        It is closed, or was not whole when the daemon died; from now on it is not whole.
        """
        row = self._connection.execute(
            f"UPDATE jobs SET {NOT_WHOLE} WHERE job = ?"
            f" AND state IN ('assembling', 'done', 'failed', 'cancelled'){OWN} RETURNING job_key",
            (job,),
        ).fetchone()
        if row is None:
            return False
        values = {"job_key": row["job_key"], "limit": limit}
        taken = (self._connection.execute(delete, values).rowcount for delete in _PROMPTS)
        return any(taken) or self._forget_graphs(row["job_key"], limit)

    def _forget_graphs(self, job_key: int, limit: int) -> bool:
        """Take graphs away that the job used; those that no other job uses go for good."""
        rows = self._connection.execute(
            "DELETE FROM job_graphs WHERE job_key = ? AND graph_key IN"
            " (SELECT graph_key FROM job_graphs WHERE job_key = ? LIMIT ?) RETURNING graph_key",
            (job_key, job_key, limit),
        ).fetchall()
        self._connection.executemany(
            "DELETE FROM graphs WHERE graph_key = ? AND NOT EXISTS"
            " (SELECT 1 FROM job_graphs WHERE job_graphs.graph_key = graphs.graph_key)",
            [(row["graph_key"],) for row in rows],
        )
        return bool(rows)
