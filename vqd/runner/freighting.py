"""A thread that has files travel by the depot: outputs home first, then inputs there."""

import time
from typing import TYPE_CHECKING

import structlog

from vqd.domain.errors import DEPOT_AWAY, VqdError
from vqd.runner.arrivals import Arrivals
from vqd.runner.beside import Beside
from vqd.runner.stocking import Stocking

if TYPE_CHECKING:
    from vqd.depot.depot import Depot

AGAIN_S = 5.0
"""Until the depot is asked again that was away, and the spool that was paused."""
SWEPT_EVERY_S = 600.0
_AFTER_FAULT_S = 10.0
_STOP_S = 3.0

_log = structlog.get_logger(__name__)


class Freighting:
    """Has what is to travel do so, when it is woken. While the depot is away it asks after it."""

    def __init__(self, depot: "Depot", stocking: Stocking, arrivals: Arrivals) -> None:
        self._depot = depot
        self._stocking = stocking
        self._arrivals = arrivals
        self._swept_at: float | None = None
        self._beside = Beside("freight", self.carry, after_fault_s=_AFTER_FAULT_S)

    def start(self) -> None:
        """Begin."""
        self._beside.start()

    def wake(self) -> None:
        """Let it look for what is to travel."""
        self._beside.wake()

    def stop(self) -> None:
        """End it after the file it is at, which is not waited for if it takes long."""
        self._beside.end()
        self._beside.join(_STOP_S)

    def carry(self) -> float | None:
        """Carry everything that is to travel; give the seconds until it should look again, None for
        when it is woken."""
        try:
            if self._depot.why_away is not None:
                self._depot.look()
            is_paused = self._stocking.withhold()
            while not self._beside.is_ending and self._carry_some(is_paused=is_paused):
                pass
            self._sweep(time.monotonic())
        except VqdError as error:
            if error.code != DEPOT_AWAY:
                raise
            return AGAIN_S
        return AGAIN_S if is_paused else SWEPT_EVERY_S

    def _carry_some(self, *, is_paused: bool) -> bool:
        return bool(self._arrivals.bring()) or (not is_paused and self._stocking.stock())

    def _sweep(self, now: float) -> None:
        if self._swept_at is not None and now < self._swept_at + SWEPT_EVERY_S:
            return
        swept = self._arrivals.sweep() + self._stocking.sweep()
        self._swept_at = now
        if swept:
            _log.info("depot.swept", files=swept)
