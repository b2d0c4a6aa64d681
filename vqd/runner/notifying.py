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

    def change(self, couriers: Iterable[Courier], house: House | None) -> None:
        """Go on with these: those of them that are new begin, all others end."""
        before, before_house = self._couriers, self._house
        self._couriers, self._house = tuple(couriers), house
        if before_house is not None and before_house is not house:
            before_house.stop()
        _end(one for one in before if one not in self._couriers)
        for courier in self._couriers:
            if courier not in before:
                courier.start()
        if house is not None and house is not before_house:
            house.start()

    def wake(self) -> None:
        """Let every courier look for notices that are due."""
        for courier in self._couriers:
            courier.wake()

    def stop(self) -> None:
        """End them, and wait for no target that does not answer."""
        if self._house is not None:
            self._house.stop()
        _end(self._couriers)


def _end(couriers: Iterable[Courier]) -> None:
    ending = tuple(couriers)
    for courier in ending:
        courier.end()
    until = time.monotonic() + _STOP_S
    for courier in ending:
        courier.join(max(0.0, until - time.monotonic()))
