"""How long a server is left alone after it lost a prompt or did not answer."""

from collections.abc import Callable

LONGEST_REST_S = 60.0


class Rest:
    """A while that grows each time, until the server has done something. Times are monotonic
    seconds; `chance` gives 0 to 1, so that servers that failed at once do not come back at once."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._longest_s = 0.0
        self.length_s = 0.0
        self.until = 0.0

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether the server has done nothing since it last rested."""
        return self._longest_s > 0

    def is_on(self, now: float) -> bool:
        """Tell whether it rests."""
        return now < self.until

    def begin(self, now: float) -> None:
        """Let it rest: between one and two times half of what doubles each time, 60 s at most."""
        self._longest_s = min(max(1.0, 2 * self._longest_s), LONGEST_REST_S)
        self.length_s = self._longest_s * (1 + self._chance()) / 2
        self.until = now + self.length_s

    def end(self) -> None:
        """Note that the server has done something."""
        self._longest_s = self.length_s = self.until = 0.0
