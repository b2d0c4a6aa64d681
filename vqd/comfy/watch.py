"""What is heard of one prompt, for whoever waits for it."""

import time
from collections.abc import Callable
from enum import IntEnum
from threading import Condition

from vqd.comfy.account import Account
from vqd.comfy.events import Begun, Cached, Ended, Executed, PromptEvent, Step, Success
from vqd.comfy.messages import Finished
from vqd.domain.outcome import Progress


class Signal(IntEnum):
    """Why a wait came back; of several, the greatest is told first."""

    TIMED_OUT = 0
    """Nothing was heard, which proves nothing."""
    LOST = 1
    """The connection is gone: what happens now is not heard."""
    LOOK = 2
    """The connection is back, or a prompt ended that may be this one: look into the history."""
    ENDED = 3
    """The prompt is over, and its history entry is written."""


class Watch:
    """What is heard of one prompt, from when it is made until it is closed.

    Everything here is a hint: only the server's history tells the truth, and `finished` what is as
    good.
    """

    def __init__(self, prompt_id: str, on_close: Callable[["Watch"], None]) -> None:
        self.prompt_id = prompt_id
        self.client_id: str | None = None
        """What the prompt was sent with; None while it is not known."""
        self.on_end: Callable[[], None] = _nobody_is_told
        """Called by the listener when the prompt is over, before whoever waits is woken; it must be
        quick."""
        self._on_close = on_close
        self._account = Account(prompt_id)
        self._changed = Condition()
        self._signals: set[Signal] = set()
        self._progress: Progress | None = None
        self._started_at: float | None = None
        self._last_heard_at = time.monotonic()

    @property
    def progress(self) -> Progress | None:
        """How far the prompt is, as last heard; None before it was heard to start."""
        return self._progress

    @property
    def started_at(self) -> float | None:
        """When the prompt was first heard to run, by the monotonic clock; None before that."""
        return self._started_at

    @property
    def last_heard_at(self) -> float:
        """When this prompt was last heard of, or the watch begun, by the monotonic clock."""
        return self._last_heard_at

    @property
    def finished(self) -> Finished | None:
        """What the prompt's history entry has, if it ended well and all of it was heard."""
        return self._account.finished

    def wait(self, timeout_s: float) -> Signal:
        """Give the most important thing heard since the last wait, waiting for one if needed.

        Each is given once.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._signals, timeout_s)
            told = max(self._signals, default=Signal.TIMED_OUT)
            self._signals.discard(told)
            return told

    def close(self) -> None:
        """Hear no more. A thread that still waits is not woken by this."""
        self._on_close(self)

    def tell(self, signal: Signal) -> None:
        """Wake whoever waits; called by the listener."""
        if signal is Signal.LOST:
            self._account.break_off()
        with self._changed:
            self._signals.add(signal)
            self._changed.notify_all()

    def hear(self, event: PromptEvent) -> None:
        """Take in what is told of the prompt; called by the listener. Its end wakes who waits."""
        match event:
            case Step():
                self._advance(event)
            case Ended():
                self._account.end()
                self.on_end()
                self.tell(Signal.ENDED)
            case Begun() | Cached():
                self._account.add(event)
                finished_nodes = len(event.nodes) if isinstance(event, Cached) else 0
                self._advance(Step(self.prompt_id, None, 0.0, finished_nodes))
            case Executed() | Success():
                self._account.add(event)

    def _advance(self, step: Step) -> None:
        before = self._progress.finished_nodes if self._progress else 0
        finished_nodes = max(before, step.finished_nodes)
        self._progress = Progress(step.node, step.fraction, finished_nodes, step.step)
        self._last_heard_at = time.monotonic()
        self._started_at = self._started_at or self._last_heard_at


def _nobody_is_told() -> None:
    """Do nothing about the end of a prompt."""
