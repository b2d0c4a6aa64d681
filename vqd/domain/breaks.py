"""What computes for long takes breaks, in which others go on; when, and for how long, whoever lets
it compute says."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

EVERY = 64
"""Of what takes some 10 µs each there may be a break after well under a millisecond."""


def _go_on() -> None:
    """Take no break."""


_take_break: ContextVar[Callable[[], None]] = ContextVar("take_break", default=_go_on)


@contextmanager
def taking_breaks(take_break: Callable[[], None]) -> Iterator[None]:
    """Have this thread call `take_break` now and then while it goes through a long list, until the
    end of the block."""
    before = _take_break.set(take_break)
    try:
        yield
    finally:
        _take_break.reset(before)


def with_breaks(items: Iterable[T]) -> Iterator[T]:
    """Give items, of which there may be a hundred thousand, with a break after some, if whoever
    asks for the next takes any."""
    for at, item in enumerate(items, 1):
        yield item
        if not at % EVERY:
            _take_break.get()()
