"""Everything odd that lands in an inbox: how each is made, and what becomes of it.

Each has a name of its own, by which docs/drops.md tells of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Make = Callable[[Path, Path], None]
"""Makes a drop at a path. The second path is a folder elsewhere that nobody may open, with a
picture `secret.png` and a job file `secret.yaml` in it."""


@dataclass(frozen=True)
class Case:
    """A drop of the name `drop`, and where it ends: `done`, `failed` or, not taken, `inbox`.

    `said` is a code of STATUS.yaml, or words of WHY.txt or WAITING.txt; `succeeded` counts prompts.
    """

    drop: str
    make: Make
    place: str
    said: str = ""
    succeeded: int = 0


def done(drop: str, make: Make, prompts: int = 2) -> Case:
    """Give a case of a job that is done with all its prompts."""
    return Case(drop, make, "done", succeeded=prompts)


def failed(drop: str, make: Make, said: str, succeeded: int = 0) -> Case:
    """Give a case of a job that fails, in part if some of it succeeds."""
    return Case(drop, make, "failed", said, succeeded)


def waits(drop: str, make: Make, said: str) -> Case:
    """Give a case of what is not taken."""
    return Case(drop, make, "inbox", said)
