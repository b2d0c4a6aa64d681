"""Which prompt is next: a seek, whatever waits."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import merge

from vqd.domain.frozen import frozen
from vqd.domain.needs import Needs
from vqd.domain.queue import Prompt
from vqd.domain.requirement import NeedsClass
from vqd.store.classes import MAY_START, needs_of
from vqd.store.promptrow import prompt_of
from vqd.store.rounds import Rounds
from vqd.store.rows import Connection, Row

SHUNNED_S = 10.0
"""How long a prompt waits for another server than the one on which it failed."""

COLUMNS = "SELECT prompts.*, graphs.sha256 AS graph_sha256"

READY_JOBS = (
    "SELECT job_key, priority, turn, awaits_proof, started_at FROM jobs"
    f" WHERE {MAY_START} ORDER BY priority DESC, turn, job_key"
)

_NEXT = (
    f"{COLUMNS} FROM prompts INDEXED BY {{index}} JOIN graphs USING (graph_key)"
    " WHERE job_key = :job_key AND state = 'pending' AND requirement_key = :requirement_key"
    " AND {which} AND not_before_at <= :now"
    " AND (shuns IS NULL OR shuns <> :server OR not_before_at <= :now - :shunned_s)"
    " ORDER BY {order} LIMIT 1"
)
# The order is that of the whole index: PostgreSQL does not know that what is NULL is all the same.
_IN_ORDER = "route_key, not_before_at, number"
NEXT = _NEXT.format(index="prompts_pending", which="route_key IS NULL", order=_IN_ORDER)
NEXT_OF_PROOF = _NEXT.format(
    index="prompts_of_proof",
    which="proof = 1 AND route_key IS NULL",
    order="not_before_at, number",
)
NEXT_ROUTED = _NEXT.format(index="prompts_pending", which="route_key = :route_key", order=_IN_ORDER)

# From each route one seek leads to the next that a prompt waits for.
ROUTES = (
    "WITH RECURSIVE routes (route_key) AS (SELECT (SELECT route_key FROM prompts"
    " WHERE state = 'pending' AND route_key IS NOT NULL ORDER BY route_key LIMIT 1)"
    " UNION ALL SELECT (SELECT prompts.route_key FROM prompts"
    " WHERE state = 'pending' AND prompts.route_key > routes.route_key"
    " ORDER BY prompts.route_key LIMIT 1)"
    " FROM routes WHERE routes.route_key IS NOT NULL)"
    " SELECT needs_key, needs FROM routes JOIN needs ON needs_key = route_key"
)


@frozen
class Next:
    """The pending prompt that a server would be given next, the priority and the turn of its job,
    and the class of that. `requirement_key` tells what it requires, `starts_job` that nothing of
    its job ran yet."""

    prompt: Prompt
    priority: int
    turn: float
    requirement_key: int
    needs_class: NeedsClass
    starts_job: bool


class Claiming:
    """Finds the prompt that a server is given next."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rounds = Rounds(connection)

    def routes(self) -> list[tuple[int, Needs]]:
        """Give each route that prompts wait for, and what a server must have for it."""
        rows = self._connection.execute(ROUTES)
        return [(row["needs_key"], needs_of(row["needs"])) for row in rows]

    def next(
        self,
        server: str,
        classes: Sequence[NeedsClass],
        routes: Collection[int],
        now: float,
        *,
        is_fair: bool,
    ) -> Next | None:
        """Give the next prompt for a server of these classes and routes, or of no route; where it
        `is_fair`, jobs of one priority share the servers."""
        given = {"server": server, "now": now, "shunned_s": SHUNNED_S}
        by_share, by_turn = self._rounds.jobs, self._by_turn
        ready = by_share(server, classes, now) if is_fair else by_turn(classes, now)
        for job_row, needs_class in ready:
            row = self._next_of(job_row, needs_class.requires, routes, given)
            if row is not None:
                return Next(
                    prompt_of(row, ()),
                    job_row["priority"],
                    job_row["turn"],
                    row["requirement_key"],
                    needs_class,
                    starts_job=job_row["started_at"] is None,
                )
        return None

    def note(self, server: str, claimed: Next) -> None:
        """Note that a server was given this, so that what it is given next is another job's turn
        where they share the servers."""
        job_key = claimed.prompt.key.job_key
        self._rounds.note(server, claimed.priority, claimed.turn, job_key)

    def next_at(self, now: float) -> float | None:
        """Give the earliest time after `now` from which a prompt that waits for one may run."""
        row = self._connection.execute(
            "SELECT prompts.not_before_at AS at FROM prompts INDEXED BY prompts_delayed"
            " JOIN jobs USING (job_key) WHERE prompts.state = 'pending'"
            " AND prompts.not_before_at > 0 AND prompts.not_before_at > ?"
            " AND jobs.state IN ('queued', 'running') AND jobs.cancel_requested_at IS NULL"
            " AND jobs.hold IS NULL ORDER BY prompts.not_before_at LIMIT 1",
            (now,),
        ).fetchone()
        shunned_at = self.next_shunned_at(now)
        waits = [] if row is None else [float(row["at"])]
        return min(waits if shunned_at is None else [*waits, shunned_at], default=None)

    def next_shunned_at(self, now: float) -> float | None:
        """Give when the next prompt that waits for another server may go to any; one seek."""
        row = self._connection.execute(
            "SELECT not_before_at FROM prompts INDEXED BY prompts_shunning"
            " WHERE state = 'pending' AND shuns IS NOT NULL AND not_before_at > ?"
            " ORDER BY not_before_at LIMIT 1",
            (now - SHUNNED_S,),
        ).fetchone()
        return None if row is None else float(row["not_before_at"]) + SHUNNED_S

    def _by_turn(
        self, classes: Sequence[NeedsClass], now: float
    ) -> Iterator[tuple[Row, NeedsClass]]:
        return merge(
            *(self._ready(one, now) for one in classes),
            key=lambda found: (-found[0]["priority"], found[0]["turn"], found[0]["job_key"]),
        )

    def _ready(self, needs_class: NeedsClass, now: float) -> Iterator[tuple[Row, NeedsClass]]:
        rows = self._connection.walk(READY_JOBS, {"needs_key": needs_class.key, "now": now})
        return ((row, needs_class) for row in rows)

    def _next_of(
        self,
        job_row: Row,
        requires: Collection[int],
        routes: Collection[int],
        given: Mapping[str, object],
    ) -> Row | None:
        values = {**given, "job_key": job_row["job_key"]}
        unrouted = NEXT_OF_PROOF if job_row["awaits_proof"] else NEXT
        routed = [(NEXT_ROUTED, {**values, "route_key": route_key}) for route_key in routes]
        for query, wanted in [*routed, (unrouted, values)]:
            row = self._first(query, wanted, requires)
            if row is not None:
                return row
        return None

    def _first(
        self, query: str, values: Mapping[str, object], requires: Collection[int]
    ) -> Row | None:
        """Give the first prompt of several requirements, by one seek for each."""
        found = (
            self._connection.execute(query, {**values, "requirement_key": key}).fetchone()
            for key in requires
        )
        rows = [row for row in found if row is not None]
        return min(rows, key=lambda row: (row["not_before_at"], row["number"]), default=None)
