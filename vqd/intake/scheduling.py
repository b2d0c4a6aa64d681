"""The keys of a job file's `schedule`, and what may stand behind each."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from vqd.documents.json_schema import one_of, text_like
from vqd.documents.schema import Keys, fault, listed, shown_kind
from vqd.documents.tags import Tags
from vqd.documents.tree import Text
from vqd.domain.names import printable

_MOMENT = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?)?"
_LAST_YEAR = 9000
"""Of times after it, not every one can be told by every clock."""
_MOST_AWAITED = 100
_LONGEST_NAME = 200


def _moment(given: Any) -> float:
    """Give the UTC seconds of a time; without a zone it is by the machine's own clock."""
    text = given.strip() if isinstance(given, Text) else ""
    at = _seconds(text) if re.fullmatch(_MOMENT, text) else None
    if at is None:
        allowed = "a day and a time: 2026-12-01T22:00, with a zone 2026-12-01T22:00+01:00"
        raise fault("wrong_type", f"{shown_kind(given)} is no time.", allowed=allowed)
    return at


def _seconds(text: str) -> float | None:
    """Give the UTC seconds of a time that has the form of one; None if there is no such time."""
    day, _, hour = text.replace("T", " ", 1).partition(" ")
    try:
        moment = datetime.fromisoformat(f"{day}T{hour.replace(' ', '') or '00:00'}")
        return moment.timestamp() if moment.year <= _LAST_YEAR else None
    except (ValueError, OverflowError):
        return None


def _job_name(given: Any) -> str:
    if isinstance(given, Text) and ":" in given and re.fullmatch(_MOMENT, given.strip()):
        said = f"{given} is a time, and names of jobs are wanted here."
        raise fault("wrong_type", said, hint="Write the time behind `not_before`.")
    is_short = isinstance(given, Text) and 0 < len(given) <= _LONGEST_NAME
    if is_short and printable(given) == given:
        return unicodedata.normalize("NFC", given)
    raise fault("bad_name", f"{shown_kind(given)} names no job.", allowed="the name of a job")


def _window_name(given: Any) -> Text:
    if isinstance(given, Text) and given:
        return given
    allowed = "the name of a window of the settings"
    raise fault("wrong_type", f"{shown_kind(given)} names no window.", allowed=allowed)


_TEXT = {"type": ["string", "number", "boolean"]}
_TEXTS = one_of(_TEXT, {"type": "array", "items": _TEXT})

Moment = Annotated[
    float,
    BeforeValidator(_moment),
    WithJsonSchema(text_like(rf"^\s*{_MOMENT}\s*$", "a time: 2026-12-01T22:00")),
]
WindowName = Annotated[Any, BeforeValidator(_window_name), WithJsonSchema(_TEXT)]
JobNames = Annotated[
    tuple[Annotated[str, BeforeValidator(_job_name)], ...],
    BeforeValidator(listed),
    Field(max_length=_MOST_AWAITED),
    WithJsonSchema(_TEXTS),
]


class NeedsKeys(Keys):
    """What a server must have to be given prompts of the job."""

    tags: Tags = Field(default=(), description="Tags that the settings give a server.")
    vram_gb: float | None = Field(
        default=None, ge=0, le=10_000, description="Gigabytes of video memory."
    )


class ScheduleKeys(Keys):
    """When it runs."""

    priority: int = Field(
        default=50,
        ge=0,
        le=100,
        description="0 to 100; higher is sooner, then the older job, or each in turn with "
        "fair_share in the settings.",
    )
    suspended: bool = Field(
        default=False, description="Accept the job and wait for RESUME before it starts."
    )
    not_before: Moment | None = Field(
        default=None,
        description="Start at this time or later; without a zone, the daemon's local time.",
    )
    window: WindowName | None = Field(
        default=None, description="Start prompts only in this window of the settings."
    )
    needs: NeedsKeys = Field(
        default=NeedsKeys(), description="What a server must have to be given its prompts."
    )
    max_parallel: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="The most prompts of the job that run at once.",
    )
    after: JobNames = Field(
        default=(), description="Names of jobs, or JOBs, that must be done before this one starts."
    )
