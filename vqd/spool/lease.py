"""Which machine serves a spool: a small file in it, which its daemon replaces every half minute.

It is judged without clocks, which two machines need not share: whoever finds the file of another
looks at it twice, further apart than it is replaced, and one that has not changed is of a daemon
that is gone. On this machine `holding` tells more, and sooner.

What it cannot know: of two that begin in one moment both may; the one that then finds the file of
the other in the place of its own ends.
"""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.spool.files import replace_quickly
from vqd.spool.layout import Spool
from vqd.spool.space import is_of_disk

LEASE = ".vqd-serving"
RENEWED_EVERY_S = 30.0
LISTENS_S = 50.0
"""Longer than a lease is not renewed, and than a mount shows how a file was before."""
_LONGEST_BYTES = 4096

_log = structlog.get_logger(__name__)


class Lease:
    """The right of this machine to serve a spool; call `renew` every `RENEWED_EVERY_S`.

    `machine` is what this machine tells itself by from every other that mounts the spool.
    """

    def __init__(self, spool: Spool, *, machine: str | None = None) -> None:
        self._spool = spool
        self._path = spool.root / LEASE
        self._machine = machine or _this_machine()
        self._renewals = 0

    def take(self, wait: Callable[[float], object]) -> None:
        """Take the lease, after a wait if another machine has one.

        Raises:
            VqdError: `spool_taken`, another machine goes on renewing it.
        """
        seen = self._read()
        if seen is not None and not self._is_mine(seen):
            _log.warning("lease.found", host=_host(seen), listens_s=LISTENS_S)
            wait(LISTENS_S)
            now = self._read()
            if now is not None and now != seen and not self._is_mine(now):
                raise self._taken_by(now)
        self._write()

    def renew(self) -> None:
        """Say that this machine still serves the spool; says nothing while that is away.

        Raises:
            VqdError: `spool_taken`, another machine took it while this one was silent.
            OSError: it cannot be written.
        """
        if not self._spool.is_present():
            return
        seen = self._read()
        if seen is not None and not self._is_mine(seen):
            raise self._taken_by(seen)
        self._write()

    def give_back(self) -> None:
        """Let another machine serve the spool at once; where this fails it has to wait."""
        if not self._spool.is_present():
            return
        with suppress(OSError):
            seen = self._read()
            if seen is not None and self._is_mine(seen):
                self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        self._renewals += 1
        told = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "machine": self._machine,
            "renewals": self._renewals,
        }
        replace_quickly(self._path, json.dumps(told).encode() + b"\n")

    def _read(self) -> bytes | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_LONGEST_BYTES)

    def _is_mine(self, lease: bytes) -> bool:
        return _told(lease).get("machine") == self._machine

    def _taken_by(self, lease: bytes) -> VqdError:
        said = f"Another vqd serves {self._spool.root} already, on {_host(lease)}."
        return VqdError("spool_taken", said, "Stop that one first, or name another spool.")


@contextmanager
def leased(spool: Spool) -> Iterator[Lease]:
    """Be the only machine that serves the spool, until the block ends. On a disk that is full the
    lease is written by the renewal that finds room.

    Raises:
        VqdError: `spool_taken`, another one does; `spool_unwritable`.
    """
    lease = Lease(spool)
    try:
        lease.take(threading.Event().wait)
    except OSError as error:
        said = f"{spool.root / LEASE} cannot be written ({error.strerror})."
        if not is_of_disk(error):
            hint = "Let the daemon's user write there."
            raise VqdError("spool_unwritable", said, hint) from error
        _log.warning("lease.unwritten", said=said)
    try:
        yield lease
    finally:
        lease.give_back()


def _host(lease: bytes) -> str:
    told = _told(lease)
    return printable(
        f"{told.get('host', 'a machine that it does not name')} (pid {told.get('pid')})"
    )


def _told(lease: bytes) -> dict[str, object]:
    """Read a lease; one that is half written or no lease at all tells nothing."""
    try:
        told = json.loads(lease)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _this_machine() -> str:
    """Give what no other machine that runs now has: `holding` sees as far as the network namespace.

    By its id, which clones share, and the boot's, which containers share (machine-id(5),
    random(4), namespaces(7)).
    """
    sources = (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id"))
    ids = [path.read_text(encoding="ascii").strip() for path in sources if path.is_file()]
    return "-".join([*ids, str(Path("/proc/self/ns/net").stat().st_ino)])
