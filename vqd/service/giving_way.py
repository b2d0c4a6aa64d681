"""How soon a thread that computes for long lets others go on."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SOON_S = 5e-5
"""A prompt that is sent takes some hundred steps through the database and the network, and a slice
of prompts that is written one for each: after every step they wait for Python for as long. With
the usual 5 ms a prompt was sent after 280 ms while a large job was planned."""

_lock = threading.Lock()
_depth = 0
_usual_s = sys.getswitchinterval()


@contextmanager
def giving_way() -> Iterator[None]:
    """Let whoever has something to do have Python at once, until the end of the block; for threads
    that compute for long."""
    _change(+1)
    try:
        yield
    finally:
        _change(-1)


def _change(by: int) -> None:
    global _depth
    with _lock:
        _depth += by
        sys.setswitchinterval(SOON_S if _depth else _usual_s)
