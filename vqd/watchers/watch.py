"""The drop folder's door: one thread that waits for hints, and looks at everything by the clock."""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.figures import Intake
from vqd.service.submit import Submission
from vqd.spool.files import is_folder
from vqd.spool.layout import OWN_FOLDER, Spool
from vqd.spool.lease import LEASE
from vqd.watchers.hints import Hint, below
from vqd.watchers.inbox import Inbox
from vqd.watchers.lookout import Lookout, Place
from vqd.watchers.seeing import Seeing
from vqd.watchers.steering import Steering
from vqd.watchers.stirred import Stirred

AWAY_AGAIN_S = 5.0
LEAST_APART_S = 1.0
"""How far apart two rescans are because of lost hints."""
HOT_DEPTH = 1
INBOX_DEPTH = 3
"""Folders in folders of a drop that are watched while it settles."""

_log = structlog.get_logger(__name__)


class Watch:
    """Looks at the spool on hints, and wholly every `rescan_s`, beginning with a whole look."""

    def __init__(
        self,
        spool: Spool,
        seeing: Seeing,
        inbox: Inbox,
        steering: Steering,
        submission: Submission,
        *,
        rescan_s: float,
        on_change: Callable[[], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._seeing = seeing
        self._inbox = inbox
        self._steering = steering
        self._submission = submission
        self._rescan_s = rescan_s
        self._on_change = on_change
        self._on_failure = on_failure
        self._woken = threading.Event()
        self._stopping = False
        self._away = False
        self._lookout = Lookout(seeing, on_hint=self._on_hint, on_loss=self._on_loss)
        self._stirred = Stirred()
        self._rescan_at = 0.0
        self._rescanned_at = 0.0
        self._has_lost = False
        self._looked_at: float | None = None
        self._places = (
            Place(spool.root),
            Place(spool.active, depth=1),
            Place(spool.inbox, depth=INBOX_DEPTH),
            *(Place(folder, depth=HOT_DEPTH) for folder in inbox.elsewhere),
        )
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a drop that is being taken is taken to its end."""
        self._stopping = True
        self._woken.set()
        self._thread.join()

    def intake(self) -> Intake:
        """Tell how drops are seen and taken. Any thread may ask."""
        by_events, by_looks = self._lookout.counts()
        return Intake(self._inbox.lag_s, self._looked_at, by_events, by_looks)

    def _run(self) -> None:
        try:
            self._watch()
        except Exception:  # noqa: BLE001 - the top of a thread: said, then the daemon stops
            _log.exception("watch.failed")
            self._on_failure()
        finally:
            self._lookout.stop()
            self._seeing.close()

    def _watch(self) -> None:
        while not self._stopping:
            delay_s = self._round(time.monotonic())
            self._woken.wait(delay_s)
            self._woken.clear()

    def _round(self, now: float) -> float:
        why = self._spool.why_away()
        if why is not None:
            return self._wait_for_share(why)
        try:
            delay_s = self._look(now)
        except (OSError, VqdError) as error:
            if isinstance(error, VqdError) and error.is_of_queue:
                return self._wait_for_queue()
            return self._wait_for_share(str(error))
        if self._away:
            _log.info("spool.back", spool=str(self._spool.root))
            self._away = False
        return delay_s

    def _look(self, now: float) -> float:
        if self._restored():
            self._has_lost = True
        if self._has_lost:
            self._rescan_at = min(self._rescan_at, self._rescanned_at + LEAST_APART_S)
        whole = now >= self._rescan_at
        if whole:
            self._begin_rescan(now)
        waits = [
            self._scan_inbox(now, whole=whole),
            self._lookout.look(now),  # which watches new jobs, so that each is looked into once
            self._steering.scan(whole=whole),
            self._rescan_at - time.monotonic(),
        ]
        if whole:
            self._looked_at = time.time()
        return max(0.0, min(wait for wait in waits if wait is not None))

    def _restored(self) -> bool:
        """Make again what somebody took away of the spool; tell if any was made.

        Where there is no done/ and none can be made, only publishing waits, which says why.
        """
        try:
            return self._spool.restore()
        except VqdError:
            if not is_folder(self._spool.inbox):
                raise
            return False

    def _begin_rescan(self, now: float) -> None:
        self._has_lost = False
        self._rescanned_at, self._rescan_at = now, now + self._rescan_s
        self._lookout.keep(self._places, now)
        self._submission.readmit(now=time.time())
        self._on_change()

    def _scan_inbox(self, now: float, *, whole: bool) -> float | None:
        stirred = self._stirred.due(now)
        for name in stirred:
            self._inbox.hint(name, renamed=False)
        wait_s = self._inbox.scan(now, whole=whole)
        ended = time.monotonic()
        if stirred:
            self._stirred.looked(now, ended)
        return _sooner(wait_s, self._stirred.wait_s(ended))

    def _wait_for_share(self, why: str) -> float:
        if not self._away:
            _log.warning("spool.away", spool=str(self._spool.root), said=why)
            self._away = True
            self._lookout.stop()
        self._rescan_at = 0.0
        return min(AWAY_AGAIN_S, self._rescan_s)

    def _wait_for_queue(self) -> float:
        """Look at everything again when the queue may be written: hints are spent."""
        self._rescan_at = 0.0
        return AWAY_AGAIN_S

    def _on_hint(self, hint: Hint) -> None:
        if names := below(hint.path, self._spool.inbox):
            self._on_inbox(names, hint)
        elif below(hint.path, self._spool.active):
            if self._steering.hint(hint.path):
                self._woken.set()
        elif hint.path in (self._spool.inbox, self._spool.active):
            if hint.is_folder:  # it is gone, or was made again; else something in it changed
                self._on_loss()
        elif hint.path.parent == self._spool.root:
            if LEASE not in hint.path.name:
                self._on_change()
                self._woken.set()
        else:
            self._on_elsewhere(hint)

    def _on_inbox(self, names: Sequence[str], hint: Hint) -> None:
        if names[0] == OWN_FOLDER:
            return
        if len(names) == 1:
            self._inbox.hint(names[0], renamed=hint.renamed)
            self._woken.set()
        elif self._stirred.note(names[0]):
            self._woken.set()

    def _on_elsewhere(self, hint: Hint) -> None:
        for folder in self._inbox.elsewhere:
            if hint.path.is_relative_to(folder) and self._stirred.note(str(folder)):
                self._woken.set()

    def _on_loss(self) -> None:
        self._has_lost = True
        self._woken.set()


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((wait for wait in (one, other) if wait is not None), default=None)
