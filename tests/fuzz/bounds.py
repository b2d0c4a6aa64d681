"""What one input may cost: no clock on the wall, which says more of the machine than of vqd."""

import gc
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

MOST_S = 1.0
"""Of processor time, of all threads; a whole second on what reads some kilobytes is a hang."""
MOST_BYTES = 128 << 20
"""Twice as long as a table may be: whoever reads one asks for so much at once."""


class Costly(AssertionError):
    """An input took more than any of its size may."""


@contextmanager
def within_time() -> Iterator[None]:
    """Raise Costly where what is done within takes more than MOST_S of processor time.

    What other tests left in this process is not looked through for garbage meanwhile: of hundreds
    of thousands of objects that alone may take most of a second.
    """
    gc.freeze()
    before = time.process_time()
    try:
        yield
        spent = time.process_time() - before
    finally:
        gc.unfreeze()
    if spent > MOST_S:
        raise Costly(f"it took {spent:.1f} s of processor time")


@contextmanager
def within_memory() -> Iterator[None]:
    """Raise Costly where what is done within holds more than MOST_BYTES of Python's memory at
    once."""
    tracemalloc.start()
    try:
        yield
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if held > MOST_BYTES:
        raise Costly(f"it held {held >> 20} MiB at once")
