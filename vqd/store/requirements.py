"""What prompts require of servers, each requirement once."""

from collections.abc import Iterable

import orjson

from vqd.domain.requirement import Model, Requirement
from vqd.store.rows import Connection

MOST_OF_A_JOB = 64
"""So many requirements of one job are told apart, each a seek of a claim. What its further prompts
require is found out by sending them."""
NOT_LOOKED_AT = 1
"""The requirement of nothing."""

# From each requirement one seek leads to the next of which a prompt of the job waits.
_WAITING = (
    "WITH RECURSIVE waiting (requirement_key) AS ("
    "SELECT (SELECT requirement_key FROM prompts INDEXED BY {index}"
    " WHERE job_key = :job_key AND {which} ORDER BY requirement_key LIMIT 1) UNION ALL"
    " SELECT (SELECT prompts.requirement_key FROM prompts INDEXED BY {index}"
    " WHERE job_key = :job_key AND {which}"
    " AND prompts.requirement_key > waiting.requirement_key"
    " ORDER BY prompts.requirement_key LIMIT 1)"
    " FROM waiting WHERE waiting.requirement_key IS NOT NULL)"
    " SELECT requirement_key FROM waiting WHERE requirement_key IS NOT NULL"
)
WAITING = _WAITING.format(index="prompts_pending", which="state = 'pending'")
WAITING_OF_PROOF = _WAITING.format(
    index="prompts_of_proof", which="state = 'pending' AND proof = 1"
)


class RequirementRows:
    """Requirements: written with the prompts that have them, read by their key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, requirement_key: int) -> Requirement:
        """Give a requirement.

        Raises:
            KeyError: there is none of this key.
        """
        row = self._connection.execute(
            "SELECT requirement FROM requirements WHERE requirement_key = ?", (requirement_key,)
        ).fetchone()
        if row is None:
            raise KeyError(requirement_key)
        told = orjson.loads(row["requirement"])
        models = tuple(Model(**model) for model in told["models"])
        return Requirement(tuple(told["node_classes"]), models)

    def key(self, requirement: Requirement) -> int:
        """Give the key under which a requirement is kept."""
        text = orjson.dumps(requirement).decode()
        self._connection.execute(
            "INSERT INTO requirements (requirement) VALUES (?) ON CONFLICT DO NOTHING", (text,)
        )
        row = self._connection.execute(
            "SELECT requirement_key FROM requirements WHERE requirement = ?", (text,)
        ).fetchone()
        return int(row["requirement_key"])

    def keys(self, job_key: int, requirements: Iterable[Requirement]) -> list[int]:
        """Give the key of each requirement, for new prompts of a job that have it. Where those of
        a job would be too many, it is NOT_LOOKED_AT."""
        told_apart = set(self.waiting(job_key))
        keys = []
        for requirement in requirements:
            key = self.key(requirement)
            if len(told_apart | {key}) > MOST_OF_A_JOB:
                key = NOT_LOOKED_AT
            else:
                told_apart.add(key)
            keys.append(key)
        return keys

    def waiting(self, job_key: int, *, of_proof: bool = False) -> tuple[int, ...]:
        """Give the requirements of which prompts of a job, or of its proof, wait. Cost: a seek for
        each."""
        query = WAITING_OF_PROOF if of_proof else WAITING
        rows = self._connection.execute(query, {"job_key": job_key})
        return tuple(row["requirement_key"] for row in rows)
