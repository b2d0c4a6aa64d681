"""In which order jobs of one priority are given prompts, where they share the servers.

The free place of a server is for a job of which fewest prompts run. Among those of which none does,
and there may be more of them than places, each server goes round: on from the job that it was given
a prompt of last, in the order of their turns. So none of them waits longer than one round, however
many prompts the others have.

What it cannot know: how far each server had come before the daemon was started. It begins anew.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain
from math import inf

from vqd.domain.requirement import NeedsClass
from vqd.store.classes import MAY_START
from vqd.store.rows import Connection, Row

_FROM = f"FROM jobs INDEXED BY jobs_ready WHERE {MAY_START}"
HIGHEST = f"SELECT priority {_FROM} AND priority < :below ORDER BY priority DESC LIMIT 1"
_ROUND = (
    f"SELECT job_key, priority, turn, running, awaits_proof, started_at {_FROM}"
    " AND priority = :priority AND (turn, job_key) {side} (:turn, :job_key) ORDER BY turn, job_key"
)
AFTER = _ROUND.format(side=">")
UP_TO = _ROUND.format(side="<=")

_ABOVE_ALL = 101
"""Higher than any priority."""
_AT_THE_BEGINNING = (-inf, 0)


class Rounds:
    """How far each server has come with the jobs of each priority."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._given: dict[tuple[str, int], tuple[float, int]] = {}

    def note(self, server: str, priority: int, turn: float, job_key: int) -> None:
        """Let a server go on after this job, which it was given a prompt of."""
        self._given[server, priority] = turn, job_key

    def jobs(
        self, server: str, classes: Sequence[NeedsClass], now: float
    ) -> Iterator[tuple[Row, NeedsClass]]:
        """Give the jobs of these classes that may start, those first whose prompts a server is to
        be given.

        Cost until the first of which nothing runs: a row for each of which something does, and
        three seeks a class.
        """
        below = _ABOVE_ALL
        while (priority := self._highest(classes, below, now)) is not None:
            busy = []
            for job_row, needs_class in self._round(server, classes, priority, now):
                if job_row["running"]:
                    busy.append((job_row, needs_class))
                else:
                    yield job_row, needs_class
            yield from sorted(busy, key=lambda found: int(found[0]["running"]))
            below = priority

    def _highest(self, classes: Sequence[NeedsClass], below: int, now: float) -> int | None:
        given = {"now": now, "below": below}
        asked = [
            self._connection.execute(HIGHEST, {**given, "needs_key": one.key}) for one in classes
        ]
        found = [one.fetchone() for one in asked]
        return max((row["priority"] for row in found if row is not None), default=None)

    def _round(
        self, server: str, classes: Sequence[NeedsClass], priority: int, now: float
    ) -> Iterator[tuple[Row, NeedsClass]]:
        """Give the jobs of a priority, on from the one that a server was given a prompt of last."""
        turn, job_key = self._given.get((server, priority), _AT_THE_BEGINNING)
        given = {"priority": priority, "turn": turn, "job_key": job_key, "now": now}
        return chain.from_iterable(
            merge(*(self._walk(query, one, given) for one in classes), key=_by_turn)
            for query in (AFTER, UP_TO)
        )

    def _walk(
        self, query: str, needs_class: NeedsClass, given: dict[str, float]
    ) -> Iterator[tuple[Row, NeedsClass]]:
        rows = self._connection.walk(query, {**given, "needs_key": needs_class.key})
        return ((row, needs_class) for row in rows)


def _by_turn(found: tuple[Row, NeedsClass]) -> tuple[float, int]:
    return found[0]["turn"], found[0]["job_key"]
