"""A house on a disk whose power can be cut: an ext4 of its own in a file, shut down as it is.

After the cut the kernel writes nothing more of it, neither data nor journal (EXT4_IOC_SHUTDOWN with
NOLOGFLUSH, ext4 in Linux); mounted again, it has what was synced, and what the journal had.
"""

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.mounts import tool
from tests.waiting import wait_for

_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = struct.pack("I", 2)
_MEGABYTES = 32
_LIBC = ctypes.CDLL(None, use_errno=True)


def why_no_cut(folder: Path) -> str | None:
    """Say why no power can be cut here, tried out in a folder; None if it can."""
    if tool("mkfs.ext4") is None:
        return "mkfs.ext4 is not installed"
    (folder / "nothing").mkdir()
    try:
        with Disk(folder / "nothing", folder / "tried", is_cut=True, within_s=2) as disk:
            disk.cut()
            disk.restore()
    except (AssertionError, OSError) as error:
        return f"no file system in a file can be mounted, or cut off, by this user: {error}"
    return None


class Disk:
    """A copy of the folder `base` at `folder`; on a disk of its own if power is to be cut."""

    def __init__(self, base: Path, folder: Path, *, is_cut: bool, within_s: float = 60) -> None:
        self.folder = folder
        self._base = base
        self._within_s = within_s
        self._image = folder.with_name(f"{folder.name}.img") if is_cut else None

    def __enter__(self) -> "Disk":
        if self._image is None:
            shutil.copytree(self._base, self.folder)
            return self
        with self._image.open("wb") as file:
            file.truncate(_MEGABYTES << 20)
        subprocess.run([str(tool("mkfs.ext4")), "-q", str(self._image)], check=True)
        self.folder.mkdir()
        self._mount()
        shutil.copytree(self._base, self.folder, dirs_exist_ok=True)
        self.sync()
        return self

    def __exit__(self, *_: object) -> None:
        if self._image is not None:
            self._unmount()
            self._image.unlink()

    def sync(self) -> None:
        """Write down all that is on it: what was done until now lasts (syncfs(2))."""
        if self._image is not None:
            self._with_root(_LIBC.syncfs)

    def cut(self) -> None:
        """Cut the power: from now on nothing reaches the disk."""
        self._with_root(lambda root: fcntl.ioctl(root, _SHUTDOWN, _NO_LOG_FLUSH))

    def restore(self) -> None:
        """Have the power back: what is on the disk is there, and no more. Nobody may use it."""
        if self._image is not None:
            self._unmount()
            self._mount()

    def _with_root(self, act: Callable[[int], object]) -> None:
        root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            act(root)
        finally:
            os.close(root)

    def _mount(self) -> None:
        """Mount it, once there is a loop device for it."""
        command = ["mount", "-o", "loop", str(self._image), str(self.folder)]
        wait_for(
            lambda: not subprocess.run(command, check=False, capture_output=True).returncode,
            within_s=self._within_s,
            what=f"the mount at {self.folder}",
        )

    def _unmount(self) -> None:
        """Take it away once whoever was killed has let go of it."""
        command = ["umount", str(self.folder)]
        wait_for(
            lambda: not subprocess.run(command, check=False, capture_output=True).returncode,
            within_s=30,
            what=f"the end of {self.folder}",
        )
