"""The spool as verbs look at it: it may lie on a share that does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.cli.answering import WITHIN_S, Question
from vqd.domain.errors import VqdError
from vqd.spool.layout import Spool

if TYPE_CHECKING:
    from pathlib import Path

SILENT = "share_silent"


class Share:
    """A spool that is asked whether it answers before anything else is looked at there."""

    def __init__(self, root: Path) -> None:
        self._spool = Spool(root)
        said = f"{root}: the spool does not answer within {WITHIN_S:g} s."
        silent = VqdError(SILENT, said, "See whether the server of the share is up.")
        self._why_away = Question(self._spool.why_away, silent)

    def why_away(self) -> str | None:
        """Say what is missing of the spool, or that it does not answer; None if it is there."""
        try:
            return self._why_away.answer()
        except VqdError as error:
            if error.code != SILENT:
                raise
            return f"it does not answer within {WITHIN_S:g} s"

    def answering(self) -> Spool:
        """Give the spool, which may be away.

        Raises:
            VqdError: `share_silent`.
        """
        self._why_away.answer()
        return self._spool

    def if_answering(self) -> Spool | None:
        """Give the spool; None while it does not answer."""
        try:
            return self.answering()
        except VqdError as error:
            if error.code != SILENT:
                raise
            return None
