"""A thread of its own for what a door must not wait for."""

import queue
import threading
from collections.abc import Callable

from vqd.service.giving_way import giving_way


class Aside:
    """Carries out what it is given, one after the other; none of that may raise."""

    def __init__(self, name: str) -> None:
        self._given: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Tell whether what is carried out should end, wherever it is."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def carry_out(self, act: Callable[[], None]) -> None:
        """Carry something out once its turn comes; never if it was stopped before."""
        self._given.put(act)

    def stop(self) -> None:
        """Leave what was not begun, and wait for the end of what was."""
        self._stopping.set()
        self._given.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (act := self._given.get()) is not None:
            if not self.is_stopping:
                with giving_way():
                    act()
