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
        self.go_on()

    def go_on(self) -> None:
        """Take for one slice of time.

        Raises:
            OSError, VqdError: the drop cannot be taken; it is not on its way any more.
        """
        taking, self._taking = self._taking, None
        until = time.monotonic() + SLICE_S
        while taking is not None and self._taking is None:
            try:
                next(taking)
            except StopIteration as end:
                self._tell(end.value)
                return
            if time.monotonic() >= until:
                self._taking = taking

    def _tell(self, taken: Taken) -> None:
        draft = taken.draft
        _log.info(
            "drop.taken",
            drop=self._drop,
            job=taken.job,
            prompts=draft.total,
            workflow=draft.workflow,
        )
