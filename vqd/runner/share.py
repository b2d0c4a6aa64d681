"""The spool as the loop asks after it: a share whose server is dead never holds the loop up.

Each call to such a share may take ten seconds (CIFS), or never return (NFS). So another thread
asks, and is waited for so long; while a question is without an answer the share counts as away, and
no other is asked.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from vqd.domain.errors import VqdError
from vqd.spool.layout import PAUSED, Spool

ANSWERS_WITHIN_S = 1.0
BELIEVED_S = 0.2
"""How long a job's folder is believed to be where it was: it may be deleted at any moment, too."""
IDLE_S = 0.2
"""After so long without a question the thread ends that asks them."""

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
        self._on_answer = on_answer
        self._answers_within_s = answers_within_s
        self._clock = clock
        self._asker = _Asker()
        self._asked: Future[Any] | None = None
        self._believed: dict[str, float] = {}

    def held_by(self) -> str | None:
        """Say why nothing may be sent to a server; None if nothing stands in the way."""
        try:
            return self._ask(partial(_held_by, self._spool))
        except ShareAway as away:
            return f"share away: {away}"

    def why_away(self) -> str | None:
        """Say why the share counts as away; None if it is there."""
        try:
            return self._ask(self._spool.why_away)
        except ShareAway as away:
            return str(away)

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
        if self._asked is not None and not self._asked.done():
            raise ShareAway(_SILENT)
        answer: Future[T] = Future()
        self._asker.ask(question, answer)
        try:
            return answer.result(self._answers_within_s)
        except (OSError, VqdError) as error:
            if answer.done() and answer.exception() is error:
                raise ShareAway(str(error)) from error
        self._asked = answer
        answer.add_done_callback(lambda _: self._on_answer())
        raise ShareAway(_SILENT)


class _Asker:
    """A thread that asks one question after the other; it is there while there are some."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_there = False

    def ask(self, question: Callable[[], Any], answer: Future[Any]) -> None:
        """Have a question answered."""
        with self._lock:
            self._questions.put((question, answer))
            if not self._is_there:
                self._is_there = True
                threading.Thread(target=self._run, name="share", daemon=True).start()

    def _run(self) -> None:
        while (asked := self._next()) is not None:
            _answer(*asked)

    def _next(self) -> tuple[Callable[[], Any], Future[Any]] | None:
        with suppress(Empty):
            return self._questions.get(timeout=IDLE_S)
        with self._lock:
            self._is_there = not self._questions.empty()
            return self._questions.get() if self._is_there else None


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
