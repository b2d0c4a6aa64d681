"""A thread of its own for what goes on beside the loop and may take long."""

import threading
from collections.abc import Callable

import structlog

from vqd.domain.errors import STORE_UNREACHABLE, VqdError

GATHERED_S = 1.0
"""What wakes it while it acts, and for so long after, wakes it once."""
AFTER_FAULT_S = 60.0
STOPPED_WITHIN_S = 1.0
UNREACHABLE_AGAIN_S = 2.0
"""Until it acts again where the queue did not answer, which the loop says."""

_log = structlog.get_logger(__name__)


class Beside:
    """Acts when it is woken, and when the time has come that it named the last time.

    `act` gives the seconds until it has something to do again, None for when it is woken; one that
    may take long asks now and then whether it `is_ending`. If it raises, that is said, and nothing
    is done for `after_fault_s`.
    """

    def __init__(
        self,
        name: str,
        act: Callable[[], float | None],
        *,
        gathered_s: float = GATHERED_S,
        after_fault_s: float = AFTER_FAULT_S,
        stopped_within_s: float = STOPPED_WITHIN_S,
    ) -> None:
        self._act = act
        self._gathered_s = gathered_s
        self._after_fault_s = after_fault_s
        self._stopped_within_s = stopped_within_s
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_ending(self) -> bool:
        """Tell whether to end at once."""
        return self._ending.is_set()

    def start(self) -> None:
        """Begin, with an act at once."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look whether there is something to do. A hint: it looks by itself, too."""
        self._woken.set()

    def stop(self) -> None:
        """End it; what takes longer than `stopped_within_s` is not waited for."""
        self.end()
        self.join(self._stopped_within_s)

    def end(self) -> None:
        """Ask it to end, which `join` waits for."""
        self._ending.set()
        self._woken.set()

    def join(self, within_s: float) -> None:
        """Wait for its end; if it is in the middle of something longer, leave it at that.

        One that never began has ended.
        """
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        while not self.is_ending:
            try:
                self._woken.wait(self._act())
            except (OSError, VqdError) as error:
                self._rest_after(error)
            except Exception as error:  # noqa: BLE001 - the top of a thread: said, then tried again
                self._rest_after(error, is_fault=True)
            self._woken.clear()
            self._ending.wait(self._gathered_s)

    def _rest_after(self, error: Exception, *, is_fault: bool = False) -> None:
        if self.is_ending:
            return  # the store may be closed by now
        if isinstance(error, VqdError) and error.code == STORE_UNREACHABLE:
            self._ending.wait(UNREACHABLE_AGAIN_S)
            return
        about = {"thread": self._thread.name, "again_s": self._after_fault_s}
        if is_fault:
            _log.error("beside.failed", **about, exc_info=error)
        else:
            _log.warning("beside.postponed", **about, error=str(error))
        self._ending.wait(self._after_fault_s)
