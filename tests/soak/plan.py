"""The plan: which act comes when, and the chance that each has. It follows from the seed alone."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MEAN_PAUSE_S = 0.05

PEOPLE: Mapping[str, int] = {
    "begin a drop": 300,
    "go on with a drop": 600,
    "steer": 100,
    "edit a job file": 30,
    "edit an input": 30,
    "rename a drop": 20,
    "move back": 40,
    "move back edited": 30,
    "drop a sidecar": 20,
    "replace defaults": 10,
    "delete a drop": 10,
    "delete an active job": 10,
    "delete a closed job": 10,
    "put PAUSE": 10,
    "take PAUSE away": 30,
}
"""What people do, and how often beside each other."""

FAULTS: Mapping[str, int] = {
    "the daemon is killed": 3,
    "the daemon is killed at a point": 7,
    "the daemon is stopped": 3,
    "the engine is killed": 6,
    "the share is away": 1,
    "the disk is full": 1,
    "the clock is set": 2,
}
"""What befalls the daemon meanwhile."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act: after which pause, what, and the seed of its chance."""

    pause_s: float
    what: str
    seed: int


def plan(seed: int, *, minutes: float) -> list[Act]:
    """Give the acts of so many minutes."""
    chance = random.Random(seed)
    names, weights = zip(*PEOPLE.items(), *FAULTS.items(), strict=True)
    acts: list[Act] = []
    left_s = minutes * 60
    while left_s > 0:
        pause_s = chance.expovariate(1 / _MEAN_PAUSE_S)
        left_s -= pause_s
        acts.append(Act(pause_s, chance.choices(names, weights)[0], chance.getrandbits(48)))
    return acts


def digest(acts: Sequence[Act]) -> str:
    """Give what tells one plan from another."""
    return hashlib.sha256(repr(acts).encode()).hexdigest()[:12]
