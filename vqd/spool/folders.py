"""Folders of vqd's own in a job's folder, where somebody may have put something else."""

import errno
import os
import threading
from itertools import count
from pathlib import Path

from vqd.spool.files import (
    first_free,
    is_real_file,
    is_real_folder,
    link_or_copy,
    sync_folder,
)

_MAKING = threading.Lock()
"""Lest of two that make a folder at once the second moves aside what the first has made."""

_STAYS = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY})
"""What rename(2) says of a folder that may not be written, and of a mount point."""


def make_folder(folder: Path, below: Path) -> None:
    """Make a folder, and those on the way to it `below` a job's folder, durably.

    What has such a name and is no folder, a link above all, is moved aside: nothing is written
    through it.

    Raises:
        OSError: it cannot be made; no folder is made where the job's folder is not.
    """
    if folder == below or is_real_folder(folder):
        return
    make_folder(folder.parent, below)
    with _MAKING:
        if is_real_folder(folder):
            return
        move_aside(folder)
        folder.mkdir()
        sync_folder(folder.parent)


def move_aside(path: Path) -> None:
    """Let a name be free: what has it is renamed to `NAME (aside)`, `NAME (aside 2)` …"""
    if os.path.lexists(path):
        endings = ("" if turn == 1 else f" {turn}" for turn in count(1))
        names = (f"{path.name} (aside{ending})" for ending in endings)
        path.rename(path.with_name(first_free(names, [path.parent])))


def move_or_link(path: Path, target: Path) -> None:
    """Move a file or folder; again after a crash.

    A folder that may not be moved stays, and its files are linked or copied to `target`.
    """
    try:
        path.rename(target)
    except OSError as error:
        if error.errno not in _STAYS or not is_real_folder(path):
            raise
        _link_all(path, target)


def _link_all(folder: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        if is_real_folder(path):
            _link_all(path, target / path.name)
        elif is_real_file(path) and not os.path.lexists(target / path.name):
            link_or_copy(path, target / path.name)
    sync_folder(target)
