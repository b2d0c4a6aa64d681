"""A process that has something of its own, and is killed as a child that it starts has it, too."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_FORKS = """
child = os.fork()
if child:
    print(child, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
signal.pause()
"""


@contextmanager
def killed_as_it_forks(has: str, *arguments: str) -> Iterator[threading.Event]:
    """Have a process killed that `has` something, as this says in Python. Its child is ended in a
    moment; gives what tells of that."""
    source = f"import os, signal, sys\n{has}{_FORKS}"
    with subprocess.Popen(
        [sys.executable, "-c", source, *arguments], stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        child = int(killed.stdout.readline())
        assert killed.wait() == -signal.SIGKILL
        is_ended = threading.Event()

        def end() -> None:
            is_ended.set()
            os.kill(child, signal.SIGKILL)

        ends = threading.Timer(0.3, end)
        ends.start()
        try:
            yield is_ended
        finally:
            ends.join()
