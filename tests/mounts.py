"""File systems of a test's own: mounted, taken away, killed, and mounted again."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_for

_ALSO = "/usr/sbin:/sbin:/usr/lib/openssh:/usr/libexec/openssh:/usr/libexec"
"""Where tools lie that no user's PATH names."""


def tool(name: str) -> str | None:
    """Where a tool lies; None if it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_ALSO}")


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip a test where a tool is not installed."""
    lacking = [name for name in tools if tool(name) is None]
    said = f"{', '.join(lacking)} not installed: script/tools installs it on Debian, as root"
    return pytest.mark.skipif(bool(lacking), reason=said)


def needs_mounts(*tools: str) -> pytest.MarkDecorator:
    """Skip a test where a tool is not installed, or nobody may mount by FUSE."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return pytest.mark.skip(reason="/dev/fuse cannot be opened: no FUSE mounts here")
    return needs("fusermount3", *tools)


@contextlib.contextmanager
def bound_over(mountpoint: Path, source: Path) -> Iterator[None]:
    """Mount a folder over whatever is at `mountpoint`; skips the test where that is not allowed."""
    with _mounted(mountpoint, "--bind", str(source)):
        yield


@contextlib.contextmanager
def small_disk(mountpoint: Path, options: str) -> Iterator[Path]:
    """Mount a tmpfs, with `size=` or `nr_inodes=`; skips the test where that is not allowed."""
    with _mounted(mountpoint, "-t", "tmpfs", "-o", options, "tmpfs"):
        yield mountpoint


@contextlib.contextmanager
def disk_image(mountpoint: Path, image: Path, *, megabytes: int) -> Iterator[Path]:
    """Mount an ext4 in a file; skips the test where that is not allowed."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run([str(tool("mkfs.ext4")), "-q", str(image)], check=True)
    with _mounted(mountpoint, "-o", "loop", str(image)):
        yield mountpoint


@contextlib.contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: of what is written a part is, and then
    nothing (setrlimit(2), EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def remount(mountpoint: Path, options: str) -> bool:
    """Mount what is mounted there with other options: `ro`, `rw`; False while that is not allowed,
    since somebody writes there."""
    command = ["mount", "-o", f"remount,{options}", str(mountpoint)]
    return not subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode


@contextlib.contextmanager
def _mounted(mountpoint: Path, *arguments: str) -> Iterator[None]:
    mountpoint.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", *arguments, str(mountpoint)], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"nothing can be mounted by this user: {made.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(mountpoint)], check=True)


class Mount:
    """What `command` mounts at `mountpoint` in the foreground, begun, ended and begun again."""

    def __init__(self, mountpoint: Path) -> None:
        self.mountpoint = mountpoint
        self.mountpoint.mkdir(parents=True, exist_ok=True)
        self.processes: list[subprocess.Popen[bytes]] = []

    def mount(self) -> None:
        """Mount it, and wait until it is there."""
        self.processes = self._begin()
        wait_for(lambda: self.mountpoint.is_mount(), within_s=60, what=f"{self.mountpoint}")

    def unmount(self) -> None:
        """Take it away, whoever uses it: the bare folder is left."""
        if self.processes:
            subprocess.run(["fusermount3", "-u", "-z", str(self.mountpoint)], check=False)
        self.kill()

    def kill(self) -> None:
        """kill -9 what serves it; whether the folder is bare then depends on the file system."""
        for process in self.processes:
            process.kill()
            process.wait(60)
        self.processes = []

    def _begin(self) -> list[subprocess.Popen[bytes]]:
        raise NotImplementedError


class Bindfs(Mount):
    """`source` once more, by FUSE: no event comes for what is done in `source`."""

    def __init__(self, source: Path, mountpoint: Path) -> None:
        super().__init__(mountpoint)
        self.source = source
        self.source.mkdir(parents=True, exist_ok=True)

    def _begin(self) -> list[subprocess.Popen[bytes]]:
        fresh = "attr_timeout=0,entry_timeout=0,negative_timeout=0"
        command = ["bindfs", "-f", "-o", fresh, str(self.source), str(self.mountpoint)]
        return [subprocess.Popen(command, stderr=subprocess.DEVNULL)]

    def leave_dead(self) -> None:
        """kill -9 it, so that every call says that the transport endpoint is not connected."""
        self.kill()

    def clear(self) -> None:
        """Take away what `leave_dead` left."""
        subprocess.run(["fusermount3", "-u", "-z", str(self.mountpoint)], check=True)


class Sshfs(Mount):
    """`source` as from another machine; its server can be stopped, and killed.

    sshfs speaks to the server through two pipes (sshfs(1), passive), so no sshd is needed.
    """

    def __init__(self, source: Path, mountpoint: Path) -> None:
        super().__init__(mountpoint)
        self.source = source
        self.source.mkdir(parents=True, exist_ok=True)

    def _begin(self) -> list[subprocess.Popen[bytes]]:
        to_server, to_mount = os.pipe(), os.pipe()
        options = "passive,dcache_timeout=1,attr_timeout=0,entry_timeout=0"
        command = ["sshfs", "-f", "-o", options, f":{self.source}", str(self.mountpoint)]
        server = subprocess.Popen(
            [str(tool("sftp-server"))], stdin=to_server[0], stdout=to_mount[1]
        )
        mounted = subprocess.Popen(
            command, stdin=to_mount[0], stdout=to_server[1], stderr=subprocess.DEVNULL
        )
        for end in (*to_server, *to_mount):
            os.close(end)
        return [server, mounted]

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Let the server answer nothing until the block ends: every call waits."""
        self.processes[0].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.processes[0].send_signal(signal.SIGCONT)

    def lose_server(self) -> None:
        """kill -9 the server: sshfs unmounts itself, and the bare folder is left."""
        server, mounted = self.processes
        server.kill()
        server.wait(60)
        mounted.wait(60)
        wait_for(lambda: not self._is_mounted(), within_s=60, what="the end of the mount")
        self.processes = []

    def _is_mounted(self) -> bool:
        try:
            return self.mountpoint.is_mount()
        except OSError:  # its server is gone, and it is not taken away yet
            return True
