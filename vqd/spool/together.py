"""What several threads ask for at once, done once for all of them: a sync, above all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

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
        turn.wait()
        if turn.raised is not None:
            raise turn.raised

    def _carry_out(self, place: Path, turn: _Turn[T]) -> None:
        turn.wait_for_last()
        with self._lock:
            turn.has_begun = True
        try:
            self._act(place, turn.asked)
        except Exception as error:  # noqa: BLE001 - handed to all who asked
            turn.raised = error
        turn.end()
        with self._lock:
            if self._turns.get(place) is turn:
                del self._turns[place]


class _Turn(Generic[T]):
    """What is done as one, after the `last`, and what that `raised`."""

    def __init__(self, last: _Turn[T] | None) -> None:
        self.asked: list[T] = []
        self.has_begun = False
        self.raised: Exception | None = None
        self._is_over = threading.Event()
        self._last = last

    def wait_for_last(self) -> None:
        """Wait until the one before is over, well or not."""
        if self._last is not None:
            self._last.wait()
            self._last = None

    def end(self) -> None:
        """Let everybody know that it is over."""
        self._is_over.set()

    def wait(self) -> None:
        """Wait until it is over."""
        self._is_over.wait()
