"""Windows: the hours of the week in which the settings let jobs start."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from vqd.domain.frozen import frozen

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_LOOKED_BACK_DAYS = 2
_LOOKED_AHEAD_DAYS = 10
"""Far enough for a window of one day a week, even if a change of the clock swallows it once."""


@frozen
class Span:
    """A time for which a window is open, in UTC seconds; it closes at its end."""

    opens_at: float
    closes_at: float

    @property
    def seconds(self) -> float:
        """Give how long it is open."""
        return self.closes_at - self.opens_at


@frozen
class Window:
    """A window by the clock on the wall: it opens at minute `opens` of each of its days, and closes
    at minute `closes`, of the day after where that is not later.

    `days` are 0 (Monday) to 6. An hour that a change of the clock skips counts as the one after
    it; of an hour that comes twice, the first counts.
    """

    opens: int
    closes: int
    days: frozenset[int] = frozenset(range(7))

    def span(self, now: float, zone: tzinfo | None = None) -> Span:
        """Give the span that `now` is in, else the next one; what adjoins counts as one.

        `zone` None is the machine's own.
        """
        merged: Span | None = None
        for span in self._spans(now, zone):
            if merged is not None and span.opens_at > merged.closes_at:
                break
            merged = Span(merged.opens_at if merged else span.opens_at, span.closes_at)
        assert merged is not None, "every window opens once a week"
        return merged

    def _spans(self, now: float, zone: tzinfo | None) -> Iterator[Span]:
        today = datetime.fromtimestamp(now, zone).date()
        length = self.closes - self.opens
        for ahead in range(-_LOOKED_BACK_DAYS, _LOOKED_AHEAD_DAYS + 1):
            day = today + timedelta(days=ahead)
            if day.weekday() not in self.days:
                continue
            closing_day = day if length > 0 else day + timedelta(days=1)
            span = Span(_at(day, self.opens, zone), _at(closing_day, self.closes, zone))
            if span.closes_at > max(now, span.opens_at):
                yield span


def _at(day: date, minute: int, zone: tzinfo | None) -> float:
    return (datetime.combine(day, time(), zone) + timedelta(minutes=minute)).timestamp()
