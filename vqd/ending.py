"""What the daemon is asked by signals: to end, which a fault within asks, too, and to read its
settings again.

A signal's handler must take no lock, since the thread that it interrupts may hold that very lock;
and a thread that sleeps on a lock need not wake for a signal at all. So the handler does nothing:
Python writes each signal's number to a pipe (`signal.set_wakeup_fd`), and the main thread does
nothing but read that. It holds 65,536 of them, so that none is lost in a storm (pipe(7)).
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import FileIO

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_NO_SIGNAL = 0
_STDIN = 0


class Ending:
    """Whether the end was asked for.

    SIGHUP asks for it where it says that the terminal is gone from which the daemon was started;
    else it asks for the settings.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.exit_code = 0
        self._hurry: Callable[[], None] = _nothing
        self._on_hangup: Callable[[], None] = _nothing
        self._is_hangup_kept = False
        self._has_terminal = os.isatty(_STDIN)
        self._told: FileIO
        self._tell: FileIO | None = None

    @contextmanager
    def keeping_hangups(self) -> Iterator[None]:
        """Keep SIGHUP, which would kill, until the daemon listens. For the main thread.

        systemd takes a service that SIGHUP killed for one that ended well, and starts it no more
        (systemd.service(5), SuccessExitStatus=).
        """

        def keep(*_: object) -> None:
            self._is_hangup_kept = True

        earlier = signal.signal(signal.SIGHUP, keep)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, earlier)

    @contextmanager
    def listening(
        self, *, hurry: Callable[[], None], on_hangup: Callable[[], None]
    ) -> Iterator[None]:
        """Take signals for what they ask, until the block ends. For the main thread.

        `hurry` is called at each after the first that asks for the end, `on_hangup` where one asks
        for the settings; it must not take long.
        """
        self._hurry, self._on_hangup = hurry, on_hangup
        told, tell = os.pipe()
        os.set_blocking(tell, False)
        with FileIO(told) as self._told, FileIO(tell, "w") as self._tell:
            signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
            earlier = {number: signal.signal(number, _nothing) for number in _SIGNALS}
            try:
                if self._is_hangup_kept:
                    self._take(signal.SIGHUP)
                yield
            finally:
                for number, handler in earlier.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(-1)

    def wait(self) -> None:
        """Wait until the end is asked for; costs nothing meanwhile."""
        while not self.asked.is_set():
            self._hear()

    def carry_out(self, end: Callable[[], None]) -> None:
        """Call `end` in a thread of its own and hear of further signals until it returns.

        Raises:
            whatever `end` raised.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="ending") as pool:
            ended = pool.submit(end)
            ended.add_done_callback(lambda _: self._wake())
            while not ended.done():
                self._hear()
        ended.result()

    def fail(self) -> None:
        """Ask for the end because of a fault: the exit code is 1. Any thread may."""
        self.exit_code = 1
        self.asked.set()
        self._wake()

    def _hear(self) -> None:
        (heard,) = self._told.read(1)
        if heard != _NO_SIGNAL:
            self._take(heard)

    def _take(self, heard: int) -> None:
        if heard == signal.SIGHUP and not self._is_terminal_gone():
            self._on_hangup()
            return
        if self.asked.is_set():
            self._hurry()
        self.asked.set()

    def _is_terminal_gone(self) -> bool:
        return self._has_terminal and not os.isatty(_STDIN)

    def _wake(self) -> None:
        if self._tell is not None:
            with suppress(ValueError):  # closed: nobody waits any more
                self._tell.write(bytes([_NO_SIGNAL]))


def _nothing(*_: object) -> None:
    """Do what the handler of a signal does, and what is done before the daemon listens."""
