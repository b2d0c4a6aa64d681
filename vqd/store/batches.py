"""Prompts as the queue takes them, made ready before it is written to: a write holds others up."""

from collections.abc import Iterable, Mapping
from typing import Any

from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph, NamedGraph, Target, Value, edited
from vqd.domain.job import PlannedPrompt
from vqd.domain.outcome import OutputFile
from vqd.domain.requirement import Requirement, names_model, required
from vqd.store.promptrow import row_of


@frozen
class Batch:
    """Prompts of one job, as `insert` takes them but for the keys.

    `rows` has for each the places of its graph and of what it requires in `graphs` and
    `requirements`, and the rest of its row. `made` are the outputs of an earlier life of the job,
    with the numbers of their prompts, of which `kept` are made already.
    """

    graphs: tuple[NamedGraph, ...]
    requirements: tuple[Requirement, ...]
    rows: tuple[tuple[int, int, tuple[Any, ...]], ...]
    made: tuple[tuple[int, OutputFile], ...]
    kept: int

    def __len__(self) -> int:
        return len(self.rows)


class Batching:
    """Makes the batches of one job."""

    def __init__(self) -> None:
        self._models_of: dict[str, frozenset[Target]] = {}

    def batch(self, prompts: Iterable[PlannedPrompt]) -> Batch:
        """Give some prompts as one batch; most prompts of a job require the same."""
        graphs: dict[str, NamedGraph] = {}
        graph_at: dict[str, int] = {}
        requirements: list[Requirement] = []
        required_at: dict[tuple[str, frozenset[tuple[Target, Value]]], int] = {}
        rows: list[tuple[int, int, tuple[Any, ...]]] = []
        made: list[tuple[int, OutputFile]] = []
        kept = 0
        for prompt in prompts:
            sha256, named = prompt.graph.sha256, self._models_named(prompt)
            if sha256 not in graphs:
                graphs[sha256], graph_at[sha256] = prompt.graph, len(graph_at)
            asked = sha256, frozenset(named.items())
            if asked not in required_at:
                required_at[asked] = len(requirements)
                requirements.append(required(edited(prompt.graph.nodes, named)))
            rows.append((graph_at[sha256], required_at[asked], row_of(prompt)))
            if prompt.made is not None:
                kept += 1
                made += ((prompt.number, output) for output in prompt.made.outputs)
        return Batch(tuple(graphs.values()), tuple(requirements), tuple(rows), tuple(made), kept)

    def _models_named(self, prompt: PlannedPrompt) -> Mapping[Target, Value]:
        """Give those edits of a prompt that say which models it needs."""
        graph = prompt.graph
        models = self._models_of.get(graph.sha256)
        if models is None:
            models = self._models_of[graph.sha256] = _models_of(graph.nodes)
        return {
            target: value
            for target, value in prompt.edits.items()
            if (target in models or names_model(value)) and target.node in graph.nodes
        }


def _models_of(graph: Graph) -> frozenset[Target]:
    return frozenset(
        Target(key, name)
        for key, node in graph.items()
        for name, value in node.get("inputs", {}).items()
        if names_model(value)
    )
