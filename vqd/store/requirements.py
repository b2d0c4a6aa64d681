"""What prompts require of servers, each requirement once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from vqd.domain.graph import Graph, Target, Value, edited
from vqd.domain.requirement import Model, Requirement, names_model, required
from vqd.store.rows import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vqd.domain.job import PlannedPrompt

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

    def waiting(self, job_key: int, *, of_proof: bool = False) -> tuple[int, ...]:
        """Give the requirements of which prompts of a job, or of its proof, wait. Cost: a seek for
        each."""
        query = WAITING_OF_PROOF if of_proof else WAITING
        rows = self._connection.execute(query, {"job_key": job_key})
        return tuple(row["requirement_key"] for row in rows)


class Requiring:
    """Finds the requirements of prompts that are added to one job in one transaction."""

    def __init__(self, rows: RequirementRows, job_key: int) -> None:
        self._rows = rows
        self._told_apart = set(rows.waiting(job_key))
        self._models_of: dict[str, frozenset[Target]] = {}
        self._keys: dict[tuple[str, frozenset[tuple[Target, Value]]], int] = {}

    def key_of(self, prompt: PlannedPrompt) -> int:
        """Give the key of what a prompt requires; most prompts of a job require the same."""
        graph = prompt.graph
        if graph.sha256 not in self._models_of:
            self._models_of[graph.sha256] = _models_of(graph.nodes)
        models = self._models_of[graph.sha256]
        edits = {
            target: value
            for target, value in prompt.edits.items()
            if (target in models or names_model(value)) and target.node in graph.nodes
        }
        asked = (graph.sha256, frozenset(edits.items()))
        if asked not in self._keys:
            self._keys[asked] = self._told_apart_key(graph.nodes, edits)
        return self._keys[asked]

    def _told_apart_key(self, graph: Graph, edits: Mapping[Target, Value]) -> int:
        key = self._rows.key(required(edited(graph, edits)))
        if len(self._told_apart | {key}) > MOST_OF_A_JOB:
            return NOT_LOOKED_AT
        self._told_apart.add(key)
        return key


def _models_of(graph: Graph) -> frozenset[Target]:
    return frozenset(
        Target(key, name)
        for key, node in graph.items()
        for name, value in node.get("inputs", {}).items()
        if names_model(value)
    )
