"""A surface: something of vqd that takes what others wrote."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

from tests.fuzz.mutation import LONGEST_BYTES, Mutation

Check = Callable[[bytes], object]
"""Raises if what must hold does not hold of some bytes; what vqd says of them is no exception."""

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Surface:
    """`open` makes the check in a folder of its own; `seeds` are real inputs, well-formed.

    `examples` is how many the test suite tries.
    """

    name: str
    open: Callable[[Path], AbstractContextManager[Check]]
    seeds: Callable[[], Sequence[bytes]]
    mutation: Mutation
    examples: int = 150

    @property
    def corpus(self) -> Sequence[Path]:
        """The inputs that found something."""
        return sorted((CORPUS / self.name).glob("*"))

    def mutated(self, chance: Random, data: bytes, times: int) -> bytes:
        """Change an input so many times."""
        for _ in range(times):
            data = self.mutation(chance, data)[:LONGEST_BYTES]
        return data


def surfaces_in(module: ModuleType) -> Mapping[str, Surface]:
    """Give the surfaces that a module has, by name."""
    found = (one for one in vars(module).values() if isinstance(one, Surface))
    return {one.name: one for one in found}
