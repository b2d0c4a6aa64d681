"""How each mounted directory is seen: do events tell of what happens there, does a lease prove
anything, and how far apart must two looks be that agree?

By the type of its file system; where that is not known, by making a file and seeing whether an
event comes. It is judged again when anything is mounted or unmounted.
"""

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from vqd.domain.frozen import frozen
from vqd.spool.layout import PROBE
from vqd.spool.mounts import (
    LOCAL_TYPES,
    MountTable,
    WatchMode,
    filesystem_type,
    is_fuse,
    is_network,
)
from vqd.watchers.hints import Hint, Hints

POLL_S = 3.0
NETWORK_POLL_S = 10.0
"""What a mount knows of a file may be this old: 1 s on CIFS, 3 s on NFS (nfs(5), acregmin)."""
SSHFS_POLL_S = 25.0
"""What sshfs knows is up to 20 s old (sshfs(1), dcache_timeout); 21.6 s were seen."""
_PROBED_WITHIN_S = 1.0

_log = structlog.get_logger(__name__)


@frozen
class Sight:
    """How a directory is seen.

    `is_polled`: nobody tells of what happens there. `is_local`: this kernel alone writes there, so
    that a lease proves that nobody does, and times tell at once of what has changed.
    `settle_poll_s`: how far apart two looks must agree, where it is not.
    """

    is_polled: bool
    is_local: bool
    settle_poll_s: float


class Seeing:
    """Judges each mounted directory once, and again when the mounts change. Nothing is open before
    it is asked."""

    def __init__(
        self,
        mode: WatchMode,
        *,
        settle_poll_s: float | None = None,
        type_of: Callable[[Path], str] = filesystem_type,
    ) -> None:
        self._mode = mode
        self._settle_poll_s = settle_poll_s
        self._type_of = type_of
        self._mounts: MountTable | None = None
        self._sights: dict[int, Sight] = {}

    def at(self, path: Path) -> Sight:
        """Say how a file or folder is seen; of a link, the link and not what it leads to.

        Raises:
            OSError: it is not there.
        """
        if self._mounts is None:
            self._mounts = MountTable()
        elif self._mounts.has_changed():
            self._sights.clear()
        facts = os.lstat(path)
        sight = self._sights.get(facts.st_dev)
        if sight is None:
            judged = path.parent if stat.S_ISLNK(facts.st_mode) else path
            sight = self._sights[facts.st_dev] = self._judged(judged)
        return sight

    def is_polled(self, path: Path) -> bool:
        """Tell whether no event can be relied on to tell of what happens there."""
        return self.at(path).is_polled

    def close(self) -> None:
        """Let go of the table of mounts."""
        if self._mounts is not None:
            self._mounts.close()

    def _judged(self, path: Path) -> Sight:
        kind = self._type_of(path)
        sight = Sight(
            is_polled=self._is_polled(kind, path),
            is_local=kind in LOCAL_TYPES and self._mode != "poll",
            settle_poll_s=self._settle_poll_s or _poll_s(kind),
        )
        _log.info("sight.judged", path=str(path), type=kind, polled=sight.is_polled)
        return sight

    def _is_polled(self, kind: str, path: Path) -> bool:
        if self._mode != "auto":
            return self._mode == "poll"
        if is_network(kind) or is_fuse(kind):
            return True
        folder = path if path.is_dir() else path.parent
        return kind not in LOCAL_TYPES and not gets_events(folder)


def _poll_s(kind: str) -> float:
    if kind == "fuse.sshfs":
        return SSHFS_POLL_S
    return NETWORK_POLL_S if is_network(kind) else POLL_S


def gets_events(folder: Path) -> bool:
    """Tell whether an event comes when a file is made in a folder; no where none can be made."""
    came = _AnyHint()
    hints = Hints(came)
    try:
        hints.watch(folder)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=PROBE):
            return came.wait(_PROBED_WITHIN_S)
    except OSError:
        return False
    finally:
        hints.stop()


class _AnyHint(threading.Event):
    """Is set by the first hint."""

    def on_hint(self, _hint: Hint) -> None:
        self.set()

    def on_gone(self, _folder: Path) -> None:
        """Nothing comes any more."""

    def on_overflow(self) -> None:
        self.set()
