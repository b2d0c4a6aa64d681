"""Answers that are not waited for long: a share whose server is dead gives none, or very late."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from vqd.domain.errors import VqdError

T = TypeVar("T")

WITHIN_S = 5.0


class Question(Generic[T]):
    """A call that may look at a share. While it has no answer it is not made again."""

    def __init__(self, call: Callable[[], T], silent: VqdError) -> None:
        """Take a call, and what is said where nobody answers it in time."""
        self._call = call
        self._silent = silent
        self._asked: threading.Thread | None = None
        self._told: list[T] = []
        self._raised: list[BaseException] = []

    def answer(self, within_s: float = WITHIN_S) -> T:
        """Make the call, in a thread that the end of the program does not wait for.

        Raises:
            VqdError: there was no answer in time; and whatever the call raises.
        """
        if self._asked is None:
            self._told, self._raised = [], []
            self._asked = threading.Thread(target=self._ask, name="ask", daemon=True)
            self._asked.start()
        self._asked.join(within_s)
        if self._asked.is_alive():
            raise self._silent
        self._asked = None
        for error in self._raised:
            raise error
        return self._told[0]

    def _ask(self) -> None:
        try:
            self._told.append(self._call())
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            self._raised.append(error)
