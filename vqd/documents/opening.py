"""Opening files where others can put what they like at any moment: through no link.

What is there is first held without being opened (O_PATH), looked at, and only then opened by the
handle that holds it: no link is followed, no device or fifo is opened, and nothing can take its
place between the look and the opening (open(2), proc_pid_fd(5)).
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_USUAL_BYTES = 64 << 10


class NotAFile(OSError):
    """There is something else than a regular file; it was not opened. `what` says in words."""

    def __init__(self, what: str, path: str) -> None:
        # An errno that tells of this one name, and not of the disk.
        super().__init__(errno.EINVAL, f"is {what}, not a file", path)
        self.what = what


@contextmanager
def opened(path: Path, *, below: Path | None = None) -> Iterator[BinaryIO]:
    """Open the regular file at `path` to read it; no link is followed.

    With `below`, a folder on the way, neither that nor any name below it is followed; without it
    only the last name counts.

    Raises:
        NotAFile: it is a link, a folder, a fifo, a socket or a device.
        NotADirectoryError: a name on the way is no folder; that may be a link.
        OSError: it is gone, or cannot be read.
    """
    with ExitStack() as stack:
        above = None
        if below is not None and path.is_relative_to(below):
            *folders, name = path.relative_to(below).parts
            above = stack.enter_context(held(below))
            for folder in folders:
                above = stack.enter_context(held(folder, above))
            path = Path(name)
        yield stack.enter_context(os.fdopen(open_held(path, above), "rb"))


def read_from(file: BinaryIO, most_bytes: int) -> bytes:
    """Give the next bytes of a file, at most so many.

    Memory for `most_bytes` is asked for only where there is as much: to have a megabyte mapped and
    unmapped again takes twice as long as to read a job file.
    """
    content = file.read(min(_USUAL_BYTES, most_bytes))
    if len(content) < _USUAL_BYTES:
        return content
    return content + file.read(most_bytes - _USUAL_BYTES)


def created(path: Path) -> BinaryIO:
    """Open a new file at `path` to write it, in place of whatever file or link had that name.

    Raises:
        IsADirectoryError: a folder has it. OSError: it cannot be made.
    """
    try:
        return os.fdopen(os.open(path, _CREATE, 0o666), "wb")
    except FileExistsError:
        path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, _CREATE, 0o666), "wb")


@contextmanager
def held(folder: Path | str, above: int | None = None) -> Iterator[int]:
    """Hold a folder that is no link, from the folder `above`."""
    handle = os.open(folder, _HOLD | os.O_DIRECTORY, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)


def open_held(path: Path | str, above: int | None = None) -> int:
    """Give a descriptor that reads the regular file of this name in the folder `above`.

    Raises:
        NotAFile, OSError: as `opened`.
    """
    handle = os.open(path, _HOLD, dir_fd=above)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise NotAFile(what_is(mode), str(path))
        return _reading(handle, path)
    finally:
        os.close(handle)


def _reading(handle: int, path: Path | str) -> int:
    try:
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def what_is(mode: int) -> str:
    """Say in words what has this st_mode."""
    if stat.S_ISREG(mode):
        return "a file"
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a fifo"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
