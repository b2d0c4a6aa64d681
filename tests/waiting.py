"""The only way tests wait: for a condition, within a bound."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], *, within_s: float, what: str = "it") -> T:
    """Give the first true value of `condition`.

    Raises:
        AssertionError: there was none within the time.
    """
    pause = threading.Event()
    until = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= until:
            raise AssertionError(f"{what} did not happen within {within_s} s")
        pause.wait(0.02)
