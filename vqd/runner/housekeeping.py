"""Housekeeping: what vqd left behind on servers, in the spool and in its state goes, once an hour.

1. Inputs that were put into a server's `input_folder`, when no prompt asked for them in a while.
2. Outputs that nobody fetched, below a server's `output_folder`, of jobs of ours that are closed.
3. Copies and probes in the spool that a kill left half-made.
4. What the built-in engine wrote into its temp/, and most of its log when that is long.

What it never touches: what has no name of vqd's own, what others put there, what lies in a job's
folder, and whatever a running prompt may still want. How that is made sure: `spool.leftovers`.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.runner.beside import Beside
from vqd.runner.server import ServerAddress
from vqd.runner.shared import FRESH_S, OWN_FOLDER, is_own_input
from vqd.spool.layout import Spool
from vqd.spool.leftovers import UNUSED_S, Swept, cut_log, folders_in, is_half_made, sweep
from vqd.store.store import StoreReader

EVERY_S = 3_600.0
MARGIN_S = 3_600.0
"""How much longer than a prompt has been running what it may want is left alone."""
_STOPPED_WITHIN_S = 2.0

_ATTEMPT = re.compile(r"(\d+-)?\d+-\d+")
_SENTINEL = re.compile(r"vqd-[0-9a-f-]{36}\.txt")

_log = structlog.get_logger(__name__)


@frozen
class _Chore:
    """Something to be cleaned: where, and how."""

    place: Path
    carry_out: Callable[[], Swept]


class Housekeeping(Beside):
    """Cleans up, now and every hour; `engine_folder` is the built-in engine's, if there is one.

    `keep_uploads_s` is how long an input stays on a server that no prompt asks for. It ends at the
    next file.
    """

    def __init__(
        self,
        store: StoreReader,
        spool: Spool,
        servers: Sequence[ServerAddress],
        *,
        keep_uploads_s: float,
        engine_folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("housekeeping", self.clean, stopped_within_s=_STOPPED_WITHIN_S)
        self._store = store
        self._spool = spool
        self._servers = servers
        self._keep_uploads_s = keep_uploads_s
        self._engine_folder = engine_folder
        self._clock = clock

    def clean(self) -> float:
        """Clean everything once; give the seconds until that is to be done again."""
        for chore in self._chores():
            if self.is_ending:
                break
            try:
                swept = chore.carry_out()
            except OSError as error:
                _log.warning("leftovers.left", folder=str(chore.place), error=str(error))
                continue
            if swept.files or swept.bytes:
                about = {"files": swept.files, "bytes": swept.bytes}
                _log.info("leftovers.removed", folder=str(chore.place), **about)
            if swept.left:
                _log.warning("leftovers.left", folder=str(chore.place), left=swept.left)
        return EVERY_S

    def _chores(self) -> Iterator[_Chore]:
        wanted_s = self._oldest_s() + MARGIN_S
        yield from self._chores_on_servers(wanted_s)
        yield from self._chores_in_spool()
        if self._engine_folder is not None:
            yield from self._chores_of_engine(self._engine_folder, wanted_s)

    def _chores_on_servers(self, wanted_s: float) -> Iterator[_Chore]:
        unused_s = max(self._keep_uploads_s, wanted_s + FRESH_S)
        for server in self._servers:
            if server.input_folder is not None:
                place = server.input_folder / OWN_FOLDER
                yield self._sweeping(place, is_own_input, unused_s)
            if server.output_folder is not None:
                place = server.output_folder / OWN_FOLDER
                yield _Chore(place, partial(self._outputs_swept, place))

    def _chores_in_spool(self) -> Iterator[_Chore]:
        for place in (self._spool.inbox, self._spool.active):
            if self._spool.is_present():
                yield self._sweeping(place, is_half_made, UNUSED_S, may_be_folders=True)

    def _chores_of_engine(self, folder: Path, wanted_s: float) -> Iterator[_Chore]:
        temp, log, unused_s = folder / "temp", folder / "engine.log", max(UNUSED_S, wanted_s)
        yield self._sweeping(temp, _is_temporary, unused_s, may_be_folders=True)
        yield _Chore(log, partial(cut_log, log))

    def _sweeping(
        self,
        place: Path,
        is_ours: Callable[[str], bool],
        unused_s: float,
        *,
        may_be_folders: bool = False,
    ) -> _Chore:
        swept = partial(
            sweep,
            place,
            is_ours,
            unused_s=unused_s,
            may_be_folders=may_be_folders,
            is_ending=lambda: self.is_ending,
        )
        return _Chore(place, swept)

    def _outputs_swept(self, place: Path) -> Swept:
        """Sweep what a server made for attempts at prompts of jobs of ours that are closed."""
        swept = Swept()
        for job in folders_in(place):
            if self.is_ending or not self._is_closed(job):
                continue
            chore = self._sweeping(place / job, _is_attempt, UNUSED_S, may_be_folders=True)
            swept += chore.carry_out()
            with suppress(OSError):  # somebody put something there
                (place / job).rmdir()
        return swept

    def _is_closed(self, job: str) -> bool:
        if not job.isprintable():
            return False  # no name of vqd's, and maybe of bytes that are no text
        with self._store.reading() as session:
            found = session.jobs.find(job)
        return found is not None and found.state in CLOSED_STATES

    def _oldest_s(self) -> float:
        """Give how long the prompt has been running that has been for longest; 0 if none is."""
        with self._store.reading() as session:
            claimed = [prompt.claimed_at for prompt in session.prompts.running()]
        return max((self._clock() - at for at in claimed if at is not None), default=0.0)


def _is_attempt(name: str) -> bool:
    return _ATTEMPT.fullmatch(name) is not None


def _is_temporary(name: str) -> bool:
    """Tell what may go of a temp/ that is vqd's alone: all but what tells a restart."""
    return _SENTINEL.fullmatch(name) is None
