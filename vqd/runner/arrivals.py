"""Brings home what other daemons made of this one's jobs, and was put into the depot.

1. The parcel is fetched, and its hash compared with that in its row.
2. Its files are laid out in the job's folder, and told of in the manifest.
3. Its row goes, and then the parcel. One that the depot has lost goes, and its prompt waits again.

Killed between any two, it is done again and comes to the same; a parcel without a row is left over,
and swept.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from vqd.domain.depot import Arrival, parcel_name, parcels_of
from vqd.domain.errors import DEPOT_LACKS, VqdError
from vqd.domain.lifecycle import PromptState
from vqd.runner.parcels import sha256_of, unpack
from vqd.spool.files import concerns_one_name
from vqd.spool.layout import Spool
from vqd.spool.space import require_room
from vqd.store.store import Session, Store

if TYPE_CHECKING:
    from vqd.depot.depot import Depot

AT_ONCE = 64
"""Parcels that are looked up at once."""
LEFT_ALONE_S = 60.0
"""How long a job is left alone whose folder takes nothing."""

_log = structlog.get_logger(__name__)


def _told_to_nobody(_: int) -> None:
    """Do nothing about a job of which something came home."""


class Arrivals:
    """Brings parcels to the folders of jobs in a spool. Used by one thread.

    `on_arrival` is given the key of each job of which something came home.
    """

    def __init__(
        self,
        depot: "Depot",
        store: Store,
        spool: Spool,
        folder: Path,
        *,
        on_arrival: Callable[[int], None] = _told_to_nobody,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._depot = depot
        self._store = store
        self._spool = spool
        self._home = spool.marker.word
        self._folder = folder
        self._on_arrival = on_arrival
        self._clock = clock
        self._left_until: dict[int, float] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def bring(self) -> int:
        """Bring home what is on its way, some of it; gives how many parcels were looked at. A job
        whose folder takes nothing is left alone for a while, and keeps no other waiting.

        Raises:
            VqdError: `depot_away`; `spool_away`. OSError: the spool cannot be written.
        """
        now = time.monotonic()
        self._left_until = {job: at for job, at in self._left_until.items() if at > now}
        with self._store.reading() as session:
            arrivals = session.depot.arrivals(AT_ONCE, but=self._left_until)
        for arrival in arrivals:
            if arrival.key.job_key not in self._left_until:
                self._receive(arrival)
        return len(arrivals)

    def sweep(self) -> int:
        """Remove parcels that no prompt made that runs or succeeded; gives how many.

        What is there is looked up first: what has no row by then has none later.

        Raises:
            VqdError: `depot_away`.
        """
        found = self._depot.names(parcels_of(self._home))
        with self._store.reading() as session:
            running = session.prompts.running() if found else []
            kept = session.depot.expected()
        kept.update(
            parcel_name(self._home, one.key, one.attempt, one.prompt_id or "") for one in running
        )
        left = [name for name in found if _whole(name) not in kept]
        self._depot.remove(left)
        return len(left)

    def _receive(self, arrival: Arrival) -> None:
        """Bring a parcel home; if the depot lacks it, have what it held made again."""
        try:
            self._bring(arrival)
        except OSError as error:
            if not concerns_one_name(error):
                raise
            self._left_until[arrival.key.job_key] = time.monotonic() + LEFT_ALONE_S
            about = {"job": arrival.job, "prompt": arrival.key.number}
            _log.warning("parcel.postponed", **about, error=str(error), again_s=LEFT_ALONE_S)
        except VqdError as error:
            if error.code != DEPOT_LACKS:
                raise
            said, now = error.message, self._clock()
            self._store.write(lambda session: _recall(session, arrival, said, now))
            _log.error("parcel.lost", job=arrival.job, prompt=arrival.key.number, said=said)
        self._on_arrival(arrival.key.job_key)

    def _bring(self, arrival: Arrival) -> None:
        if self._spool.has_active(arrival.job):
            self._lay_out(arrival, self._spool.active / arrival.job)
        self._store.write(lambda session: session.depot.receive(arrival))
        self._depot.remove([arrival.parcel.name])
        _log.info("parcel.arrived", job=arrival.job, prompt=arrival.key.number)

    def _lay_out(self, arrival: Arrival, folder: Path) -> None:
        parcel = arrival.parcel
        with self._store.reading() as session:
            prompt = session.prompts.get(arrival.key)
        if prompt.state is not PromptState.SUCCEEDED:
            return
        for place in (self._folder, folder):  # else it would be fetched again and again, in vain
            require_room(place, parcel.bytes)
        here = self._folder / f"{arrival.key.job_key}-{arrival.key.number}.tar"
        try:
            self._depot.fetch(parcel.name, here)
            if here.stat().st_size != parcel.bytes or sha256_of(here) != parcel.sha256:
                said = (
                    f"{parcel.name} in the depot {self._depot.address} is not what was put there."
                )
                raise VqdError(DEPOT_LACKS, said)
            unpack(here, folder, prompt.outputs, part=f"{prompt.key.number}-{prompt.attempt}-home")
        finally:
            here.unlink(missing_ok=True)


def _recall(session: Session, arrival: Arrival, why: str, now: float) -> None:
    session.depot.receive(arrival)
    if session.jobs.is_cancelled(arrival.key.job_key):
        return  # nothing of it is made any more
    session.prompts.recall(arrival.key, now=now, why=why)


def _whole(name: str) -> str:
    """Give what a parcel will be called that is being put into a folder."""
    return f"{name.partition('.tar')[0]}.tar"
