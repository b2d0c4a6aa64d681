"""The end of the daemon: asked for by a signal or from within, and waited for by the main thread.

A signal's handler must take no lock, since the thread that it interrupts may hold that very lock;
and a thread that sleeps on a lock need not wake for a signal at all. So the handler does nothing:
Python writes each signal's number to a socket (`signal.set_wakeup_fd`), and the main thread does
nothing but read that.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_NO_SIGNAL = b"\0"


class Ending:
    """Whether the end was asked for; `hurry` is called at each signal after the first."""

    def __init__(self, *, hurry: Callable[[], None]) -> None:
        self.asked = threading.Event()
        self.exit_code = 0
        self._hurry = hurry
        self._told, self._tell = socket.socketpair()
        self._tell.setblocking(False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for a wish to end, until the block ends. For the main thread."""
        with closing(self._told), closing(self._tell):
            signal.set_wakeup_fd(self._tell.fileno(), warn_on_full_buffer=False)
            earlier = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
            try:
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
        heard = self._told.recv(1)
        if heard == _NO_SIGNAL:
            return
        if self.asked.is_set():
            self._hurry()
        self.asked.set()

    def _wake(self) -> None:
        self._tell.send(_NO_SIGNAL)
