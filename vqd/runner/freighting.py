"""A thread that has files travel by the depot, outputs home first, then inputs there, and tells
others whether it is there.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from vqd.domain.errors import DEPOT_AWAY, VqdError
from vqd.runner.arrivals import AT_ONCE, Arrivals
from vqd.runner.beside import Beside
from vqd.runner.stocking import Stocking
from vqd.store.store import Store

if TYPE_CHECKING:
    from vqd.depot.depot import Depot

AGAIN_S = 5.0
"""Until the depot is asked again that was away, and the spool that was paused."""
SWEPT_EVERY_S = 600.0
_AFTER_FAULT_S = 10.0
_STOPPED_WITHIN_S = 3.0

_log = structlog.get_logger(__name__)


class Freighting(Beside):
    """Has what is to travel do so, when it is woken. While the depot is away it asks after it.

    `on_news` is given the key of each job of which outputs are on their way when it turns out that
    the depot is away, or is there again. It ends after the file that it is at.
    """

    def __init__(
        self,
        depot: "Depot",
        store: Store,
        stocking: Stocking,
        arrivals: Arrivals,
        *,
        on_news: Callable[[int], None],
    ) -> None:
        super().__init__(
            "freight",
            self.carry,
            after_fault_s=_AFTER_FAULT_S,
            stopped_within_s=_STOPPED_WITHIN_S,
        )
        self._depot = depot
        self._store = store
        self._stocking = stocking
        self._arrivals = arrivals
        self._on_news = on_news
        self._told: str | None = None
        self._swept_at: float | None = None

    def carry(self) -> float | None:
        """Carry everything that is to travel; give the seconds until it should look again, None for
        when it is woken."""
        again_s = self._carry_all()
        self._tell()
        return again_s

    def _carry_all(self) -> float:
        try:
            if self._depot.why_away is not None:
                self._depot.look()
            is_paused = self._stocking.withhold()
            while not self.is_ending and self._carry_some(is_paused=is_paused):
                pass
            self._sweep(time.monotonic())
        except VqdError as error:
            if error.code != DEPOT_AWAY:
                raise
            return AGAIN_S
        return AGAIN_S if is_paused else SWEPT_EVERY_S

    def _tell(self) -> None:
        """Tell others why the depot is away for this daemon, once it is for another reason."""
        why_away = self._depot.why_away
        if why_away == self._told:
            return
        self._store.write(lambda session: session.leasing.tell_of_depot(why_away))
        self._told = why_away
        with self._store.reading() as session:
            waiting = {arrival.key.job_key for arrival in session.depot.arrivals(AT_ONCE)}
        for job_key in waiting:
            self._on_news(job_key)

    def _carry_some(self, *, is_paused: bool) -> bool:
        return bool(self._arrivals.bring()) or (not is_paused and self._stocking.stock())

    def _sweep(self, now: float) -> None:
        if self._swept_at is not None and now < self._swept_at + SWEPT_EVERY_S:
            return
        swept = self._arrivals.sweep() + self._stocking.sweep()
        self._swept_at = now
        if swept:
            _log.info("depot.swept", files=swept)
