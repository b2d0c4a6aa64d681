"""What kind of file system a folder lies on, as /proc/self/mountinfo has it (proc(5)).

Not by statfs(2): Python has none, and all of FUSE has one magic number there, while mountinfo tells
sshfs from bindfs.
"""

import os
import re
import select
from pathlib import Path
from typing import Literal

WatchMode = Literal["auto", "native", "poll"]
"""Which directories are polled: as each is judged, none, all."""

NETWORK_TYPES = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "virtiofs"),
        *("vboxsf", "drvfs", "fakeowner"),
    }
)
LOCAL_TYPES = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "zfs", "f2fs", "bcachefs", "jfs"}
)
"""Disks of this machine alone: all that is written there goes through this kernel."""
_FUSE = "fuse"
_FUSE_OVER_LOCAL = frozenset(
    {"fuseblk", "fuse.bindfs", "fuse.mergerfs", "fuse.shfs", "fuse.gocryptfs", "fuse.encfs"}
)


def is_fuse(kind: str) -> bool:
    """Tell whether a type is FUSE, where others may write without this kernel seeing it."""
    return kind.startswith(_FUSE)


def is_network(kind: str) -> bool:
    """Tell whether a type may hold files of another machine, and old news of them."""
    return kind in NETWORK_TYPES or (is_fuse(kind) and kind not in _FUSE_OVER_LOCAL)


def filesystem_type(path: Path) -> str:
    """Give the type of the file system a path lies on: `ext4`, `fuse.sshfs`, …"""
    return _mount_of(path.resolve())[1]


def mount_point(path: Path) -> Path:
    """Give where the file system is mounted that a path lies on."""
    return _mount_of(path.resolve())[0]


def mount_point_named(path: Path) -> Path:
    """Give the mount point that a path names, through whatever links: asks no file system, which
    may not answer."""
    return _mount_of(path.absolute())[0]


def _mount_of(path: Path) -> tuple[Path, str]:
    best, kind = Path("/"), ""
    for line in _TABLE.read_bytes().splitlines():
        before, _, after = line.partition(b" - ")
        mounted = Path(os.fsdecode(_ESCAPED.sub(_unescaped, before.split()[4])))
        if path.is_relative_to(mounted) and mounted.is_relative_to(best):
            best, kind = mounted, after.split()[0].decode()
    return best, kind


class MountTable:
    """Tells whether anything was mounted or unmounted, without reading what."""

    def __init__(self) -> None:
        self._table = _TABLE.open("rb")
        self._poll = select.poll()
        self._poll.register(self._table, select.POLLPRI)

    def has_changed(self) -> bool:
        """Tell whether the table has changed since this was asked the last time."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Give the file back."""
        self._table.close()


def _unescaped(octal: re.Match[bytes]) -> bytes:
    return bytes([int(octal[1], 8)])


_TABLE = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(rb"\\([0-7]{3})")
