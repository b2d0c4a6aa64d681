"""The spool as the loop asks after it: a share whose server is dead never holds the loop up.

Each call to such a share may take ten seconds (CIFS), or never return (NFS). So each question is
asked by a thread of its own, and waited for so long; while one is without an answer the share
counts as away, and no other is asked.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

from vqd.domain.errors import VqdError
from vqd.spool.layout import PAUSED, Spool

ANSWERS_WITHIN_S = 1.0

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
    ) -> None:
        self._spool = spool
        self._on_answer = on_answer
        self._answers_within_s = answers_within_s
        self._asked: Future[Any] | None = None

    def held_by(self) -> str | None:
        """Say why nothing may be sent to a server; None if nothing stands in the way."""
        try:
            return self._ask(partial(_held_by, self._spool))
        except ShareAway as away:
            return f"share away: {away}"

    def has_active(self, job: str) -> bool:
        """Tell whether the folder of a job is where it belongs.

        Raises:
            ShareAway: nobody can tell.
        """
        return self._ask(partial(self._spool.has_active, job))

    def _ask(self, question: Callable[[], T]) -> T:
        if self._asked is not None and not self._asked.done():
            raise ShareAway(_SILENT)
        answer: Future[T] = Future()
        threading.Thread(target=_answer, args=(question, answer), name="share", daemon=True).start()
        wait([answer], self._answers_within_s)
        if not answer.done():
            self._asked = answer
            answer.add_done_callback(lambda _: self._on_answer())
            raise ShareAway(_SILENT)
        try:
            return answer.result()
        except (OSError, VqdError) as error:
            raise ShareAway(str(error)) from error


def _answer(question: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - handed to who asked
        answer.set_exception(error)


def _held_by(spool: Spool) -> str | None:
    if spool.is_paused():
        return PAUSED
    away = spool.why_away()
    return f"share away: {away}" if away else None
