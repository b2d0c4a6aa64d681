"""What a STATUS.yaml tells of a job, read back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter

from vqd.documents.builder import Limits
from vqd.documents.opening import opened
from vqd.documents.plain import plain
from vqd.documents.reader import decoded, parse, read
from vqd.documents.tree import Text
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.spool.status import STATUS

_LIMITS = Limits(most_bytes=8 << 20)
_LONGEST_LINE = 4096

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_Moment = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST)]
"""A time that somebody may have edited; others cannot be told in every time zone."""


@frozen
class Told:
    """A job as its STATUS.yaml tells of it."""

    job: str
    workflow: str
    state: str
    reason: str | None
    counts: Mapping[str, int]
    accepted_at: _Moment
    started_at: _Moment | None
    finished_at: _Moment | None
    problems: tuple[Problem, ...]
    drift: tuple[str, ...]


def told_in(folder: Path) -> Told:
    """Give what the STATUS.yaml in a job's folder tells.

    Raises:
        VqdError: `no_status`, there is none of vqd's.
    """
    try:
        return _told().validate_python(plain(read(folder / STATUS, _LIMITS).root))
    except (OSError, Faults, ValueError) as error:
        raise VqdError(
            "no_status",
            f"{folder}: its STATUS.yaml cannot be read, so it tells of no job.",
            "Name the folder of a job as vqd laid it out.",
        ) from error


def is_told_of_another(folder: Path) -> bool:
    """Tell by the first line of a STATUS.yaml alone, which is where vqd names the job, whether it
    tells of another job than that of its folder's name: people rename what they got."""
    try:
        with opened(folder / STATUS) as file:
            line = file.readline(_LONGEST_LINE)
        first = parse(decoded(line, STATUS), STATUS).root
    except (OSError, Faults):
        return False
    return first.get(Text("job"), folder.name) != folder.name


def seconds_of(at: datetime | None) -> float | None:
    """Give a time as UTC seconds."""
    return None if at is None else at.timestamp()


@cache
def _told() -> TypeAdapter[Told]:
    return TypeAdapter(Told)
