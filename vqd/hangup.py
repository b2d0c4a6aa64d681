"""SIGHUP has the settings read again: one time after another, in a thread of its own."""

import threading
from collections.abc import Callable

import structlog

from vqd import systemd

_STOP_S = 5.0

_log = structlog.get_logger(__name__)


class Hangups:
    """Calls `reload` when it was asked for; what asks meanwhile has it called once more."""

    def __init__(self, reload: Callable[[], None]) -> None:
        self._reload = reload
        self._asked = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)

    def start(self) -> None:
        """Begin to listen to `ask`."""
        self._thread.start()

    def ask(self) -> None:
        """Have the settings read again, after this call began."""
        self._asked.set()

    def stop(self) -> None:
        """End it; settings on a share that does not answer are not waited for."""
        self._ending.set()
        self._asked.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        while self._asked.wait() and not self._ending.is_set():
            self._asked.clear()
            systemd.reloading()
            try:
                self._reload()
            except Exception:  # noqa: BLE001 - the top of a thread: said, and the settings stay
                _log.exception("reload.failed")
            systemd.ready()
