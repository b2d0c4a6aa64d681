"""Room on disk: what is free where vqd writes, and what is to stay free of it.

Below the reserve nothing new is begun: no drop is taken and no prompt is sent. What was begun may
use half of the reserve to come to its end: outputs are brought home and jobs are closed. The other
half is for the small files that say so.

What it cannot know: quotas, which statvfs(3) tells of on some file systems only. What is refused
because of one is found out when it is written.
"""

import errno
import math
import os
from collections.abc import Callable
from pathlib import Path

from vqd.documents.sizes import size_told
from vqd.domain.frozen import frozen
from vqd.spool.reserve import Reserve

_CURE = "make room there"
_OF_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@frozen
class Space:
    """What a file system has where a folder lies; files are None where it does not count them."""

    folder: Path
    free_bytes: int
    total_bytes: int
    free_files: int | None
    total_files: int | None
    is_read_only: bool


@frozen
class Shortage:
    """What there is too little of, in words without a full stop, and what would change that."""

    folder: Path
    said: str
    cure: str

    def __str__(self) -> str:
        """Give it in one line."""
        return f"{self.said}: {self.cure}"


class NoRoom(OSError):
    """Something is not written, because the little that is left is for others."""

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(errno.ENOSPC, str(shortage))
        self.shortage = shortage


@frozen
class Disks:
    """The disks that vqd writes to, at one moment: the spool's, and that of its state. One that
    does not tell is left out."""

    spool: Space | None
    state: Space | None
    reserve: Reserve

    @property
    def left_bytes(self) -> float:
        """Give how many bytes the spool has above its reserve; infinitely many if nobody knows."""
        if self.spool is None:
            return math.inf
        return max(0.0, self.spool.free_bytes - self.reserve.bytes_of(self.spool.total_bytes))

    def shortage(self, *, kept: float = 1.0, planned_bytes: float = 0.0) -> Shortage | None:
        """Say what there is too little of; None if there is enough.

        `kept` is how much of the reserve is to be free: 1 to begin anything, less to end it. So
        many bytes more are to be free in the spool as are `planned_bytes`.
        """
        return self._short_of(self.spool, kept, planned_bytes) or self._short_of(self.state, kept)

    def require_end(self) -> None:
        """Do nothing while what was begun may come to its end.

        Raises:
            NoRoom: half of the reserve is used up.
        """
        short = self.shortage(kept=0.5)
        if short is not None:
            raise NoRoom(short)

    def _short_of(
        self, space: Space | None, kept: float, planned_bytes: float = 0.0
    ) -> Shortage | None:
        if space is None:
            return None
        if space.is_read_only:
            said = f"{space.folder} is read-only"
            return Shortage(space.folder, said, "mount it so that it can be written")
        reserved = kept * self.reserve.bytes_of(space.total_bytes)
        if space.free_bytes < reserved + planned_bytes:
            said = f"{space.folder} has {size_told(space.free_bytes)} free,"
            said += f" less than the {size_told(reserved)} that stay free (reserve)"
            if planned_bytes:
                said += f" and the {size_told(planned_bytes)} that are wanted"
            return Shortage(space.folder, said, _CURE)
        reserved = kept * self.reserve.files_of(space.total_files or 0)
        if space.free_files is not None and space.free_files < reserved:
            said = f"{space.folder} has room for {space.free_files:,} files (inodes),"
            said += f" less than the {reserved:,.0f} that stay free (reserve)"
            return Shortage(space.folder, said, _CURE)
        return None


LookAtDisks = Callable[[], Disks]
"""Gives how the disks are now; waits where a share does not answer."""


def disks_at(spool: Path, state_dir: Path, reserve: Reserve) -> Disks:
    """Look at the disks of a spool and of its state, of which so much stays free."""
    return Disks(_space_at(spool), _space_at(state_dir), reserve)


def _space_at(folder: Path) -> Space | None:
    try:
        return space_at(folder)
    except OSError:
        return None  # it is away, which others say


def space_at(folder: Path) -> Space:
    """Give what is free where a folder lies, to whoever is not root.

    Raises:
        OSError: it is not there, or does not tell.
    """
    facts = os.statvfs(folder)
    counts_files = facts.f_files > 0  # btrfs and some network file systems do not
    return Space(
        folder=folder,
        free_bytes=facts.f_bavail * facts.f_frsize,
        total_bytes=facts.f_blocks * facts.f_frsize,
        free_files=facts.f_favail if counts_files else None,
        total_files=facts.f_files if counts_files else None,
        is_read_only=bool(facts.f_flag & os.ST_RDONLY),
    )


def require_room(folder: Path, size_bytes: int) -> None:
    """Do nothing if so many bytes have room where a folder lies.

    Raises:
        OSError: ENOSPC, before anything is written in vain.
    """
    if size_bytes > space_at(folder).free_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def is_of_disk(error: OSError) -> bool:
    """Tell whether a disk refuses everybody: it is full, read-only, or broken."""
    return error.errno in _OF_DISK


def refusal(error: OSError, folder: Path) -> str:
    """Say in words that something cannot be written in a folder, without a full stop."""
    if isinstance(error, NoRoom):
        return str(error.shortage)
    where = error.filename2 or error.filename or folder
    return f"{where} cannot be written: {error.strerror}"
