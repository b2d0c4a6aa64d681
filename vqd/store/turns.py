"""Whose turn it is: the order in which jobs start, and jobs placed elsewhere in it.

A higher priority comes first; among those of one priority the turn decides, which is that of who
came first unless somebody placed a job between two others. Its turn is then half way between
theirs, which halves what is left there: once nothing is, all of that priority are spread out anew.
"""

from vqd.domain.frozen import frozen
from vqd.store.rows import Connection

OPEN = "state IN ('assembling', 'quoted', 'queued', 'running', 'publishing')"
"""A job that is not over: the condition of the index jobs_in_turn, word for word."""


@frozen
class _Turn:
    priority: int
    turn: float
    job_key: int


class TurnRows:
    """Places jobs; each gives the priority that the job has there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_first(self, job_key: int) -> int:
        """Let a job start before all others that are not over."""
        row = self._connection.execute(_FIRST, {"own": job_key}).fetchone()
        if row is None:
            return self._of(job_key).priority
        return self.put_before(job_key, row["job_key"])

    def put_before(self, job_key: int, other_key: int) -> int:
        """Let a job start right before another one."""
        return self._put(job_key, other_key, is_after=False)

    def put_after(self, job_key: int, other_key: int) -> int:
        """Let a job start right after another one."""
        return self._put(job_key, other_key, is_after=True)

    def _put(self, job_key: int, other_key: int, *, is_after: bool) -> int:
        turn = self._between(job_key, other_key, is_after=is_after)
        priority = self._of(other_key).priority
        if turn is None:
            self._spread(priority)
            turn = self._between(job_key, other_key, is_after=is_after)
        self._connection.execute(
            "UPDATE jobs SET priority = ?, placed = ? WHERE job_key = ?", (priority, turn, job_key)
        )
        return priority

    def _between(self, job_key: int, other_key: int, *, is_after: bool) -> float | None:
        """Give a turn right before or after another's; None where there is no number left."""
        other = self._of(other_key)
        row = self._connection.execute(
            _NEXT if is_after else _PREVIOUS,
            {"priority": other.priority, "turn": other.turn, "other": other_key, "own": job_key},
        ).fetchone()
        if is_after:
            low = other.turn
            high = max(low, self._newest()) + 1 if row is None else float(row["turn"])
        else:
            high = other.turn
            low = high - 2 if row is None else float(row["turn"])
        turn = (low + high) / 2
        return turn if low < turn < high else None

    def _spread(self, priority: int) -> None:
        """Let the turns of all of a priority be whole numbers, up to that of the newest job."""
        given = {"priority": priority, "newest": self._newest()}
        self._connection.execute(_SPREAD, given)

    def _newest(self) -> int:
        row = self._connection.execute("SELECT max(job_key) AS newest FROM jobs").fetchone()
        return int(row["newest"])

    def _of(self, job_key: int) -> _Turn:
        row = self._connection.execute(
            "SELECT priority, turn, job_key FROM jobs WHERE job_key = ?", (job_key,)
        ).fetchone()
        return _Turn(**row)


_OTHERS = f"FROM jobs INDEXED BY jobs_in_turn WHERE {OPEN} AND job_key <> :own"
_FIRST = f"SELECT job_key {_OTHERS} ORDER BY priority DESC, turn, job_key LIMIT 1"
_PREVIOUS = (
    f"SELECT turn {_OTHERS} AND priority = :priority AND (turn, job_key) < (:turn, :other)"
    " ORDER BY turn DESC, job_key DESC LIMIT 1"
)
_NEXT = (
    f"SELECT turn {_OTHERS} AND priority = :priority AND (turn, job_key) > (:turn, :other)"
    " ORDER BY turn, job_key LIMIT 1"
)
_SPREAD = (
    "UPDATE jobs SET placed = spread.turn FROM (SELECT job_key,"
    " :newest - count(*) OVER () + row_number() OVER (ORDER BY turn, job_key) AS turn"
    f" FROM jobs WHERE {OPEN} AND priority = :priority) AS spread"
    " WHERE jobs.job_key = spread.job_key"
)
