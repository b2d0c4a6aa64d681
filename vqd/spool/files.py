"""Files that are whole or not there, and survive a power cut.

A file is written under a temporary name beside its place, synced, renamed, and its folder synced:
without the two syncs a rename can survive a power cut that the content does not.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vqd.documents.opening import created, opened
from vqd.domain.errors import VqdError
from vqd.spool.space import require_room
from vqd.spool.together import Together

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a folder is opened that somebody may have swapped for a link since it was looked at."""


def is_folder(path: Path) -> bool:
    """Tell whether a folder is there; no, too, on a dead mount, where `Path.is_dir` raises."""
    return os.path.isdir(path)  # noqa: PTH112


def is_real_folder(path: Path) -> bool:
    """Tell whether a folder is there, and not a link to one; no, too, on a dead mount."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def is_real_file(path: Path) -> bool:
    """Tell whether a file is there, and not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


@contextmanager
def listed(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Give the entries of a folder, and never of one that a link leads to.

    Raises:
        OSError: it is gone, no folder, a link, or cannot be read.
    """
    handle = os.open(folder, FOLDER)
    try:
        with os.scandir(handle) as entries:
            yield entries
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; threads that ask for it at once share one sync."""
    _SYNCS.ask(folder, None)


def _sync_names(folder: Path, _: Sequence[None]) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


_SYNCS = Together(_sync_names)


def sync_file(path: Path) -> None:
    """Make a file's content durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_beside(path: Path) -> Path:
    """Give the name under which `whole_file` writes."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write; it appears at `path`, durably, when the block ends well."""
    with _file_to_name(path) as file:
        yield file
    sync_folder(path.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is whole or not there, durably."""
    with whole_file(path) as file:
        file.write(data)


def write_to_sync(path: Path, data: bytes) -> None:
    """Write a file that is whole or not there, durably once its folder is synced."""
    with _file_to_name(path) as file:
        file.write(data)


@contextmanager
def _file_to_name(path: Path) -> Iterator[BinaryIO]:
    temporary = temporary_beside(path)
    try:
        with created(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def replace_quickly(path: Path, data: bytes) -> None:
    """Replace a file that only people read: never half, but not synced."""
    temporary = temporary_beside(path)
    try:
        with created(temporary) as file:
            file.write(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def move_folder(source: Path, target: Path) -> None:
    """Move a folder to a name that is not taken, durably, by one rename.

    Raises:
        VqdError: `name_taken`, there is something at `target`.
    """
    if os.path.lexists(target):
        raise VqdError("name_taken", f"{target}: there is something of that name already.")
    source.rename(target)
    for folder in dict.fromkeys((target.parent, source.parent)):
        sync_folder(folder)


def link_or_copy(source: Path, target: Path) -> None:
    """Bring a file's content to `target` without touching `source`: by hard link, else by copy.

    Neither follows a symlink, and no folder is made: on a share that went away, it would be made
    in the bare mount point.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        with opened(source) as original, whole_file(target) as copy:
            require_room(target.parent, os.fstat(original.fileno()).st_size)
            while part := original.read(1 << 20):
                copy.write(part)


def concerns_one_name(error: OSError) -> bool:
    """Tell what a disk says of one name from what it says to anybody: no room, not connected."""
    return error.errno in _OF_ONE_NAME


def first_free(names: Iterable[str], taken: Iterable[Path]) -> str:
    """Give the first of `names` that no folder of `taken` holds."""
    folders = list(taken)
    for name in names:
        if not any(os.path.lexists(folder / name) for folder in folders):
            return name
    raise VqdError("name_taken", "There is no free name left.")


_OF_ONE_NAME = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
    }
)
