"""What of jobs lies in the depot: inputs that others may fetch, and outputs on their way home."""

from collections.abc import Collection, Sequence

from vqd.domain.depot import Arrival
from vqd.domain.outcome import Parcel
from vqd.domain.queue import PromptKey
from vqd.store.homes import OWN
from vqd.store.rows import Connection

_OPEN = "jobs.state IN ('queued', 'running') AND jobs.pending > 0"


class DepotRows:
    """The rows of the depot: `stocks` of inputs by job, `parcels` by prompt."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unstocked(self) -> int | None:
        """Give the key of the next of this daemon's jobs whose inputs are not in the depot."""
        row = self._connection.execute(
            f"SELECT job_key FROM jobs WHERE {_OPEN}{OWN} AND NOT EXISTS"
            " (SELECT 1 FROM stocks WHERE stocks.job_key = jobs.job_key)"
            " ORDER BY priority DESC, turn, job_key LIMIT 1"
        ).fetchone()
        return None if row is None else int(row["job_key"])

    def stock(self, job_key: int, list_sha256: str) -> None:
        """Note that the inputs of a job lie in the depot, and the list of them."""
        self.unstock(job_key)
        self._connection.execute(
            "INSERT INTO stocks (job_key, list_sha256) SELECT job_key, ? FROM jobs"
            f" WHERE job_key = ? AND {_OPEN}",
            (list_sha256, job_key),
        )

    def unstock(self, job_key: int) -> None:
        """Note that something of a job's inputs is not in the depot."""
        self._connection.execute("DELETE FROM stocks WHERE job_key = ?", (job_key,))

    def has_stocks(self) -> bool:
        """Tell whether inputs of this daemon's jobs lie in the depot for others to fetch."""
        row = self._connection.execute(
            f"SELECT 1 FROM stocks JOIN jobs ON jobs.job_key = stocks.job_key WHERE TRUE{OWN}"
            " LIMIT 1"
        ).fetchone()
        return row is not None

    def unstock_all(self) -> None:
        """Give nobody more prompts of this daemon's jobs whose files travel by the depot."""
        self._connection.execute(
            "DELETE FROM stocks WHERE job_key IN (SELECT stocks.job_key FROM stocks"
            f" JOIN jobs ON jobs.job_key = stocks.job_key WHERE TRUE{OWN})"
        )

    def list_of(self, job_key: int) -> str | None:
        """Give the hash of the list of a job's inputs; None if they do not lie in the depot."""
        row = self._connection.execute(
            "SELECT list_sha256 FROM stocks WHERE job_key = ?", (job_key,)
        ).fetchone()
        return None if row is None else str(row["list_sha256"])

    def keep_open(self) -> Sequence[str]:
        """Forget the stocks of this daemon's jobs of which nothing waits or runs any more; give the
        hashes of the lists of the others."""
        self._connection.execute(
            "DELETE FROM stocks WHERE job_key IN (SELECT stocks.job_key FROM stocks"
            " JOIN jobs ON jobs.job_key = stocks.job_key"
            f" WHERE jobs.pending + jobs.running = 0{OWN})"
        )
        rows = self._connection.execute(
            "SELECT list_sha256 FROM stocks JOIN jobs ON jobs.job_key = stocks.job_key"
            f" WHERE jobs.pending + jobs.running > 0{OWN}"
        )
        return [row["list_sha256"] for row in rows]

    def send(self, key: PromptKey, parcel: Parcel) -> None:
        """Note that what a prompt made is on its way, in the transaction that ends its lease."""
        self._connection.execute(
            "INSERT INTO parcels (job_key, number, name, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
            (key.job_key, key.number, parcel.name, parcel.sha256, parcel.bytes),
        )

    def arrivals(self, limit: int, *, but: Collection[int] = ()) -> list[Arrival]:
        """Give parcels that are on their way to jobs of this daemon, `but` to those of these."""
        others = f"parcels.job_key NOT IN ({', '.join('?' * len(but))})" if but else "TRUE"
        rows = self._connection.execute(
            "SELECT parcels.job_key AS job_key, number, parcels.name AS parcel, sha256,"
            " bytes, jobs.job AS job FROM parcels"
            f" JOIN jobs ON jobs.job_key = parcels.job_key WHERE {others}{OWN}"
            " ORDER BY parcels.job_key, parcels.number LIMIT ?",
            (*but, limit),
        )
        return [
            Arrival(
                PromptKey(row["job_key"], row["number"]),
                row["job"],
                Parcel(row["parcel"], row["sha256"], row["bytes"]),
            )
            for row in rows
        ]

    def on_the_way(self) -> int:
        """Count the parcels that are on their way to the jobs of all."""
        row = self._connection.execute("SELECT count(*) AS parcels FROM parcels").fetchone()
        return int(row["parcels"])

    def expected(self) -> set[str]:
        """Give the names of all parcels that are on their way to this daemon's jobs."""
        rows = self._connection.execute(
            "SELECT parcels.name AS parcel FROM parcels"
            f" JOIN jobs ON jobs.job_key = parcels.job_key WHERE TRUE{OWN}"
        )
        return {row["parcel"] for row in rows}

    def receive(self, arrival: Arrival) -> None:
        """Note that what a parcel holds lies in the folder of its job, or is not wanted there."""
        self._connection.execute(
            "DELETE FROM parcels WHERE job_key = ? AND number = ? AND name = ?",
            (arrival.key.job_key, arrival.key.number, arrival.parcel.name),
        )
