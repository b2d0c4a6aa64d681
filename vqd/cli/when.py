"""Times as a person reads them: by the clock on the wall, and how long ago."""

from datetime import datetime

from vqd.domain.schedule import duration

_DAY_S = 86_400
_IN_DAYS = 2
"""From so many days on hours tell a person less."""


def clock(at: float, now: float) -> str:
    """Give a time of day, with its date unless it is within a day of `now`; both UTC seconds."""
    is_near = abs(now - at) < _DAY_S
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M" if is_near else "%m-%d %H:%M")


def ago(at: float, now: float) -> str:
    """Give how long ago a time was: `12 min ago`."""
    passed_s = max(0.0, round(now - at))
    days = passed_s / _DAY_S
    return f"{days:.0f} days ago" if days >= _IN_DAYS else f"{duration(passed_s)} ago"
