"""The files of jobs that travel by the depot, where the settings name one."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vqd.depot.opening import opened
from vqd.runner.arrivals import Arrivals
from vqd.runner.bydepot import ByDepot
from vqd.runner.freighting import Freighting
from vqd.runner.stocking import Stocking
from vqd.settings.changes import Step, nothing
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.store import Store

if TYPE_CHECKING:
    from vqd.depot.depot import Depot

_FOLDER = "depot"
"""What lies here of the depot, in state_dir."""


class Freight:
    """Carries files by the depot, both ways; does nothing without one.

    `by_depot` is for prompts of other daemons that run here. `on_news` is given the key of each job
    for which it is other than before what is on its way home, or why it does not come; `on_back` is
    called when the depot answers again.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        store: Store,
        *,
        on_news: Callable[[int], None],
        on_back: Callable[[], None],
    ) -> None:
        """Open the depot.

        Raises:
            VqdError: `depot_not_installed`, or as `Depot`.
        """
        self._spool = spool
        self.by_depot: ByDepot | None = None
        self._freighting: Freighting | None = None
        self._depot: Depot | None = None
        if settings.depot_address is not None:
            self._depot = depot = opened(settings.depot_address, on_back)
            folder = settings.state_dir / _FOLDER
            self.by_depot = ByDepot(depot, store, folder, spool.marker.word)
            here = folder / "home"
            shutil.rmtree(here, ignore_errors=True)  # what an earlier process left
            self._stocking = Stocking(depot, store, spool, self._roots(settings), here)
            arrivals = Arrivals(depot, store, spool, here, on_arrival=on_news)
            self._freighting = Freighting(depot, store, self._stocking, arrivals, on_news=on_news)

    def why_away(self) -> str | None:
        """Say why the depot is away, as was last heard; None if it is there, or there is none."""
        return None if self._depot is None else self._depot.why_away

    def start(self) -> None:
        """Begin."""
        if self._freighting is not None:
            self._freighting.start()

    def wake(self) -> None:
        """Let it look for files that are to travel."""
        if self._freighting is not None:
            self._freighting.wake()

    def stop(self) -> None:
        """End it after the file it is at, which is not waited for if it takes long."""
        if self._freighting is not None:
            self._freighting.stop()

    def prepare(self, old: Settings, new: Settings) -> Step:  # noqa: ARG002
        """Give the step to other folders that inputs may lie in."""
        if self._freighting is None:
            return nothing
        stocking, roots = self._stocking, self._roots(new)

        def step() -> None:
            stocking.roots = roots

        return step

    def _roots(self, settings: Settings) -> list[Path]:
        return [*settings.input_roots, self._spool.done, self._spool.failed]
