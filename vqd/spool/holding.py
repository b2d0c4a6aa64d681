"""One daemon to a spool on one machine, whatever its state_dir.

By the name of an abstract socket (unix(7)), made of the marker's device and inode: the kernel gives
it to one process and takes it back when that ends, and no file on the share stays open for it. What
it cannot know: a daemon on another machine that mounts the same share.
"""

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager

from vqd.domain.errors import VqdError
from vqd.spool.layout import Spool

_CREDENTIALS = struct.Struct("3i")


@contextmanager
def held(spool: Spool) -> Iterator[None]:
    """Be the only one who serves the spool, until the block ends.

    Raises:
        VqdError: `spool_away`; `spool_taken`, another process serves it.
    """
    spool.require_present()
    name = f"\0vqd-spool-{spool.identity}"
    with closing(socket.socket(socket.AF_UNIX)) as holder:
        try:
            holder.bind(name)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            said = f"Another vqd serves {spool.root} already{_by_whom(name)}."
            hint = "Stop that one first, or name another spool."
            raise VqdError("spool_taken", said, hint) from error
        holder.listen(1)
        yield


def _by_whom(name: str) -> str:
    with closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.setblocking(False)
        if asking.connect_ex(name):
            return ""
        facts = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, _, _ = _CREDENTIALS.unpack(facts)
    return f" (pid {pid})"
