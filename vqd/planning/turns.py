"""Every prompt of a job before it is made: which inputs, which values, which seed."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from vqd.domain.breaks import with_breaks
from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.param import NONE
from vqd.domain.workflow import FLIP, Workflow
from vqd.planning.points import Firsts, Point, Points, Values
from vqd.planning.seeds import SeedTurns, written_point
from vqd.planning.shots import Shot, Shots, lead_path
from vqd.planning.sizes import Sizes


@frozen
class Turn:
    """One prompt. `values` are those that vary, but for `seeds`; `lead` names its output.

    `is_proof` tells that it is one of the job's proof. Turns that differ in seed alone share
    `values`, as one object.
    """

    number: int
    inputs: Mapping[str, str]
    values: Values
    seeds: Mapping[str, int]
    lead: PurePosixPath | None
    row: int | None
    is_proof: bool = False


@frozen
class Turns:
    """The turns of a job, in the order of its prompts: points, then inputs, then seeds.

    `resting` are the values of parameters that vary, for the points that do not name them. The
    proof is made of the first `proof_inputs` inputs: each once at every point, by the first seed.
    """

    workflow: Workflow
    points: Points
    shots: Shots
    seeds: SeedTurns
    resting: Values
    sizes: Sizes
    proof_inputs: int | None = None

    def __iter__(self) -> Iterator[Turn]:
        """Give every turn in order; each call begins anew."""
        return with_breaks(self._all())

    def _all(self) -> Iterator[Turn]:
        number = 0
        proof = _ProofInputs(self.proof_inputs or 0, self._proof_slots)
        for point, shot in self._pairs():
            values = self._values(point, shot)
            is_proof = proof.takes(shot.inputs)
            for seeds in self._seeds_at(point, values, shot.lead):
                number += 1
                yield Turn(number, shot.inputs, values, seeds, shot.lead, point.row, is_proof)
                is_proof = False

    @property
    def slots(self) -> frozenset[str]:
        """Give the slots that some turn has a file for."""
        return frozenset((*self.shots.all[0].inputs, *self._valued))

    @property
    def at_most(self) -> int:
        """Count the turns, those of excluded points too."""
        return self.points.at_most * len(self.shots.all) * len(self.seeds)

    def count(self) -> int:
        """Count the turns; walks through the points only where they do not all give as many."""
        names = self.points.names() | self.shots.overridden
        all_alike = not self._valued and self.points.names().isdisjoint(self.shots.overridden)
        if all_alike and names.isdisjoint(self.seeds.params):
            return self.points.count() * len(self.shots.all) * len(self.seeds)
        return sum(self._turns_at(point, shot) for point, shot in with_breaks(self._pairs()))

    @property
    def _proof_slots(self) -> tuple[str, ...]:
        """Give the slots by which the job's inputs are told apart: those that fan out, if any."""
        used = [slot for slot in self.workflow.inputs.values() if slot.name in self.slots]
        fanned = [slot for slot in used if slot.fan_out]
        return tuple(slot.name for slot in fanned or used)

    def _pairs(self) -> Iterator[tuple[Point, Shot]]:
        varied, valued = self.points.names(), self._valued
        firsts: dict[frozenset[str], Firsts] = {}
        for point in self.points:
            taking: dict[frozenset[str], bool] = {}
            for shot in self._shots_at(point, valued) if valued else self.shots.all:
                names = varied.intersection(shot.values)
                if names and names not in taking:
                    taking[names] = firsts.setdefault(names, Firsts(names)).takes(point)
                if not names or taking[names]:
                    yield point, shot

    @property
    def _valued(self) -> tuple[str, ...]:
        """Give the slots that some value names a file for, in the workflow's order."""
        names = self.points.names() | self.shots.overridden | self.resting.keys()
        return tuple(name for name in self.workflow.inputs if name in names)

    def _shots_at(self, point: Point, valued: tuple[str, ...]) -> Iterable[Shot]:
        """Give the shots with the files that values name; those that become alike only once."""
        alike: dict[tuple[tuple[str, str], ...], Shot] = {}
        for one in self.shots.all:
            shot = self._with_named(point, one, valued)
            alike.setdefault(tuple(shot.inputs.items()), shot)
        return alike.values()

    def _with_named(self, point: Point, shot: Shot, valued: tuple[str, ...]) -> Shot:
        """Give a shot with the files that values name. One that leads speaks for the prompt."""
        own, values = shot, shot.values
        named = self._named(point, values, valued)
        leading = self._lead_slot(_present({**shot.inputs, **named}))
        if leading in named:
            path = named[leading]
            own = self.shots.named.get(path) or Shot({}, lead_path(path))
            values = {**values, **own.values} if leading in values else own.values
            named = {**self._named(point, values, valued), leading: path}
        inputs = _present({**shot.inputs, **named})
        return Shot(inputs, own.lead if inputs else None, values, own.sides)

    def _named(self, point: Point, own: Values, valued: tuple[str, ...]) -> dict[str, str]:
        """Give the file, or none, that values name for each slot."""
        ways = (own, point.values, self.resting)
        found = {name: next((way[name] for way in ways if name in way), None) for name in valued}
        return {name: str(path) for name, path in found.items() if path is not None}

    def _turns_at(self, point: Point, shot: Shot) -> int:
        given = point.values.keys() | shot.values.keys()
        return len(self.seeds) if self.seeds.params and not {*self.seeds.params} <= given else 1

    def _values(self, point: Point, shot: Shot) -> Values:
        values = {**self.resting, **point.values, **shot.values}
        for name in self.workflow.inputs:
            values.pop(name, None)
        flipped = self.workflow.flips and bool(values.get(FLIP))
        return self.sizes.resolved(values, shot.sides, flipped=flipped)

    def _lead_slot(self, inputs: Mapping[str, str]) -> str | None:
        slots = [slot for slot in self.workflow.inputs.values() if slot.name in inputs]
        leading = [slot for slot in slots if slot.fan_out] or slots
        return leading[0].name if leading else None

    def _seeds_at(
        self, point: Point, values: Values, lead: PurePosixPath | None
    ) -> Iterator[Mapping[str, int]]:
        names = [name for name in self.seeds.params if name not in values]
        if not names:
            yield {}
            return
        text = written_point(self._named_by(point))
        for turn in range(len(self.seeds)):
            yield dict.fromkeys(names, self.seeds.seed(turn, lead.name if lead else "", text))

    def _named_by(self, point: Point) -> dict[str, Value]:
        """Give the point alone: what inputs have beside them must change no other input's seed."""
        resting = {name: self.resting[name] for name in self.points.names() & self.resting.keys()}
        return {**resting, **point.values}


class _ProofInputs:
    """Takes the turns of the first `most` inputs that differ in `slots`, whatever their point."""

    def __init__(self, most: int, slots: tuple[str, ...]) -> None:
        self._most = most
        self._slots = slots
        self._taken: set[tuple[str | None, ...]] = set()

    def takes(self, inputs: Mapping[str, str]) -> bool:
        if not self._most:
            return False
        files = tuple(inputs.get(slot) for slot in self._slots)
        if len(self._taken) < self._most:
            self._taken.add(files)
        return files in self._taken


def _present(inputs: Mapping[str, str]) -> dict[str, str]:
    return {slot: path for slot, path in inputs.items() if path != NONE}
