"""Questions to a share, asked by threads of their own: one that is dead holds nobody up for long.

A call to such a share may take ten seconds (CIFS), or never return (NFS), and a thread that is in
one cannot be ended. So a few threads make these calls, and whoever asks waits as long as it likes.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

ANSWERS_WITHIN_S = 1.0
IDLE_S = 0.2
"""After so long without a question a thread ends that asks them."""

T = TypeVar("T")


class Silent(Exception):
    """The share does not answer."""


class Askers:
    """Threads that ask, `most` of them; each is there while there are questions."""

    def __init__(self, most: int = 1, *, name: str = "share") -> None:
        self._most = most
        self._name = name
        self._questions: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0

    def asked(self, question: Callable[[], T]) -> "Future[T]":
        """Have a question answered in its turn; until that comes it may be cancelled."""
        answer: Future[T] = Future()
        with self._changed:
            self._questions.append((question, answer))
            if len(self._questions) > self._idle and self._threads < self._most:
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
                self._threads += 1
            self._changed.notify()
        return answer

    def _run(self) -> None:
        while (asked := self._next()) is not None:
            _answer(*asked)

    def _next(self) -> tuple[Callable[[], Any], Future[Any]] | None:
        with self._changed:
            self._idle += 1
            is_asked = self._changed.wait_for(lambda: self._questions, IDLE_S)
            self._idle -= 1
            self._threads -= not is_asked
            return self._questions.popleft() if is_asked else None


class Asker:
    """Asks one question after the other, and waits for each so long; while one is without an answer
    longer than that, no other is asked. Any thread may.

    `on_answer` is called when an answer came that was not waited for.
    """

    def __init__(
        self,
        *,
        on_answer: Callable[[], None] = lambda: None,
        answers_within_s: float = ANSWERS_WITHIN_S,
    ) -> None:
        self._on_answer = on_answer
        self._answers_within_s = answers_within_s
        self._askers = Askers()
        self._overdue: Future[Any] | None = None

    def ask(self, question: Callable[[], T]) -> T:
        """Give what a question gives.

        Raises:
            Silent: nothing came of it in time; and whatever it raises.
        """
        if self._overdue is not None and not self._overdue.done():
            raise Silent
        answer = self._askers.asked(question)
        try:
            return answer.result(self._answers_within_s)
        except TimeoutError:
            if answer.done():
                raise  # of the share itself
        self._overdue = answer
        answer.add_done_callback(lambda _: self._on_answer())
        raise Silent


def _answer(question: Callable[[], T], answer: "Future[T]") -> None:
    if not answer.set_running_or_notify_cancel():
        return  # nobody waits for it any more
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - handed to who asked
        answer.set_exception(error)
