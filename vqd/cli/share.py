"""The spool as verbs look at it: it may lie on a share that does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.cli.knocking import ANSWERS_WITHIN_S, Door
from vqd.domain.errors import VqdError
from vqd.spool.layout import Spool

if TYPE_CHECKING:
    from pathlib import Path


class Share:
    """A spool that is asked whether it answers before anything is looked at there."""

    def __init__(self, root: Path) -> None:
        self._spool = Spool(root)
        self._door = Door([root])

    def why_away(self) -> str | None:
        """Say what is missing of the spool, or that it does not answer; None if it is there."""
        if not self._door.answers():
            return f"it does not answer within {ANSWERS_WITHIN_S:g} s"
        return self._spool.why_away()

    def if_answering(self) -> Spool | None:
        """Give the spool, which may be away; None while it does not answer."""
        return self._spool if self._door.answers() else None

    def answering(self) -> Spool:
        """Give the spool, which may be away.

        Raises:
            VqdError: `share_silent`.
        """
        if not self._door.answers():
            said = f"{self._spool.root}: the spool does not answer within {ANSWERS_WITHIN_S:g} s."
            raise VqdError("share_silent", said, "See whether the server of the share is up.")
        return self._spool
