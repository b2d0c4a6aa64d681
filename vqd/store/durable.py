"""Files beside the queue that are whole or not there, and belong to whoever owns their folder."""

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path


def publish(part: Path, path: Path) -> None:
    """Give a file that is written its name, durably: from that instant on it is there."""
    sync(part)
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder in one that is there, durably, unless it is there itself."""
    if not folder.is_dir():
        folder.mkdir()
        hand_over(folder)
        sync(folder.parent)


def hand_over(path: Path) -> None:
    """Let a file that root made be that of the owner of its folder, who is to go on with it."""
    owner = path.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        with suppress(PermissionError):  # on a share root may be nobody in particular
            os.chown(path, owner.st_uid, owner.st_gid)


def sha256_of(path: Path) -> str:
    """Give the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
