"""The whole queue: whether it goes on, and what keeps it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.service.explain import Stop
from vqd.spool.asking import Asker, Silent
from vqd.spool.layout import Spool
from vqd.spool.waiting import waiting_in

T = TypeVar("T")

_SILENT = "it does not answer"


@frozen
class Standing:
    """What is missing of the spool, if it is `away`, and whether PAUSE lies in it: nothing new is
    sent to any server then."""

    away: str | None
    is_paused: bool

    @property
    def stops(self) -> Sequence[Stop]:
        """Give what keeps everything from being sent."""
        if self.away is not None:
            cure = "It goes on by itself when the share is back."
            return [Stop("share_away", f"the share is away: {self.away}", cure)]
        if self.is_paused:
            cure = "vqd resume takes it away, and everything goes on."
            return [Stop("paused", "PAUSE lies in the spool", cure)]
        return []


class Switch:
    """Pauses everything and lets it go on, by PAUSE in the spool, as anybody may by hand.

    A spool that does not answer counts as away, and is as it was when it was last heard of.
    """

    def __init__(self, spool: Spool, asker: Asker, *, on_change: Callable[[], None]) -> None:
        self._spool = spool
        self._asker = asker
        self._on_change = on_change
        self._was_paused = False

    def standing(self) -> Standing:
        """Look how the spool stands; another thread does, so whoever asks does so once."""
        try:
            standing = self._asker.ask(self._look)
        except Silent:
            return Standing(_SILENT, self._was_paused)
        self._was_paused = standing.is_paused
        return standing

    @property
    def waiting(self) -> Sequence[str]:
        """Give what of the inbox is not taken yet: `NAME: why`."""
        try:
            return self._asker.ask(partial(waiting_in, self._spool.inbox))
        except Silent:
            return ()

    def pause(self) -> None:
        """Send nothing new to any server; what runs goes on to its end.

        Raises:
            VqdError: `spool_away`.
        """
        self._ask(self._spool.pause)
        self._on_change()

    def resume(self) -> bool:
        """Let everything go on; False if it was not paused.

        Raises:
            VqdError: `spool_away`.
        """
        self._ask(self._spool.require_present)
        was_paused = self._ask(self._spool.resume)
        self._on_change()
        return was_paused

    def _look(self) -> Standing:
        return Standing(self._spool.why_away(), self._spool.is_paused())

    def _ask(self, act: Callable[[], T]) -> T:
        try:
            return self._asker.ask(act)
        except Silent:
            hint = "Try it again once the share is back."
            raise VqdError("spool_away", f"The spool is away: {_SILENT}.", hint) from None
