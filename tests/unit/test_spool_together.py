"""What is done once for all who ask for it at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import wait_for
from vqd.spool.together import Together

PLACE, ELSEWHERE = Path("a"), Path("b")


class Slow:
    """Acts that are held up at one place, until they are let go on."""

    def __init__(self, *, failing: frozenset[int] = frozenset()) -> None:
        self.acts: list[tuple[Path, list[int]]] = []
        self.go_on = threading.Event()
        self._failing = failing

    def act(self, place: Path, asked: Sequence[int]) -> None:
        """Note what was asked for."""
        self.acts.append((place, list(asked)))
        if place == PLACE:
            assert self.go_on.wait(60)
        if self._failing & set(asked):
            raise OSError(5, "the disk is broken")


def asked_behind(slow: Slow, numbers: Sequence[int]) -> list[Future[None]]:
    """Ask for 0, and while that is done for all of the numbers; give what each came to."""
    together = Together(slow.act)
    with ThreadPoolExecutor(len(numbers) + 1) as threads:

        def ask(number: int) -> Future[None]:
            return threads.submit(together.ask, PLACE, number)

        first = ask(0)
        wait_for(lambda: slow.acts, within_s=30)
        rest = [_begun(ask, number, together) for number in numbers]
        assert not first.done()
        together.ask(ELSEWHERE, 100)
        slow.go_on.set()
    return [first, *rest]


def _begun(
    ask: Callable[[int], Future[None]], number: int, together: Together[int]
) -> Future[None]:
    """Ask, and wait until that was noted."""
    future = ask(number)
    turns = together._turns
    wait_for(lambda: number in turns[PLACE].asked, within_s=30)
    return future


def test_what_is_asked_for_meanwhile_is_done_as_one_and_nobody_waits_for_another_place() -> None:
    slow = Slow()
    done = asked_behind(slow, [1, 2, 3])
    assert slow.acts == [(PLACE, [0]), (ELSEWHERE, [100]), (PLACE, [1, 2, 3])]
    assert [one.result() for one in done] == [None] * 4


def test_a_fault_is_told_to_all_whose_turn_it_was_and_to_no_others() -> None:
    first, *rest = asked_behind(Slow(failing=frozenset({2})), [1, 2, 3])
    assert first.result() is None
    for one in rest:
        with pytest.raises(OSError, match="the disk is broken"):
            one.result()


def test_after_a_fault_it_is_done_again_and_nothing_is_remembered() -> None:
    slow = Slow(failing=frozenset({1}))
    slow.go_on.set()
    together = Together(slow.act)
    with pytest.raises(OSError, match="the disk is broken"):
        together.ask(PLACE, 1)
    together.ask(PLACE, 2)
    assert slow.acts == [(PLACE, [1]), (PLACE, [2])]
    assert not together._turns
