"""The classes of jobs: what they need of a server, and what those of their prompts require that
wait. The index of what may start is ordered by them."""

from collections.abc import Collection
from dataclasses import asdict

import orjson

from vqd.domain.needs import Needs
from vqd.domain.requirement import NeedsClass
from vqd.store.homes import OWN, REACHED
from vqd.store.requirements import RequirementRows
from vqd.store.rows import Connection

AT_ONCE = 0.0
"""The `judge_at` of a job that is to be judged before anything of it starts."""


class ClassRows:
    """Classes: each kept once, and the jobs that are in them."""

    def __init__(self, connection: Connection, requirements: RequirementRows) -> None:
        self._connection = connection
        self._requirements = requirements

    def ready(self) -> list[NeedsClass]:
        """Give each class of which a job may start that is in reach. Cost: a seek for each."""
        return self._ready(READY_CLASSES)

    def ready_at_home(self) -> list[NeedsClass]:
        """Give each class of which a job of this daemon's home may start; a seek for each."""
        return self._ready(READY_AT_HOME)

    def _ready(self, query: str) -> list[NeedsClass]:
        rows = self._connection.execute(query)
        return [_class_of(row["needs_key"], row["needs"]) for row in rows]

    def classify(self, job_key: int) -> None:
        """Put a job into the class of what its prompts require that wait and may start.

        One that is held is judged again if that is another class; one of which nothing waits
        stays where it is.
        """
        row = self._connection.execute(
            "SELECT needs_key, needs, awaits_proof FROM jobs JOIN needs USING (needs_key)"
            " WHERE job_key = ?",
            (job_key,),
        ).fetchone()
        was = _class_of(row["needs_key"], row["needs"])
        waiting = self._requirements.waiting(job_key, of_proof=bool(row["awaits_proof"]))
        if waiting and waiting != was.requires:
            self._connection.execute(
                "UPDATE jobs SET needs_key = ?, judge_at = CASE WHEN hold IS NULL THEN judge_at"
                " ELSE ? END WHERE job_key = ?",
                (self.key(was.needs, waiting), AT_ONCE, job_key),
            )

    def judge(self, needs_key: int) -> None:
        """Let the jobs of a class that may start be judged at once."""
        self._connection.execute(JUDGE_CLASS, {"at_once": AT_ONCE, "needs_key": needs_key})

    def key(self, needs: Needs, requires: Collection[int] = ()) -> int:
        """Give the key of the class of these needs and requirements."""
        text = orjson.dumps({**asdict(needs), "requires": [*requires]}).decode()
        self._connection.execute(
            "INSERT INTO needs (needs) VALUES (?) ON CONFLICT DO NOTHING", (text,)
        )
        row = self._connection.execute(
            "SELECT needs_key FROM needs WHERE needs = ?", (text,)
        ).fetchone()
        return int(row["needs_key"])


READY = (
    "state IN ('queued', 'running') AND pending > 0 AND cancel_requested_at IS NULL"
    " AND hold IS NULL AND running < max_parallel"
)
"""A job that may start: the condition of the index jobs_ready, word for word."""

MAY_START = f"needs_key = :needs_key AND {READY}{REACHED} AND (judge_at IS NULL OR judge_at > :now)"
"""A job of a class that may start, is in reach and need not be judged before."""

JUDGE_CLASS = (
    "UPDATE jobs INDEXED BY jobs_ready SET judge_at = :at_once"
    f" WHERE needs_key = :needs_key AND {READY} AND (judge_at IS NULL OR judge_at > :at_once)"
    f"{OWN}"
)


def _ready_classes(homes: str) -> str:
    """Give the query of the classes of which a job may start; from each, one seek leads to the
    next."""
    return (
        "WITH RECURSIVE classes (needs_key) AS (SELECT (SELECT needs_key FROM jobs INDEXED BY"
        f" jobs_ready WHERE needs_key > 0 AND {READY}{homes} ORDER BY needs_key LIMIT 1)"
        " UNION ALL SELECT (SELECT jobs.needs_key FROM jobs INDEXED BY jobs_ready"
        f" WHERE jobs.needs_key > classes.needs_key AND {READY}{homes}"
        " ORDER BY jobs.needs_key LIMIT 1)"
        " FROM classes WHERE classes.needs_key IS NOT NULL)"
        " SELECT needs_key, needs FROM classes JOIN needs USING (needs_key)"
    )


READY_CLASSES = _ready_classes(REACHED)
READY_AT_HOME = _ready_classes(OWN)


def needs_of(text: str) -> Needs:
    """Give needs as they are kept."""
    told = orjson.loads(text)
    return Needs(tuple(told["tags"]), told["vram_gb"])


def requires_of(text: str) -> tuple[int, ...]:
    """Give the keys of the requirements that are kept with needs."""
    return tuple(orjson.loads(text)["requires"])


def _class_of(needs_key: int, text: str) -> NeedsClass:
    requires = requires_of(text)
    return NeedsClass(needs_key, needs_of(text), requires, is_mixed=len(requires) > 1)
