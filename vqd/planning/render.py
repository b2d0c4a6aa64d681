"""The prompts of a planned job, made one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vqd.domain.graph import NamedGraph, Target, Value
from vqd.domain.job import PlannedPrompt
from vqd.domain.workflow import Workflow
from vqd.planning.naming import Named, Naming
from vqd.planning.points import Points, Values
from vqd.planning.seeds import SeedTurns, written_point
from vqd.planning.shots import Shot


@dataclass(frozen=True, slots=True)
class Rendering:
    """All that prompts are made of. `graph` has every value in it that does not vary.

    `fixed` are those values; `resting` those of parameters that vary, for the points that do not
    name them.
    """

    workflow: Workflow
    graph: NamedGraph
    fixed: Values
    points: Points
    shots: tuple[Shot, ...]
    seeds: SeedTurns
    resting: Values
    naming: Naming

    def prompts(self) -> Iterator[PlannedPrompt]:
        """Give every prompt in order; each call begins anew."""
        number = 0
        for given in self.points:
            point = {**self.resting, **given}
            edits = self._edits(point)
            open_seeds = [name for name in self.seeds.params if name not in point]
            text = written_point(point)
            for shot in self.shots:
                for turn in range(len(self.seeds)):
                    number += 1
                    if not open_seeds:
                        yield self._prompt(number, shot, point, edits)
                        continue
                    seed = self.seeds.seed(turn, shot.lead.name if shot.lead else "", text)
                    seeds = dict.fromkeys(open_seeds, seed)
                    yield self._prompt(
                        number, shot, {**point, **seeds}, {**edits, **self._edits(seeds)}
                    )

    def _edits(self, values: Values) -> dict[Target, Value]:
        params = self.workflow.params
        edits: dict[Target, Value] = {}
        for name, value in values.items():
            edits |= params[name].edits(value)
        return edits

    def _prompt(
        self, number: int, shot: Shot, values: Values, edits: Mapping[Target, Value]
    ) -> PlannedPrompt:
        seed = self._seed(values)
        return PlannedPrompt(
            number=number,
            graph=self.graph,
            edits=edits,
            inputs=shot.inputs,
            params=values,
            seed=seed,
            stem=self.naming(Named(number, shot.lead, seed, values)),
        )

    def _seed(self, values: Values) -> int | None:
        for param in self.workflow.params.values():
            if param.type == "seed":
                return int(values[param.name] if param.name in values else self.fixed[param.name])
        return None
