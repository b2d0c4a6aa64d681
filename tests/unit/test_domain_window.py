"""Windows by the clock on the wall, over midnight, weekends and changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from vqd.domain.window import Window

BERLIN = ZoneInfo("Europe/Berlin")
"""Clocks go from 2:00 to 3:00 on 2026-03-29, and from 3:00 to 2:00 on 2026-10-25."""

NIGHTS = Window(22 * 60, 6 * 60)
WEEKDAY_NIGHTS = Window(22 * 60, 6 * 60, frozenset(range(5)))


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def shown(moment: float) -> str:
    return datetime.fromtimestamp(moment, BERLIN).isoformat(" ", "minutes")[:16]


@pytest.mark.parametrize(
    ("window", "now", "opens", "closes"),
    [
        (NIGHTS, "2026-06-10 12:00", "2026-06-10 22:00", "2026-06-11 06:00"),
        (NIGHTS, "2026-06-10 22:00", "2026-06-10 22:00", "2026-06-11 06:00"),
        (NIGHTS, "2026-06-11 05:59", "2026-06-10 22:00", "2026-06-11 06:00"),
        (NIGHTS, "2026-06-11 06:00", "2026-06-11 22:00", "2026-06-12 06:00"),
        # Friday's night ends on Saturday; the next is Monday's.
        (WEEKDAY_NIGHTS, "2026-06-13 05:00", "2026-06-12 22:00", "2026-06-13 06:00"),
        (WEEKDAY_NIGHTS, "2026-06-13 07:00", "2026-06-15 22:00", "2026-06-16 06:00"),
        (Window(9 * 60, 17 * 60), "2026-06-10 08:00", "2026-06-10 09:00", "2026-06-10 17:00"),
        # From a time to itself is a whole day, from 0:00 to 24:00 too; days that adjoin are one.
        (
            Window(60, 60, frozenset({2})),
            "2026-06-10 12:00",
            "2026-06-10 01:00",
            "2026-06-11 01:00",
        ),
        (
            Window(0, 1440, frozenset({5, 6})),
            "2026-06-10 12:00",
            "2026-06-13 00:00",
            "2026-06-15 00:00",
        ),
        # A night with a change of the clock ends by the clock.
        (NIGHTS, "2026-03-29 01:00", "2026-03-28 22:00", "2026-03-29 06:00"),
        (NIGHTS, "2026-10-25 01:00", "2026-10-24 22:00", "2026-10-25 06:00"),
        # 2:30 does not come on 2026-03-29: it counts as 3:30.
        (Window(150, 300), "2026-03-29 01:00", "2026-03-29 03:30", "2026-03-29 05:00"),
        # A window that the change swallows opens on the day after.
        (Window(120, 180), "2026-03-29 01:00", "2026-03-30 02:00", "2026-03-30 03:00"),
    ],
)
def test_the_span_that_counts_is_the_open_one_else_the_next(
    window: Window, now: str, opens: str, closes: str
) -> None:
    span = window.span(at(now), BERLIN)
    assert (shown(span.opens_at), shown(span.closes_at)) == (opens, closes)


def test_a_night_in_which_the_clock_changes_is_an_hour_shorter_or_longer() -> None:
    hours = [NIGHTS.span(at(f"2026-{day} 23:00"), BERLIN).seconds / 3600 for day in DAYS]
    assert hours == [8, 7, 9]


DAYS = ("06-10", "03-28", "10-24")


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    span = Window(60, 150).span(at("2026-10-25 00:00"), BERLIN)
    assert span.seconds == 90 * 60


def test_a_window_of_all_hours_never_closes_today() -> None:
    now = at("2026-06-10 12:00")
    span = Window(0, 1440).span(now, BERLIN)
    assert span.opens_at < now
    assert span.closes_at > now + 7 * 86400
