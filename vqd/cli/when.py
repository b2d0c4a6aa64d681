"""Times as a person reads them: how long ago, and how soon."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from vqd.domain.times import duration, written

if TYPE_CHECKING:
    from vqd.service.shapes.jobs import FinishShape

_DAY_S = 86_400
_IN_DAYS = 2
"""From so many days on hours tell a person less."""


def ago(at: float, now: float) -> str:
    """Give how long ago a time was: `12 min ago`; both in UTC seconds."""
    passed_s = max(0.0, round(now - at))
    days = passed_s / _DAY_S
    return f"{days:.0f} days ago" if days >= _IN_DAYS else f"{duration(passed_s)} ago"


def seconds_of(at: str) -> float:
    """Give a time in ISO 8601 as UTC seconds."""
    return datetime.fromisoformat(at).timestamp()


def in_words(finish: FinishShape, now: float) -> str:
    """Give when a job will be done: `in about 5 min, at 22:40 (22:37 to 22:45)`."""
    left = duration(round(seconds_of(finish.expected) - now))
    early, expected, late = (
        written(seconds_of(at), None, now) for at in (finish.early, finish.expected, finish.late)
    )
    span = f" ({early} to {late})" if early != late else ""
    return f"in about {left}, at {expected}{span}"
