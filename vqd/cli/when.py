"""Times as a person reads them: how long ago."""

from vqd.domain.schedule import duration

_DAY_S = 86_400
_IN_DAYS = 2
"""From so many days on hours tell a person less."""


def ago(at: float, now: float) -> str:
    """Give how long ago a time was: `12 min ago`; both in UTC seconds."""
    passed_s = max(0.0, round(now - at))
    days = passed_s / _DAY_S
    return f"{days:.0f} days ago" if days >= _IN_DAYS else f"{duration(passed_s)} ago"
