"""inbox/_vqd/ kept up to date, by a thread of its own that holds nothing else up."""

import threading

import structlog

from vqd.domain.errors import VqdError
from vqd.service.welcome import Welcome
from vqd.spool.kept import KeptFolder
from vqd.spool.layout import OWN_FOLDER, Spool

_log = structlog.get_logger(__name__)


class Welcoming:
    """Writes what has changed in the welcome, at the start and every `every_s` seconds."""

    def __init__(self, spool: Spool, welcome: Welcome, *, every_s: float) -> None:
        self._spool = spool
        self._welcome = welcome
        self._every_s = every_s
        self._is_silent = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="welcome", daemon=True)

    def start(self) -> None:
        """Begin to write; once more does nothing."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """End the thread; a file that is being written is written to its end."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._round()
                self._stopping.wait(self._every_s)
        except Exception:  # noqa: BLE001 - the top of a thread: said; jobs go on without it
            _log.exception("welcome.failed")

    def _round(self) -> None:
        if not self._spool.is_present():
            return  # which the watch says
        try:
            files = self._welcome.files()
            with self._spool.pinned() as root:
                changes = KeptFolder(root / self._spool.inbox.name / OWN_FOLDER).keep(files)
        except (OSError, VqdError) as error:
            if not self._is_silent:
                said = error.strerror if isinstance(error, OSError) else str(error)
                _log.warning("welcome.unwritten", error=said)
            self._is_silent = True
            return
        self._is_silent = False
        if changes.written or changes.removed:
            _log.info("welcome.written", written=len(changes.written), removed=changes.removed)
