"""Times and lengths of time as they are written, for people and for programs."""

from datetime import UTC, datetime, tzinfo

_DAY_S = 86400


def iso(at: float | None) -> str | None:
    """Give a time as ISO 8601, UTC, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written(at: float, zone: tzinfo | None, now: float | None = None) -> str:
    """Write a time by the clock on the wall; without its date if it is within a day of `now`."""
    is_near = now is not None and abs(at - now) < _DAY_S
    return datetime.fromtimestamp(at, zone).strftime("%H:%M" if is_near else "%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Give a length of time in its largest unit: `9.5 h`, `12 min`, `40 s`."""
    for unit, length_s in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length_s:
            return f"{round(seconds / length_s, 1):g} {unit}"
    return f"{round(seconds, 1):g} s"
