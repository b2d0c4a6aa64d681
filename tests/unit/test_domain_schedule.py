"""What a job waits for, in the words that a person reads, and when it is looked at again."""

from datetime import UTC, datetime

import pytest

from vqd.domain.lifecycle import SUSPENDED, JobState
from vqd.domain.needs import Capability, Needs, lacks
from vqd.domain.schedule import Awaited, Conditions, Judgement, Standing, judge
from vqd.domain.window import Window

NIGHTS = Window(22 * 60, 6 * 60)
CONDITIONS = Conditions({"nights": NIGHTS}, (Capability(),), UTC)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def judged(standing: Standing, now: float = NOON) -> Judgement:
    return judge(standing, CONDITIONS, now)


def test_a_job_that_asks_for_nothing_starts_at_once() -> None:
    assert judged(Standing()) == Judgement(None, None)


def test_a_suspended_job_waits_for_resume_alone() -> None:
    standing = Standing(is_suspended=True, not_before_at=NOON + HOUR)
    assert judged(standing) == Judgement(SUSPENDED, None)


def test_a_time_is_waited_for_and_then_is_past() -> None:
    standing = Standing(not_before_at=NOON + HOUR)
    assert judged(standing) == Judgement("waits until 2026-06-10 13:00", NOON + HOUR)
    assert judged(standing, NOON + HOUR) == Judgement(None, None)


def test_a_job_outside_its_window_starts_when_it_opens() -> None:
    standing = Standing(window="nights")
    opens_at, closes_at = NOON + 10 * HOUR, NOON + 18 * HOUR
    assert judged(standing) == Judgement("outside its window nights (opens 22:00)", opens_at)
    assert judged(standing, opens_at) == Judgement(None, closes_at)
    assert judged(standing, closes_at).hold == "outside its window nights (opens 22:00)"


def test_nothing_starts_that_cannot_end_in_its_window() -> None:
    standing = Standing(window="nights", expected_s=2 * HOUR)
    last_start_at = NOON + 16 * HOUR
    assert judged(standing, NOON + 11 * HOUR) == Judgement(None, last_start_at)
    said = "too late for its window nights: a prompt takes longer than is left (opens 22:00)"
    assert judged(standing, last_start_at) == Judgement(said, NOON + 34 * HOUR)


def test_a_prompt_longer_than_the_window_is_told_so() -> None:
    said = judged(Standing(window="nights", expected_s=9.5 * HOUR)).hold
    assert said == "too long for its window nights: a prompt takes about 9.5 h, the window 8 h"


def test_a_window_that_opens_on_another_day_is_told_with_its_date() -> None:
    conditions = Conditions({"weekend": Window(0, 1440, frozenset({5, 6}))}, (), UTC)
    said = judge(Standing(window="weekend"), conditions, NOON).hold
    assert said == "outside its window weekend (opens 2026-06-13 00:00)"


def test_a_window_that_the_settings_lost_holds_the_job() -> None:
    said = judged(Standing(window="days")).hold
    assert said == "its window days is not in the settings any more"


@pytest.mark.parametrize(
    ("awaited", "said"),
    [
        (Awaited("a", JobState.DONE), None),
        (Awaited("a", JobState.RUNNING), "waits for the job a"),
        (Awaited("a", JobState.PUBLISHING), "waits for the job a"),
        (Awaited("a", None), "waits for the job a: there is none of that name yet"),
        (
            Awaited("a", JobState.FAILED),
            "waits for the job a, which failed: it goes on when that is retried and done",
        ),
        (
            Awaited("a", JobState.CANCELLED),
            "waits for the job a, which was cancelled: it goes on when that is retried and done",
        ),
        (
            Awaited("a", JobState.QUEUED, is_waiting_back=True),
            "waits for the job a, which waits for this one: cancel one of the two",
        ),
    ],
)
def test_a_job_that_must_be_done_first_is_named(awaited: Awaited, said: str | None) -> None:
    assert judged(Standing(awaited=[awaited])) == Judgement(said, None)


def test_the_deadline_is_looked_at_whatever_holds_the_job() -> None:
    standing = Standing(is_suspended=True, deadline_at=NOON + HOUR)
    assert judged(standing) == Judgement(SUSPENDED, NOON + HOUR)
    assert not standing.is_overdue(NOON)
    assert standing.is_overdue(NOON + HOUR)


SERVERS = (Capability(frozenset({"wan"}), 24), Capability(frozenset({"fast"})))


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (Needs(), None),
        (Needs.of([" WAN "], 24), None),
        (Needs.of(["fast"], None), None),
        (Needs.of(["flux"], None), "no server has the tag flux"),
        (Needs.of([], 48), "no server is known to have 48 GB of VRAM"),
        (Needs.of(["fast"], 22), "no server has the tag fast and 22 GB of VRAM together"),
        (Needs.of(["wan", "fast"], None), "no server has the tag fast and the tag wan together"),
    ],
)
def test_what_no_server_has_is_named(needs: Needs, said: str | None) -> None:
    assert lacks(needs, SERVERS) == said


def test_needs_of_a_job_and_its_workflow_are_all_needed() -> None:
    joined = Needs.of(["wan"], 22).joined(Needs.of(["Fast", "wan"], 16))
    assert joined == Needs(("fast", "wan"), 22)
