"""All that tells people elsewhere: a courier for each target, and what looks at the house."""

import time
from collections.abc import Iterable

from vqd.runner.courier import Courier
from vqd.runner.house import House

_STOP_S = 2.0
"""How long the end waits for notices that are being delivered."""


class Notifying:
    """Starts them, wakes them and ends them together."""

    def __init__(self, couriers: Iterable[Courier], house: House | None) -> None:
        self._couriers = tuple(couriers)
        self._house = house

    def start(self) -> None:
        """Begin to deliver, with what earlier days left."""
        for courier in self._couriers:
            courier.start()
        if self._house is not None:
            self._house.start()

    def wake(self) -> None:
        """Let every courier look for notices that are due."""
        for courier in self._couriers:
            courier.wake()

    def stop(self) -> None:
        """End them, and wait for no target that does not answer."""
        if self._house is not None:
            self._house.stop()
        for courier in self._couriers:
            courier.end()
        until = time.monotonic() + _STOP_S
        for courier in self._couriers:
            courier.join(max(0.0, until - time.monotonic()))
