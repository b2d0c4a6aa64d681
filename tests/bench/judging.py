"""What figures were before, and whether one is worse now by more than it varies.

Only ratios and counts are judged: what a machine does at all, and what else it has to do, is in
both sides of the former and does not change the latter much.
"""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.figure import Figure

JUDGED = frozenset({"x", "times", "syncs"})
RUNS = 9
"""So many of the last runs are looked at."""
LEAST_RUNS = 3
LEAST_NOISE = 0.1
"""What is not told apart from chance, as a part of the median, however alike the runs were."""
_SIGMAS = 3
_OF_A_MAD = 1.4826
"""How much the standard deviation is for each median absolute deviation, of a normal spread."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a figure was in the last runs: the median, and how far from it is nothing unusual."""

    median: float
    noise: float

    def is_worse(self, figure: Figure) -> bool:
        """Tell whether a figure is worse than this, and not by chance."""
        beyond = figure.value - self.median
        return (-beyond if figure.more_is_better else beyond) > self.noise


def usual(past: Sequence[float]) -> Usual | None:
    """Give what a figure was in its last runs; None if there are too few to tell."""
    last = past[-RUNS:]
    if len(last) < LEAST_RUNS:
        return None
    median = statistics.median(last)
    mad = statistics.median(abs(value - median) for value in last)
    return Usual(median, max(_SIGMAS * _OF_A_MAD * mad, LEAST_NOISE * abs(median)))


def worse(figures: Iterable[Figure], past: Mapping[str, Sequence[float]]) -> dict[str, Usual]:
    """Give the ratios that are worse than they were, by name, with what they were."""
    known = ((figure, usual(past.get(figure.name, ()))) for figure in figures)
    return {
        figure.name: before
        for figure, before in known
        if figure.unit in JUDGED and before is not None and before.is_worse(figure)
    }


def values_of(lines: Iterable[str]) -> dict[str, list[float]]:
    """Give what each figure was, oldest first, by the lines of a history."""
    values: dict[str, list[float]] = {}
    for line in lines:
        for name, value in json.loads(line)["figures"].items():
            values.setdefault(name, []).append(value)
    return values
