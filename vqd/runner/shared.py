"""A server's input folder where this machine sees it: inputs are put there, and not sent.

ComfyUI has no route that deletes an input. Here vqd can clean up after itself: see `housekeeping`,
which takes away what `is_own_input` and was put there long ago. So what is asked for is put there
again from time to time.
"""

import hashlib
import os
import re
import threading
import time
import uuid
from pathlib import Path
from typing import BinaryIO

from vqd.comfy.faults import Changed
from vqd.documents.opening import created, opened
from vqd.domain.frozen import frozen
from vqd.spool.files import is_folder

OWN_FOLDER = "vqd"
"""vqd's own folder among the inputs of a server, and among its outputs."""
FRESH_S = 21_600.0
"""How long an input that was put there is not put there again."""

_MOST_REMEMBERED = 10_000
_OURS = re.compile(r"[0-9a-f]{32}(\.[^/]*)?|\.[0-9a-f]{32}\.part")
_PIECE_BYTES = 1 << 20


def is_own_input(name: str) -> bool:
    """Tell the names of what this puts into `OWN_FOLDER`, and of what it leaves there if killed."""
    return _OURS.fullmatch(name) is not None


class SharedInputs:
    """The input folder of a server. Several daemons and servers may share one."""

    def __init__(self, input_folder: Path) -> None:
        self._input_folder = input_folder
        self._folder = input_folder / OWN_FOLDER
        self._lock = threading.Lock()
        self._placed: dict[str, _Placed] = {}

    def place(self, path: Path, *, name: str, sha256: str, below: Path) -> str:
        """Put a file there by hard link, else by copy; give the name to put into a graph.

        `name` is one that only this content has; no link below the folder `below` is followed.

        Raises:
            Changed: it has other bytes than `sha256`.
            OSError: it cannot be read, or the folder is away, read-only, full.
        """
        if not self._is_fresh(name):
            if not is_folder(self._input_folder):
                raise FileNotFoundError(2, "is not there", str(self._input_folder))
            self._folder.mkdir(exist_ok=True)
            with opened(path, below=below) as file:
                self._put(file, self._folder / name, sha256)
                self._remember(name, os.fstat(file.fileno()).st_size)
        return f"{OWN_FOLDER}/{name}"

    def _is_fresh(self, name: str) -> bool:
        """Tell whether this put it there, not long ago, and it is there still."""
        placed = self._placed.get(name)
        if placed is None or time.monotonic() - placed.at > FRESH_S:
            return False
        try:
            return (self._folder / name).lstat().st_size == placed.bytes
        except FileNotFoundError:
            return False

    def _put(self, file: BinaryIO, target: Path, sha256: str) -> None:
        coming = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            try:
                _link(file, coming)
            except OSError:  # another file system, or one without hard links
                _copy(file, coming, sha256)
            coming.replace(target)
        finally:
            coming.unlink(missing_ok=True)  # rename(2) leaves it where both are one inode

    def _remember(self, name: str, size_bytes: int) -> None:
        with self._lock:
            if len(self._placed) >= _MOST_REMEMBERED:
                self._placed.clear()
            self._placed[name] = _Placed(time.monotonic(), size_bytes)


@frozen
class _Placed:
    """An input that was put there: when, in monotonic seconds, and how large it is."""

    at: float
    bytes: int


def _link(file: BinaryIO, target: Path) -> None:
    """Give an open file another name: that which was opened, whatever has its name now.

    linkat(2) follows /proc/self/fd only with AT_SYMLINK_FOLLOW, which os.link sets only beside a
    directory's descriptor; with an absolute path it is not looked at.
    """
    descriptor = file.fileno()
    os.link(f"/proc/self/fd/{descriptor}", target, src_dir_fd=descriptor, follow_symlinks=True)


def _copy(file: BinaryIO, target: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    file.seek(0)
    with created(target) as copy:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != sha256:
        raise Changed(f"{target.name} was changed before it was copied.")
