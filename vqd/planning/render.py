"""The prompts of a planned job, made one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from vqd.domain.graph import NamedGraph, Target, Value, without
from vqd.domain.job import PlannedPrompt
from vqd.domain.param import Param
from vqd.domain.workflow import FLIP, InputSlot, Workflow
from vqd.planning.naming import Named, Naming
from vqd.planning.points import Values
from vqd.planning.turns import Turn, Turns

Edits = dict[Target, Value]


@dataclass(frozen=True)
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
        return (self._stem(turn, self._seed(turn)) for turn in self.turns)

    def bypassed(self) -> frozenset[str]:
        """Give every node that some prompt goes without; walks through all prompts."""
        return frozenset().union(*(self._bypassed_at(turn) for turn in self.turns))

    def _prompt(self, turn: Turn, edits: Edits) -> PlannedPrompt:
        edits = {**edits, **self._edits(turn.seeds)} if turn.seeds else edits
        seed = self._seed(turn)
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
            seed=seed,
            stem=self._stem(turn, seed),
            is_proof=turn.is_proof,
        )

    @cached_property
    def _seed_name(self) -> str | None:
        return self.workflow.seed

    @cached_property
    def _models(self) -> tuple[Param, ...]:
        """Give the models whose nodes are bypassed where they are none."""
        return tuple(one for one in self.workflow.params.values() if one.when_none)

    @cached_property
    def _absent_slots(self) -> tuple[InputSlot, ...]:
        """Give the slots whose nodes are bypassed where they have no file."""
        return tuple(one for one in self.workflow.inputs.values() if one.when_absent)

    @cached_property
    def _flips(self) -> bool:
        return self.workflow.flips

    def _edits(self, values: Values) -> Edits:
        flipped = self._flips and bool(values.get(FLIP, self.fixed.get(FLIP, False)))
        edits: Edits = {}
        for name, value in values.items():
            edits |= self.workflow.params[name].edits(value, flipped=flipped)
        return edits

    def _bypassed_at(self, turn: Turn) -> frozenset[str]:
        nodes: list[str] = []
        for param in self._models:
            name = param.name
            value = turn.values[name] if name in turn.values else self.fixed[name]
            nodes += param.bypassed(value)
        for slot in self._absent_slots:
            if slot.name not in turn.inputs:
                nodes += slot.when_absent
        return frozenset(nodes) if nodes else _NONE

    def _graph_without(self, nodes: frozenset[str]) -> NamedGraph:
        if not nodes:
            return self.graph
        if nodes not in self._graphs:
            wires = {node: self.workflow.wires[node] or {} for node in nodes}
            self._graphs[nodes] = NamedGraph.of(without(self.graph.nodes, wires))
        return self._graphs[nodes]

    def _stem(self, turn: Turn, seed: int | None) -> str:
        return self.naming(Named(turn.number, turn.lead, seed, turn.values, turn.row))

    def _seed(self, turn: Turn) -> int | None:
        name = self._seed_name
        if name is None:
            return None
        for values in (turn.seeds, turn.values, self.fixed):
            if name in values:
                return int(values[name])
        return None


_NONE: frozenset[str] = frozenset()
