import threading
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from tests.waiting import wait_for
from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.runner.beside import Beside


class Act:
    """Counts its acts, notes when each was, and lets each end as the test says."""

    def __init__(self, ends: Callable[[int], float | None]) -> None:
        self.at: list[float] = []
        self._ends = ends

    @property
    def acts(self) -> int:
        return len(self.at)

    def __call__(self) -> float | None:
        self.at.append(time.monotonic())
        return self._ends(self.acts)


def test_it_acts_at_the_start_when_woken_and_when_its_time_has_come() -> None:
    act = Act(lambda turn: 0.01 if turn == 1 else None)
    beside = Beside("one", act, gathered_s=0.01)
    beside.start()
    wait_for(lambda: act.acts == 2, within_s=30)
    beside.wake()
    wait_for(lambda: act.acts == 3, within_s=30)
    beside.end()
    beside.join(60)
    assert act.acts == 3


def test_it_acts_soon_again_after_a_queue_that_did_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vqd.runner.beside.UNREACHABLE_AGAIN_S", 0.01)

    def end(turn: int) -> None:
        if turn < 3:
            raise VqdError(STORE_UNREACHABLE, "The queue cannot be reached.")

    act = Act(end)
    beside = Beside("one", act, gathered_s=0.01)
    beside.start()
    wait_for(lambda: act.acts == 3, within_s=30)
    beside.end()
    beside.join(60)


def test_one_that_never_began_can_be_ended() -> None:
    act = Act(lambda _: None)
    beside = Beside("one", act)
    beside.wake()
    beside.end()
    beside.join(60)
    assert act.acts == 0


def test_what_wakes_it_while_it_acts_wakes_it_once() -> None:
    going_on = threading.Event()
    act = Act(lambda _: 60.0 if going_on.wait(60) else 0.0)
    beside = Beside("one", act, gathered_s=0.05)
    beside.start()
    wait_for(lambda: act.acts, within_s=30)
    for _ in range(20):
        beside.wake()
    going_on.set()
    wait_for(lambda: act.acts == 2, within_s=30)
    beside.end()
    beside.join(60)
    assert act.acts == 2


@pytest.mark.parametrize(
    ("error", "line"),
    [(VqdError("store_disk", "full"), "beside.postponed"), (KeyError("x"), "beside.failed")],
)
def test_what_fails_is_said_and_done_again_later_not_when_it_is_woken(
    error: Exception, line: str
) -> None:
    def ends(turn: int) -> None:
        if turn == 1:
            raise error

    act = Act(ends)
    beside = Beside("one", act, gathered_s=0.01, after_fault_s=0.2)
    with capture_logs() as said:
        beside.start()
        wait_for(lambda: said, within_s=30)
        beside.wake()
        wait_for(lambda: act.acts == 2, within_s=30)
        beside.end()
        beside.join(60)
    first_at, second_at = act.at
    assert second_at - first_at >= 0.2
    assert [(one["event"], one["thread"]) for one in said] == [(line, "one")]
