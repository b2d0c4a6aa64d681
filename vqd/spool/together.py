"""What several threads ask for at once, done once for all of them: a sync, above all."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Does at each place one thing after the other, and all that was asked for meanwhile as one.

    `act` is given the place and what was asked for there, in order. Who asks waits until it was
    done after that, and gets what `act` raised.
    """

    def __init__(self, act: Callable[[Path, Sequence[T]], None]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._turns: dict[Path, _Turn[T]] = {}

    def ask(self, place: Path, asked: T) -> None:
        """Have it done, by this thread or by one that asked before."""
        with self._lock:
            last = self._turns.get(place)
            turn = _Turn(last) if last is None or last.has_begun else last
            self._turns[place] = turn
            turn.asked.append(asked)
        if turn is not last:
            self._carry_out(place, turn)
        turn.done.result()

    def _carry_out(self, place: Path, turn: "_Turn[T]") -> None:
        turn.wait_for_last()
        with self._lock:
            turn.has_begun = True
        try:
            self._act(place, turn.asked)
        except Exception as error:  # noqa: BLE001 - handed to all who asked
            turn.done.set_exception(error)
        else:
            turn.done.set_result(None)
        with self._lock:
            if self._turns.get(place) is turn:
                del self._turns[place]


class _Turn(Generic[T]):
    """What is done as one, after the `last`."""

    def __init__(self, last: "_Turn[T] | None") -> None:
        self.asked: list[T] = []
        self.has_begun = False
        self.done: Future[None] = Future()
        self._last = last

    def wait_for_last(self) -> None:
        """Wait until the one before is over, well or not."""
        if self._last is not None:
            wait([self._last.done])
            self._last = None
