"""The drop folder's door: one thread that waits for hints, and looks at everything by the clock."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.service.submit import Submission
from vqd.spool.layout import Spool
from vqd.watchers.hints import Hints
from vqd.watchers.inbox import Inbox
from vqd.watchers.seeing import Seeing
from vqd.watchers.steering import Steering

AWAY_AGAIN_S = 5.0

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
        self._hints: Hints | None = None
        self._rescan_at = 0.0
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a drop that is being taken is taken to its end."""
        self._stopping = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._watch()
        except Exception:  # noqa: BLE001 - the top of a thread: said, then the daemon stops
            _log.exception("watch.failed")
            self._on_failure()
        finally:
            self._drop_hints()
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
            return self._wait_for_share(str(error))
        if self._away:
            _log.info("spool.back", spool=str(self._spool.root))
            self._away = False
        return delay_s

    def _look(self, now: float) -> float:
        if self._spool.restore():
            self._drop_hints()
            self._rescan_at = now
        whole = now >= self._rescan_at
        if whole:
            self._rescan_at = now + self._rescan_s
            self._renew_hints()
            self._submission.readmit(now=time.time())
            self._on_change()
        waits = [
            self._inbox.scan(now, whole=whole),
            self._steering.scan(now),
            self._rescan_at - time.monotonic(),
        ]
        return max(0.0, min(wait for wait in waits if wait is not None))

    def _wait_for_share(self, why: str) -> float:
        if not self._away:
            _log.warning("spool.away", spool=str(self._spool.root), said=why)
            self._away = True
            self._drop_hints()
        self._rescan_at = 0.0
        return min(AWAY_AGAIN_S, self._rescan_s)

    def _renew_hints(self) -> None:
        if self._hints is not None and self._hints.is_alive:
            return
        self._drop_hints()
        hints = Hints(self._on_hint)
        try:
            hints.watch(self._spool.inbox)
            hints.watch(self._spool.root)
        except OSError as error:
            _log.warning("hints.unavailable", error=str(error), rescan_s=self._rescan_s)
            hints.stop()
            return
        self._hints = hints

    def _drop_hints(self) -> None:
        if self._hints is not None:
            self._hints.stop()
            self._hints = None

    def _on_hint(self, path: Path, renamed: bool) -> None:
        if path.parent == self._spool.inbox:
            self._inbox.hint(path.name, renamed=renamed)
            self._woken.set()
        elif path.parent == self._spool.root:
            self._on_change()
            self._woken.set()
