"""The prompts of a planned job, made one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from vqd.domain.graph import NamedGraph, Target, Value, without
from vqd.domain.job import PlannedPrompt
from vqd.domain.workflow import FLIP, Workflow
from vqd.planning.naming import Named, Naming
from vqd.planning.points import Values
from vqd.planning.turns import Turn, Turns

Edits = dict[Target, Value]


@dataclass(frozen=True, slots=True)
class Rendering:
    """All that prompts are made of. `graph` has every value in it that does not vary: `fixed`."""

    workflow: Workflow
    graph: NamedGraph
    fixed: Values
    turns: Turns
    naming: Naming
    _graphs: dict[frozenset[str], NamedGraph] = field(default_factory=dict)

    def prompts(self) -> Iterator[PlannedPrompt]:
        """Give every prompt in order; each call begins anew."""
        values: Values = {}
        edits: Edits = {}
        for turn in self.turns:
            if turn.values is not values:
                values, edits = turn.values, self._edits(turn.values)
            yield self._prompt(turn, edits)

    def stems(self) -> Iterator[str]:
        """Give the name of every prompt in order."""
        return (self.naming(self._named(turn)) for turn in self.turns)

    def bypassed(self) -> frozenset[str]:
        """Give every node that some prompt goes without; walks through all prompts."""
        return frozenset().union(*(self._bypassed_at(turn) for turn in self.turns))

    def _prompt(self, turn: Turn, edits: Edits) -> PlannedPrompt:
        edits = {**edits, **self._edits(turn.seeds)} if turn.seeds else edits
        bypassed = self._bypassed_at(turn)
        if bypassed:
            edits = {
                target: value for target, value in edits.items() if target.node not in bypassed
            }
        return PlannedPrompt(
            number=turn.number,
            graph=self._graph_without(bypassed),
            edits=edits,
            inputs=turn.inputs,
            params={**turn.values, **turn.seeds} if turn.seeds else turn.values,
            seed=self._seed(turn),
            stem=self.naming(self._named(turn)),
            is_proof=turn.is_proof,
        )

    def _edits(self, values: Values) -> Edits:
        flipped = self.workflow.flips and bool(values.get(FLIP, self.fixed.get(FLIP, False)))
        edits: Edits = {}
        for name, value in values.items():
            edits |= self.workflow.params[name].edits(value, flipped=flipped)
        return edits

    def _bypassed_at(self, turn: Turn) -> frozenset[str]:
        nodes: list[str] = []
        for name, param in self.workflow.params.items():
            if param.when_none:
                value = turn.values[name] if name in turn.values else self.fixed[name]
                nodes += param.bypassed(value)
        for name, slot in self.workflow.inputs.items():
            if slot.when_absent and name not in turn.inputs:
                nodes += slot.when_absent
        return frozenset(nodes) if nodes else _NONE

    def _graph_without(self, nodes: frozenset[str]) -> NamedGraph:
        if not nodes:
            return self.graph
        if nodes not in self._graphs:
            wires = {node: self.workflow.wires[node] or {} for node in nodes}
            self._graphs[nodes] = NamedGraph.of(without(self.graph.nodes, wires))
        return self._graphs[nodes]

    def _named(self, turn: Turn) -> Named:
        return Named(turn.number, turn.lead, self._seed(turn), turn.values, turn.row)

    def _seed(self, turn: Turn) -> int | None:
        name = self.workflow.seed
        if name is None:
            return None
        for values in (turn.seeds, turn.values, self.fixed):
            if name in values:
                return int(values[name])
        return None


_NONE: frozenset[str] = frozenset()
