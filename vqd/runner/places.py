"""The prompts of ours on one server, on their way there, and on their way home.

One runs and one waits there, so that the GPU does not stand still and a cancel stays quick. Where
they end one after the other within moments, the next would come too late all the same: by then a
few more are claimed, and made ready to be sent as soon as there is a place. Those are on no server
yet, so that whatever stops them has nothing to undo.
"""

import threading
import time
from collections.abc import Callable
from itertools import islice
from math import inf

DEPTH = 2
"""Prompts on a server at once."""
READY = 2
"""Prompts that are made ready beside those, where they are short."""
COLLECTED = 4
"""Prompts whose outputs may be on their way home beside those."""
SHORT_S = 0.1
"""From one end to the next, where prompts are short."""
SHORT_AFTER = 4
"""So many in a row make them short."""
PATIENCE_S = 1.0
"""How long a prompt that is ready waits for what is not short after all."""


class Places:
    """Knows each prompt by its prompt_id. Any thread may use it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._given: dict[str, threading.Event] = {}
        self._there: set[str] = set()
        self._attempts = 0
        self._short = 0
        self._ended_at = -inf

    @property
    def usual(self) -> int:
        """How many prompts a server in good standing is given at once."""
        return DEPTH + READY if self._short >= SHORT_AFTER else DEPTH

    @property
    def given(self) -> int:
        """How many prompts it was given that it has not done with."""
        return len(self._given)

    @property
    def there(self) -> int:
        """How many of those it was sent, or is being sent."""
        return len(self._there)

    def free(self, most: int) -> range:
        """Give the places that are free, where it may be given so many prompts.

        Place 0 is the one that runs; the further back, the longer a prompt waits.
        """
        with self._lock:
            free = min(most - len(self._given), self.usual + COLLECTED - self._attempts)
            return range(len(self._given), len(self._given) + free)

    def enter(self, prompt_id: str, *, is_there: bool = False) -> None:
        """Count a prompt that is given to it, or is there since before this process."""
        with self._lock:
            self._given[prompt_id] = threading.Event()
            self._attempts += 1
            if is_there:
                self._there.add(prompt_id)
            self._let_in()

    def admit(self, prompt_id: str) -> bool:
        """Wait until a prompt that was given can be sent, or is let go; False if that takes longer
        than it is worth: another server may be free by then."""
        is_let_in = self._given[prompt_id].wait(PATIENCE_S)
        with self._lock:
            if is_let_in:
                self._there.add(prompt_id)
            else:
                self._short = 0
        return is_let_in

    def let_go(self, prompt_id: str) -> None:
        """Let a prompt wait no longer to be sent."""
        if (gate := self._given.get(prompt_id)) is not None:
            gate.set()

    def leave(self, prompt_id: str) -> None:
        """Count a prompt that it has done with, once; its outputs may still be fetched."""
        with self._lock:
            self._given.pop(prompt_id, None)
            if prompt_id in self._there:
                self._there.discard(prompt_id)
                self._note_end()
            self._let_in()

    def part(self) -> None:
        """Count an attempt that is over altogether."""
        with self._lock:
            self._attempts -= 1

    def _let_in(self) -> None:
        """Let those be sent that there is a place for, in the order in which they were given."""
        for gate in islice(self._given.values(), DEPTH):
            gate.set()

    def _note_end(self) -> None:
        now = self._clock()
        self._short = self._short + 1 if now - self._ended_at < SHORT_S else 0
        self._ended_at = now
