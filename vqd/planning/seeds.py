"""Seeds: chance that is the same for ever."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.param import MOST_SEED, Misfit
from vqd.planning.points import Points
from vqd.planning.values import Reading


@frozen
class SeedTurns:
    """The seeds of each point: `values`, or `count` derived from `base`.

    `params` are the seed parameters that take them: those to which the job gives nothing else.
    A point that names one of them keeps its own value.
    """

    params: tuple[str, ...]
    count: int = 1
    base: int = 0
    values: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.values) or self.count

    def seed(self, turn: int, input_name: str, point: str) -> int:
        """Give the seed of a turn (from 0) at a point, written as `written_point` does."""
        return self.values[turn] if self.values else seed_of(self.base, input_name, point, turn)


def written_point(point: Mapping[str, Value]) -> str:
    """Write a point so that the same values always give the same text."""
    return json.dumps(point, sort_keys=True, separators=(",", ":"))


def seed_of(base: int, input_name: str, point: str, turn: int) -> int:
    """Give the seed of one prompt: 0 to 2**53 - 1, the same on every machine.

    It hangs on the base, the input's name, the values that vary and the turn, and on nothing
    else: a new input or another order changes no seed of the others.
    """
    facts = f"{base}\n{turn}\n{point}\n{input_name}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(facts).digest()[:8], "big") & MOST_SEED


def read_seeds(reading: Reading, points: Points, fixed: Mapping[str, Value]) -> SeedTurns:
    """Give the seeds that the job asks for; what is wrong with them goes to `reading`."""
    params = [param for param in reading.workflow.params.values() if param.type == "seed"]
    asked = reading.spec.fan_out.seeds
    if asked is None:
        return SeedTurns(tuple(param.name for param in params if param.name not in fixed))
    if not params:
        said = f"the workflow {reading.workflow.name} has no seed."
        reading.note(asked.place, "no_seed", said, "Remove fan_out.seeds.")
    for param in params:
        if any(param.name in group.names for group in points.groups):
            said = f"{param.name} varies already."
            reading.note(
                asked.place, "duplicate_axis", said, "Give seeds, or the matrix; not both."
            )
        for value in asked.values:
            try:
                param.read(str(value))
            except Misfit as misfit:
                reading.note(asked.place, misfit.code, misfit.said, "", misfit.allowed)
    twice = next((seed for seed, times in Counter(asked.values).items() if times > 1), None)
    if twice is not None:
        said = f"the seed {twice} stands twice."
        reading.note(asked.place, "duplicate_value", said, "Keep one: it makes the same again.")
    names = tuple(param.name for param in params)
    return SeedTurns(names, asked.count, asked.base, asked.values)
