"""What is large lets by what is small: slices of it are written, and it is read and planned, when
nothing small is under way."""

import threading
import time

CALM_S = 0.01
"""For so long after something small was asked of the queue, more of it may follow."""
APART_S = 0.02
"""What is large waits for that no longer than this, and then goes on for a while."""
WORK_S = 0.002
"""Then it computes for so long, by its thread's own clock; where it writes, a slice."""


class Calm:
    """When nothing small is under way. Any thread may ask, and tell."""

    def __init__(self) -> None:
        self._at = 0.0

    def disturb(self) -> None:
        """Tell that something small is under way."""
        self._at = time.monotonic() + CALM_S

    def in_s(self, since: float) -> float:
        """Give how many seconds more to wait for that after having waited `since` (monotonic)."""
        return max(0.0, min(self._at, since + APART_S) - time.monotonic())


class Breaks:
    """The breaks of the thread that makes this, which computes for long: each call is one, if
    anything small is under way and the last is not too near."""

    def __init__(self, calm: Calm) -> None:
        self._calm = calm
        self._since = time.thread_time()
        self._never = threading.Event()

    def __call__(self) -> None:
        """Wait until nothing small is under way, if it is time for that."""
        if time.thread_time() - self._since < WORK_S:
            return
        began = time.monotonic()
        while wait_s := self._calm.in_s(began):
            self._never.wait(wait_s)
        self._since = time.thread_time()
