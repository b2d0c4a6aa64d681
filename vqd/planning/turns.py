"""Every prompt of a job before it is made: which inputs, which values, which seed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from vqd.domain.graph import Value
from vqd.domain.workflow import FLIP, Workflow
from vqd.planning.points import Firsts, Point, Points, Values
from vqd.planning.seeds import SeedTurns, written_point
from vqd.planning.shots import Shot, lead_path, overridden
from vqd.planning.sizes import Sizes


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a job, in the order of its prompts: points, then inputs, then seeds.

    `resting` are the values of parameters that vary, for the points that do not name them. The
    proof is made of the first `proof_inputs` inputs: each once at every point, by the first seed.
    """

    workflow: Workflow
    points: Points
    shots: tuple[Shot, ...]
    seeds: SeedTurns
    resting: Values
    sizes: Sizes
    proof_inputs: int | None = None

    def __iter__(self) -> Iterator[Turn]:
        """Give every turn in order; each call begins anew."""
        number = 0
        proof = _ProofInputs(self.proof_inputs or 0, self._proof_slots)
        for point, shot in self._pairs():
            values, inputs, lead = self._of(point, shot)
            is_proof = proof.takes(inputs)
            for seeds in self._seeds_at(point, values, lead):
                number += 1
                yield Turn(number, inputs, values, seeds, lead, point.row, is_proof)
                is_proof = False

    @property
    def slots(self) -> frozenset[str]:
        """Give the slots that some turn has a file for."""
        valued = self.points.names() | overridden(self.shots) | self.resting.keys()
        return frozenset(self.shots[0].inputs) | (valued & self.workflow.inputs.keys())

    @property
    def at_most(self) -> int:
        """Count the turns, those of excluded points too."""
        return self.points.at_most * len(self.shots) * len(self.seeds)

    def count(self) -> int:
        """Count the turns; walks through the points only where they do not all give as many."""
        names = self.points.names() | overridden(self.shots)
        all_alike = not any(map(self._covered, self.shots))
        if all_alike and names.isdisjoint(self.seeds.params):
            return self.points.count() * len(self.shots) * len(self.seeds)
        return sum(self._turns_at(point, shot) for point, shot in self._pairs())

    @property
    def _proof_slots(self) -> tuple[str, ...]:
        """Give the slots by which the job's inputs are told apart: those that fan out, if any."""
        used = [slot for slot in self.workflow.inputs.values() if slot.name in self.slots]
        fanned = [slot for slot in used if slot.fan_out]
        return tuple(slot.name for slot in fanned or used)

    def _pairs(self) -> Iterator[tuple[Point, Shot]]:
        covered = [self._covered(shot) for shot in self.shots]
        firsts = {names: Firsts(names) for names in {*covered}}
        for point in self.points:
            taking = {names: first.takes(point) for names, first in firsts.items()}
            for shot, names in zip(self.shots, covered, strict=True):
                if taking[names]:
                    yield point, shot

    def _covered(self, shot: Shot) -> frozenset[str]:
        return self.points.names().intersection(shot.values) if shot.values else _NO_NAMES

    def _turns_at(self, point: Point, shot: Shot) -> int:
        given = point.values.keys() | shot.values.keys()
        return len(self.seeds) if self.seeds.params and not {*self.seeds.params} <= given else 1

    def _of(
        self, point: Point, shot: Shot
    ) -> tuple[Values, Mapping[str, str], PurePosixPath | None]:
        values = {**self.resting, **point.values, **shot.values}
        slots = [name for name in values if name in self.workflow.inputs]
        inputs, lead = shot.inputs, shot.lead
        if slots:
            inputs = {**inputs, **{name: str(values.pop(name)) for name in slots}}
            lead = lead_path(inputs[self._lead_slot(inputs)])
        flipped = bool(values.get(FLIP))
        return self.sizes.resolved(values, shot.sides, flipped=flipped), inputs, lead

    def _lead_slot(self, inputs: Mapping[str, str]) -> str:
        slots = [slot for slot in self.workflow.inputs.values() if slot.name in inputs]
        return next((slot for slot in slots if slot.fan_out), slots[0]).name

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


_NO_NAMES: frozenset[str] = frozenset()
