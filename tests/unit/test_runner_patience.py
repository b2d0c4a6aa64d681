import math

import pytest

from vqd.domain.outcome import FailureCode
from vqd.runner.patience import IDLE_S, Patience

T = 1000.0
STALL_S = 600.0


def test_a_timeout_counts_from_when_the_prompt_was_heard_to_start() -> None:
    patience = Patience(STALL_S, 10.0, T)
    assert patience.left_s(T + 3, T + 5) == 8
    assert patience.judge(T + 3, T + 5, T + 5) is None
    assert patience.left_s(None, T + 12) == 1
    assert patience.judge(T + 3, T + 12, T + 12.9) is None
    failed = patience.judge(T + 3, T + 12, T + 13)
    assert failed is not None
    assert failed.code is FailureCode.TIMED_OUT


def test_where_nothing_is_heard_it_counts_from_when_it_was_seen_to_run() -> None:
    patience = Patience(STALL_S, 10.0, T)
    assert patience.left_s(None, T + 50) == 10
    assert patience.judge(None, T, T + 50) is None
    assert patience.left_s(None, T + 51) == 9


def test_without_a_timeout_there_is_no_bound() -> None:
    assert math.isinf(Patience(STALL_S, None, T).left_s(None, T))


def test_the_time_that_it_waits_behind_others_counts_for_nothing() -> None:
    patience = Patience(STALL_S, 10.0, T)
    for hour in range(5):
        patience.waits_long(T + 3600 * hour)
    start = T + 5 * 3600
    assert patience.judge(start, start, start + 1) is None


@pytest.mark.parametrize(("seen", "is_dead"), [([True, True], True), ([True, False, True], False)])
def test_a_server_that_idles_once_between_two_prompts_is_not_dead(
    seen: list[bool], is_dead: bool
) -> None:
    patience = Patience(STALL_S, None, T)
    now, told = T, []
    for is_idle in seen:
        now += STALL_S + 1
        assert patience.waits_long(now)
        told.append(patience.is_idle_still(is_idle=is_idle))
    assert told[-1] is is_dead


def test_a_server_that_idles_is_looked_at_again_soon() -> None:
    patience = Patience(STALL_S, None, T)
    now = T + STALL_S + 1
    assert patience.waits_long(now)
    patience.is_idle_still(is_idle=True)
    assert not patience.waits_long(now + IDLE_S)
    assert patience.waits_long(now + IDLE_S + 0.1)
