"""The spool as verbs look at it: it may lie on a share that does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.domain.errors import VqdError
from vqd.spool.asking import Asker, Silent
from vqd.spool.layout import Spool

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS_WITHIN_S = 5.0
"""So long a person waits for a share."""


class Share:
    """A spool that is asked whether it answers before anything else is looked at there."""

    def __init__(self, root: Path) -> None:
        self._spool = Spool(root)
        self._asker = Asker(answers_within_s=ANSWERS_WITHIN_S)

    def why_away(self) -> str | None:
        """Say what is missing of the spool, or that it does not answer; None if it is there."""
        try:
            return self._asker.ask(self._spool.why_away)
        except Silent:
            return f"it does not answer within {ANSWERS_WITHIN_S:g} s"

    def if_answering(self) -> Spool | None:
        """Give the spool, which may be away; None while it does not answer."""
        try:
            self._asker.ask(self._spool.why_away)
        except Silent:
            return None
        return self._spool

    def answering(self) -> Spool:
        """Give the spool, which may be away.

        Raises:
            VqdError: `share_silent`.
        """
        spool = self.if_answering()
        if spool is None:
            said = f"{self._spool.root}: the spool does not answer within {ANSWERS_WITHIN_S:g} s."
            raise VqdError("share_silent", said, "See whether the server of the share is up.")
        return spool
