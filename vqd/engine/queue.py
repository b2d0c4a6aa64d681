"""What waits, what runs, and what is over: a server's queue and its history."""

import heapq
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from vqd.domain.frozen import frozen

HISTORY_LIMIT = 10_000
"""With so many entries the next one still fits; then the oldest goes (0.3.64, execution.py)."""


@frozen
class Queued:
    """A prompt that was accepted. `outputs` are the ids of the output nodes to run."""

    number: float
    prompt_id: str
    graph: Mapping[str, Any]
    extra_data: Mapping[str, Any]
    outputs: tuple[str, ...]
    interrupted: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def client_id(self) -> str | None:
        """Give the client that is told of it, None for all."""
        client_id: str | None = self.extra_data.get("client_id")
        return client_id

    def told(self) -> list[Any]:
        """Give it as `/queue` and the history show it (ComfyUI 0.3.64, execution.py)."""
        return [self.number, self.prompt_id, self.graph, self.extra_data, list(self.outputs)]


@dataclass(order=True, slots=True)
class _Place:
    number: float
    prompt_id: str
    arrival: int
    queued: Queued = field(compare=False)


class PromptQueue:
    """Any thread may use it. Lower numbers run first; equal ones in the order of their ids."""

    def __init__(self) -> None:
        self._pending: list[_Place] = []
        self._running: Queued | None = None
        self._history: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._arrivals = count()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, queued: Queued, *, tell: Callable[[], None] = lambda: None) -> None:
        """Queue a prompt; `tell` is called when it is queued, and before it can be taken."""
        with self._changed:
            place = _Place(queued.number, queued.prompt_id, next(self._arrivals), queued)
            heapq.heappush(self._pending, place)
            tell()
            self._changed.notify()

    def take(self) -> Queued | None:
        """Wait for the next prompt and make it the running one; None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            if self._closed:
                return None
            self._running = heapq.heappop(self._pending).queued
            return self._running

    def finish(self, entry: Mapping[str, Any]) -> None:
        """Move the running prompt into the history, in one step."""
        with self._changed:
            if self._running is None:
                return
            while len(self._history) > HISTORY_LIMIT:
                self._history.popitem(last=False)
            self._history[self._running.prompt_id] = entry
            self._running = None

    def interrupt(self, prompt_id: Any) -> None:
        """Ask the running prompt to stop: if it is this one, or whichever it is for None."""
        with self._changed:
            running = self._running
            if running is not None and prompt_id in (None, running.prompt_id):
                running.interrupted.set()

    def close(self) -> None:
        """Ask the running prompt to stop and let `take` end."""
        with self._changed:
            self._closed = True
            if self._running is not None:
                self._running.interrupted.set()
            self._changed.notify_all()

    def delete(self, prompt_ids: Iterable[str]) -> None:
        """Forget waiting prompts, one for each id."""
        unwanted = Counter(prompt_ids)
        with self._changed:
            kept = []
            for place in self._pending:
                if unwanted[place.prompt_id]:
                    unwanted[place.prompt_id] -= 1
                else:
                    kept.append(place)
            heapq.heapify(kept)
            self._pending = kept

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._changed:
            self._pending.clear()

    @property
    def remaining(self) -> int:
        """Count what runs and waits."""
        with self._changed:
            return len(self._pending) + (self._running is not None)

    def snapshot(self) -> Mapping[str, Any]:
        """Give the queue as `/queue` shows it."""
        with self._changed:
            return {
                "queue_running": [self._running.told()] if self._running else [],
                "queue_pending": [place.queued.told() for place in self._pending],
            }

    def history(self, prompt_id: str) -> Mapping[str, Any]:
        """Give one entry under its id, or nothing."""
        with self._changed:
            entry = self._history.get(prompt_id)
            return {} if entry is None else {prompt_id: entry}

    def histories(self, most: int | None, offset: int) -> Mapping[str, Any]:
        """Give entries, oldest first: `most` from `offset`, or the newest `most` for offset -1."""
        with self._changed:
            entries = list(self._history.items())
        if most is None:
            return dict(entries[max(offset, 0) :])
        start = len(entries) - most if offset < 0 else offset
        return dict(entries[max(start, 0) :][: max(most, 0)])

    def forget(self, prompt_ids: Iterable[str]) -> None:
        """Forget entries of the history."""
        with self._changed:
            for prompt_id in prompt_ids:
                self._history.pop(prompt_id, None)

    def forget_all(self) -> None:
        """Forget the whole history."""
        with self._changed:
            self._history.clear()
