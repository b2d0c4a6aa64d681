"""The whole queue: whether it goes on, and what keeps it."""

from collections.abc import Callable, Sequence

from vqd.service.explain import Stop
from vqd.spool.layout import Spool
from vqd.spool.waiting import waiting_in


class Switch:
    """Pauses everything and lets it go on, by PAUSE in the spool, as anybody may by hand."""

    def __init__(self, spool: Spool, *, on_change: Callable[[], None]) -> None:
        self._spool = spool
        self._on_change = on_change

    @property
    def is_paused(self) -> bool:
        """Tell whether nothing new is sent to any server."""
        return self._spool.is_paused()

    @property
    def away(self) -> str | None:
        """Say what is missing of the spool; None if it is there."""
        return self._spool.why_away()

    @property
    def waiting(self) -> Sequence[str]:
        """Give what of the inbox is not taken yet: `NAME: why`."""
        return waiting_in(self._spool.inbox)

    def pause(self) -> None:
        """Send nothing new to any server; what runs goes on to its end.

        Raises:
            VqdError: `spool_away`.
        """
        self._spool.pause()
        self._on_change()

    def resume(self) -> bool:
        """Let everything go on; False if it was not paused.

        Raises:
            VqdError: `spool_away`.
        """
        self._spool.require_present()
        was_paused = self._spool.resume()
        self._on_change()
        return was_paused

    def stops(self) -> Sequence[Stop]:
        """Give what keeps everything from being sent."""
        away = self.away
        if away is not None:
            cure = "It goes on by itself when the share is back."
            return [Stop("share_away", f"the share is away: {away}", cure)]
        if self.is_paused:
            cure = "vqd resume takes it away, and everything goes on."
            return [Stop("paused", "PAUSE lies in the spool", cure)]
        return []
