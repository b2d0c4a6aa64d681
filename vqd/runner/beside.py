"""A thread of its own for what goes on beside the loop and may take long."""

import threading
from collections.abc import Callable

import structlog

GATHERED_S = 1.0
"""What wakes it while it acts, and for so long after, wakes it once."""
AFTER_FAULT_S = 60.0

_log = structlog.get_logger(__name__)


class Beside:
    """Acts when it is woken, and when the time has come that it named the last time.

    `act` gives the seconds until it has something to do again, None for when it is woken.
    """

    def __init__(
        self, name: str, act: Callable[[], float | None], *, gathered_s: float = GATHERED_S
    ) -> None:
        self._act = act
        self._gathered_s = gathered_s
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Tell whether to end at once."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin, with an act at once."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look whether there is something to do. A hint: it looks by itself, too."""
        self._woken.set()

    def stop(self, within_s: float) -> None:
        """End the thread; if it is in the middle of something long, leave it at that."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(self._delay_s())
            self._woken.clear()
            self._stopping.wait(self._gathered_s)

    def _delay_s(self) -> float | None:
        try:
            return self._act()
        except Exception:  # noqa: BLE001 - the top of a thread: said, then tried again
            if not self._stopping.is_set():
                _log.exception("beside.failed", thread=self._thread.name, again_s=AFTER_FAULT_S)
            return AFTER_FAULT_S
