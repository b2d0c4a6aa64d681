"""Threads that carry out what they are given, and are kept for what comes next.

A thread started for each prompt costs the loop more than all else that it does for the prompt: who
starts one waits until it runs.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

IDLE_S = 2.0
"""After so long without anything to do a thread ends."""


class Crew:
    """Carries out acts side by side, each at once, whatever the others do: in a thread that has
    nothing to do, else in a new one. Any thread may give it some."""

    def __init__(self, name: str, *, idle_s: float = IDLE_S) -> None:
        self._name = name
        self._idle_s = idle_s
        self._given: SimpleQueue[tuple[Callable[[], None], threading.Event]] = SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def carry_out(self, act: Callable[[], None]) -> threading.Event:
        """Begin with an act; gives what is set when it is over."""
        over = threading.Event()
        with self._lock:
            self._given.put((act, over))
            if self._idle:
                self._idle -= 1  # one of those is to take it
                return over
        threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return over

    def _run(self) -> None:
        given = self._next()
        while given is not None:
            act, over = given
            try:
                act()
            finally:
                over.set()
            with self._lock:
                self._idle += 1
            given = self._next()

    def _next(self) -> tuple[Callable[[], None], threading.Event] | None:
        """Wait for something to do; None, and this thread counts no more, if nothing comes.

        A new thread, too, may find nothing: another took what it was begun for, and left its own
        place among the idle to it.
        """
        while True:
            try:
                return self._given.get(timeout=self._idle_s)
            except Empty:
                with self._lock:
                    if self._given.empty():
                        self._idle -= 1
                        return None
