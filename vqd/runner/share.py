"""The spool as the loop asks after it: a share whose server is dead never holds the loop up.

While a question is without an answer the share counts as away, and no other is asked.
"""

import time
from collections.abc import Callable
from functools import partial
from math import inf
from typing import TypeVar

from vqd.domain.errors import VqdError
from vqd.spool.asking import ANSWERS_WITHIN_S, Asker, Silent
from vqd.spool.layout import PAUSED, Spool

BELIEVED_S = 0.2
"""How long a job's folder is believed to be where it was: it may be deleted at any moment, too."""
FREE_BELIEVED_S = 0.05
"""How long it is believed that nothing stands in the way: `PAUSE` is put there at any moment."""

_SILENT = "it does not answer"

T = TypeVar("T")


class ShareAway(Exception):
    """The share is not there, or does not answer; what is wrong, in a few words."""


class Share:
    """Asks after the spool. `on_answer` is called when an answer came that was not waited for."""

    def __init__(
        self,
        spool: Spool,
        *,
        on_answer: Callable[[], None],
        answers_within_s: float = ANSWERS_WITHIN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._asker = Asker(on_answer=on_answer, answers_within_s=answers_within_s)
        self._believed: dict[str, float] = {}
        self._free_until = -inf

    def held_by(self) -> str | None:
        """Say why nothing may be sent to a server; None if nothing stands in the way."""
        now = self._clock()
        if now < self._free_until:
            return None
        try:
            held = self._ask(partial(_held_by, self._spool))
        except ShareAway as away:
            held = f"share away: {away}"
        self._free_until = -inf if held else now + FREE_BELIEVED_S
        return held

    def why_away(self) -> str | None:
        """Say why the share counts as away; None if it is there."""
        try:
            return self._ask(self._spool.why_away)
        except ShareAway as away:
            return str(away)

    def mark(self) -> str:
        """Give the mark of the spool.

        Raises:
            ShareAway: nobody can tell.
        """
        return self._ask(lambda: self._spool.marker.word)

    def has_active(self, job: str) -> bool:
        """Tell whether the folder of a job is where it belongs.

        Raises:
            ShareAway: nobody can tell.
        """
        now = self._clock()
        if now < self._believed.get(job, now):
            return True
        is_active = self._ask(partial(self._spool.has_active, job))
        if is_active:
            still = {other: until for other, until in self._believed.items() if now < until}
            self._believed = {**still, job: now + BELIEVED_S}
        return is_active

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return self._asker.ask(question)
        except Silent:
            raise ShareAway(_SILENT) from None
        except (OSError, VqdError) as error:
            raise ShareAway(str(error)) from error


def _held_by(spool: Spool) -> str | None:
    if spool.is_paused():
        return PAUSED
    away = spool.why_away()
    return f"share away: {away}" if away else None
