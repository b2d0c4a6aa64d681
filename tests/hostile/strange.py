"""Fifos, devices, sockets, and folders where files belong."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from tests.hostile import Case, Make, done, failed, waits
from tests.hostile.links import NAMED
from tests.samples import TWO_LINES, picture_job

Put = Callable[[Path], None]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def unix_socket(path: Path) -> None:
    """Make a socket; its path may be longer than the 108 bytes that a bound one may have."""
    short = Path(f"/tmp/vqd-{os.getpid()}.sock")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(short))
    short.replace(path)


def device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def bare(put: Put) -> Make:
    def make(path: Path, secret: Path) -> None:
        put(path)

    return make


def job(inside: str, put: Put, text: str = TWO_LINES) -> Make:
    """Make a job folder in which `inside` is something strange."""

    def make(path: Path, secret: Path) -> None:
        picture_job(path, job=text)
        (path / inside).unlink(missing_ok=True)
        put(path / inside)

    return make


def may_make_devices() -> bool:
    """Tell whether this process may make a device (mknod(2))."""
    return os.geteuid() == 0


_X = NAMED.format("x.png")
CASES: dict[str, Case] = {
    "fifo": waits("a.fifo", bare(fifo), "ignored: not a file"),
    "fifo-named-like-a-job-file": waits("fifo.yaml", bare(fifo), "ignored: not a file"),
    "fifo-as-job-file": waits("fifo-job", job("job.yaml", fifo), "no job.yaml here"),
    "fifo-as-input": failed("fifo-input", job("x.png", fifo), "not_a_file"),
    "fifo-as-named-input": failed("fifo-named", job("x.png", fifo, _X), "not_a_file"),
    "socket": waits("socket", bare(unix_socket), "ignored: not a file"),
    "socket-as-input": failed("socket-input", job("x.png", unix_socket), "not_a_file"),
    "folder-named-like-a-job-file": waits("folder.yaml", bare(folder), "no job.yaml here"),
    "job-folder-named-like-a-job-file": done("job-folder.yaml", job("notes", folder)),
    "folder-as-job-file": waits("folder-job", job("job.yaml", folder), "no job.yaml here"),
    "folder-as-input": done("folder-input", job("x.png", folder)),
    "folder-beside-an-input": failed("folder-beside", job("p1.yaml", folder), "not_a_file"),
}
DEVICES: dict[str, Case] = {
    "device": waits("device.yaml", bare(device), "ignored: not a file"),
    "device-as-input": failed("device-input", job("x.png", device, _X), "not_a_file"),
}
