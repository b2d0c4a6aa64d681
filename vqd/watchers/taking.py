"""Taking what takes long, a slice at a time, so that nothing else is kept waiting."""

import time

import structlog

from vqd.service.hot import Taken, Taking

SLICE_S = 0.2

_log = structlog.get_logger(__name__)


class Taker:
    """Takes one drop after another."""

    def __init__(self) -> None:
        self._drop = ""
        self._taking: Taking | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a drop is on its way."""
        return self._taking is not None

    def begin(self, drop: str, taking: Taking) -> None:
        """Begin to take a drop, called so in the log."""
        self._drop, self._taking = drop, taking

    def go_on(self) -> float:
        """Take for one slice of time, and one step at least; gives the seconds until there is more
        to do.

        Raises:
            OSError, VqdError: the drop cannot be taken; it is not on its way any more.
        """
        taking, self._taking = self._taking, None
        if taking is None:
            return 0.0
        until = time.monotonic() + SLICE_S
        try:
            pause_s = next(taking) or 0.0
            while not pause_s and time.monotonic() < until:
                pause_s = next(taking) or 0.0
        except StopIteration as end:
            self._tell(end.value)
            return 0.0
        self._taking = taking
        return pause_s

    def finish(self) -> None:
        """Take what is on its way to where nothing is left to do but to wait.

        Raises:
            OSError, VqdError: as `go_on`.
        """
        while self.is_busy and not self.go_on():
            pass

    def _tell(self, taken: Taken) -> None:
        draft = taken.draft
        _log.info(
            "drop.taken",
            drop=self._drop,
            job=taken.job,
            prompts=draft.total,
            workflow=draft.workflow,
        )
