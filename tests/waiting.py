"""The only way tests wait: for a condition, within a bound."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T | None], *, within_s: float, what: str | Callable[[], str] = "it"
) -> T:
    """Give the first true value of `condition`; `what` is awaited, asked for once it is too late.

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
            awaited = what if isinstance(what, str) else what()
            raise AssertionError(f"{awaited} did not happen within {within_s} s")
        pause.wait(0.02)
