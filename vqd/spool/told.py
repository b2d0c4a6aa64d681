"""What a STATUS.yaml tells of a job, read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from pydantic import AwareDatetime, TypeAdapter

from vqd.documents.opening import opened
from vqd.domain.errors import Problem, VqdError
from vqd.spool.status import STATUS

_MOST_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """A job as its STATUS.yaml tells of it."""

    job: str
    workflow: str
    state: str
    reason: str | None
    counts: Mapping[str, int]
    accepted_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    problems: tuple[Problem, ...]
    drift: tuple[str, ...]


def told_in(folder: Path) -> Told:
    """Give what the STATUS.yaml in a job's folder tells.

    Raises:
        VqdError: `no_status`, there is none of vqd's.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with opened(folder / STATUS) as file:
            said = yaml.load(file.read(_MOST_BYTES), loader)
        return _told().validate_python(said)
    except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise VqdError(
            "no_status",
            f"{folder}: its STATUS.yaml cannot be read, so it tells of no job.",
            "Name the folder of a job as vqd laid it out.",
        ) from error


def seconds_of(at: datetime | None) -> float | None:
    """Give a time as UTC seconds."""
    return None if at is None else at.timestamp()


@cache
def _told() -> TypeAdapter[Told]:
    return TypeAdapter(Told)
