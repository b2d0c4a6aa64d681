"""One daemon to a spool on one machine, whatever its state_dir.

By the name of an abstract socket (unix(7)), made of the marker's device and inode: the kernel gives
it to one process and takes it back when that ends, and no file on the share stays open for it. What
it cannot know: a daemon on another machine that mounts the same share.
"""

import errno
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.spool.layout import Spool

LET_GO_S = 5.0
"""How long is waited for what a killed daemon had: a child that it was just starting has everything
that was its own until that runs."""
_LOOK_EVERY_S = 0.01

_CREDENTIALS = struct.Struct("3i")


@contextmanager
def held(spool: Spool) -> Iterator[None]:
    """Be the only one who serves the spool, until the block ends.

    Raises:
        VqdError: `spool_away`; `spool_taken`, another process serves it.
    """
    spool.require_present()
    with closing(socket.socket(socket.AF_UNIX)) as holder:
        _bind(holder, spool)
        holder.listen(1)
        yield


def gained(take: Callable[[], bool], holder: Callable[[], int]) -> bool:
    """Take what one process has at a time; False if another has it. What its `holder` has, who was
    killed, is waited for."""
    if take():
        return True
    pid, until = holder(), time.monotonic() + LET_GO_S
    while not take():
        if not _has_ended(pid) or time.monotonic() > until:
            return False
        threading.Event().wait(_LOOK_EVERY_S)
    return True


def _bind(holder: socket.socket, spool: Spool) -> None:
    name = f"\0vqd-spool-{spool.marker.identity}"
    if not gained(lambda: _is_bound(holder, name), lambda: _pid_behind(name)):
        pid = _pid_behind(name)
        said = f"Another vqd serves {spool.root} already{f' (pid {pid})' if pid else ''}."
        raise VqdError("spool_taken", said, "Stop that one first, or name another spool.")


def _is_bound(holder: socket.socket, name: str) -> bool:
    """Give a socket a name; False if that is another's."""
    try:
        holder.bind(name)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def _pid_behind(name: str) -> int:
    """Give the process that listens at an address, or did before it forked; 0 if that is not told,
    as of one in another container."""
    with closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.setblocking(False)
        if asking.connect_ex(name):
            return 0
        facts = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(facts)[0]
    return pid


def _has_ended(pid: int) -> bool:
    return pid > 0 and not Path(f"/proc/{pid}").exists()
