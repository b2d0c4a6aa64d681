"""Which prompt is next: a seek, whatever waits."""

import sqlite3
from collections.abc import Collection, Iterable
from heapq import merge

from vqd.domain.schedule import Needs
from vqd.store.schedules import READY, needs_of

SHUNNED_S = 10.0
"""How long a prompt waits for another server than the one on which it failed."""

COLUMNS = "SELECT prompts.*, graphs.sha256 AS graph_sha256"

READY_JOBS = (
    f"SELECT job_key, priority, awaits_proof FROM jobs WHERE needs_key = ? AND {READY}"
    " AND (judge_at IS NULL OR judge_at > ?) ORDER BY priority DESC, job_key"
)

_NEXT = (
    f"{COLUMNS} FROM prompts INDEXED BY {{index}} JOIN graphs USING (graph_key)"
    " WHERE job_key = :job_key AND state = 'pending' AND {which} AND not_before_at <= :now"
    " AND (shuns IS NULL OR shuns <> :server OR not_before_at <= :now - :shunned_s)"
    " ORDER BY not_before_at, number LIMIT 1"
)
NEXT = _NEXT.format(index="prompts_pending", which="route_key IS NULL")
NEXT_OF_PROOF = _NEXT.format(index="prompts_of_proof", which="proof = 1 AND route_key IS NULL")
NEXT_ROUTED = _NEXT.format(index="prompts_routed", which="route_key = :route_key")

# From each route one seek leads to the next that a prompt waits for.
ROUTES = (
    "WITH RECURSIVE routes (route_key) AS (SELECT min(route_key) FROM prompts"
    " WHERE state = 'pending' AND route_key IS NOT NULL"
    " UNION ALL SELECT (SELECT min(prompts.route_key) FROM prompts"
    " WHERE state = 'pending' AND prompts.route_key > routes.route_key)"
    " FROM routes WHERE routes.route_key IS NOT NULL)"
    " SELECT needs_key, needs FROM routes JOIN needs ON needs_key = route_key"
)


class Claiming:
    """Finds the prompt that a server is given next."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def routes(self) -> list[tuple[int, Needs]]:
        """Give each route that prompts wait for, and what a server must have for it."""
        rows = self._connection.execute(ROUTES)
        return [(row["needs_key"], needs_of(row["needs"])) for row in rows]

    def next_shunned_at(self, now: float) -> float | None:
        """Give when the next prompt that waits for another server may go to any; one seek."""
        row = self._connection.execute(
            "SELECT not_before_at FROM prompts INDEXED BY prompts_shunning"
            " WHERE state = 'pending' AND shuns IS NOT NULL AND not_before_at > ?"
            " ORDER BY not_before_at LIMIT 1",
            (now - SHUNNED_S,),
        ).fetchone()
        return None if row is None else float(row["not_before_at"]) + SHUNNED_S

    def next(
        self, server: str, classes: Iterable[int], routes: Collection[int], now: float
    ) -> sqlite3.Row | None:
        """Give the row of the next prompt for a server, of these classes and routes, or of no
        route."""
        ready = merge(
            *(self._connection.execute(READY_JOBS, (key, now)) for key in classes),
            key=lambda row: (-row["priority"], row["job_key"]),
        )
        rows = (self._next_of(server, job_row, routes, now) for job_row in ready)
        return next((row for row in rows if row is not None), None)

    def _next_of(
        self, server: str, job_row: sqlite3.Row, routes: Collection[int], now: float
    ) -> sqlite3.Row | None:
        job_key = job_row["job_key"]
        values = {"job_key": job_key, "now": now, "server": server, "shunned_s": SHUNNED_S}
        unrouted = NEXT_OF_PROOF if job_row["awaits_proof"] else NEXT
        routed = [(NEXT_ROUTED, {**values, "route_key": route_key}) for route_key in routes]
        for query, given in [*routed, (unrouted, values)]:
            row: sqlite3.Row | None = self._connection.execute(query, given).fetchone()
            if row is not None:
                return row
        return None
