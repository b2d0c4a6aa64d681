"""Drops in whose folders something happened: worth a look, but not one for each file."""

import threading

SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
_PAUSE_FOR_LOOK = 20
"""A look at a drop walks its whole tree: the next one waits for so many times as long."""


class Stirred:
    """Collects names, and gives them out with pauses between."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()
        self._due_at = 0.0

    def note(self, name: str) -> bool:
        """Note a drop, on any thread; tells whether it is the first since they were given out."""
        with self._lock:
            is_first = not self._names
            self._names.add(name)
        return is_first

    def due(self, now: float) -> set[str]:
        """Give the drops to look at now; `now` is monotonic seconds."""
        if now < self._due_at:
            return set()
        with self._lock:
            names, self._names = self._names, set()
        return names

    def looked(self, began: float, ended: float) -> None:
        """Note how long a look took."""
        pause_s = min((ended - began) * _PAUSE_FOR_LOOK, LONGEST_PAUSE_S)
        self._due_at = ended + max(pause_s, SHORTEST_PAUSE_S)

    def wait_s(self, now: float) -> float | None:
        """Give the seconds until there is something to look at; None while nothing stirs."""
        return max(0.0, self._due_at - now) if self._names else None
