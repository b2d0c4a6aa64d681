"""Dropping a copy of a job into the inbox, as a person does."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from vqd.documents.sizes import size_told
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.names import LONGEST_JOB_NAME_BYTES, safe_name, why_never_taken
from vqd.service.draft import Draft
from vqd.spool.files import first_free
from vqd.spool.layout import OWN_FOLDER, Spool
from vqd.spool.leftovers import copy_name
from vqd.spool.space import Disks


@frozen
class Drop:
    """What was dropped where; it keeps its inode wherever it is moved."""

    path: Path
    inode: int

    def taken_as(self, spool: Spool) -> str | None:
        """Give the name of the job that it became; None while it is none."""
        for folder in (spool.active, spool.done, spool.failed):
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.inode() == self.inode:
                        return entry.name
        return None


def require_apart(spool: Spool, path: Path) -> None:
    """Do nothing unless the spool lies in a job's folder: a copy of that would be in itself.

    Raises:
        VqdError: `spool_inside`.
    """
    if path.is_dir() and spool.root.resolve().is_relative_to(path.resolve()):
        said = f"The spool {spool.root} lies in {path}, and would be copied into itself."
        raise VqdError("spool_inside", said, "Put the job into a folder of its own.")


def require_room(disks: Disks, path: Path, draft: Draft) -> None:
    """Do nothing if there is room for a copy of a job.

    Raises:
        VqdError: `no_space`.
    """
    size = sum(file.stat().st_size for file in _files(path, draft))
    short = disks.shortage(kept=0.5, planned_bytes=size)
    if short is not None:
        said = f"There is no room for a copy of {path}, which is {size_told(size)}: {short.said}."
        raise VqdError("no_space", said, f"{short.cure.capitalize()}, and submit it again.")


def drop(spool: Spool, path: Path, draft: Draft) -> Drop:
    """Copy a job file, with the inputs that its draft names, or a job folder, into the inbox; it
    comes there whole, by one rename, under a name that is taken.

    Raises:
        VqdError: `not_copied`; nothing was dropped. OSError: the same.
    """
    building = spool.inbox / copy_name()
    try:
        _copy(path, draft, building)
        _share(building, spool.inbox)
        inode = building.stat().st_ino
        return Drop(_named(spool, building, draft.name), inode)
    except shutil.Error as error:
        _, target, why = error.args[0][0]
        raise VqdError("not_copied", f"{target}: {why}.", "Nothing was dropped.") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _files(path: Path, draft: Draft) -> Iterator[Path]:
    """Give the files that a copy of a job is made of."""
    if path.is_dir():
        yield from (one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        return
    yield path
    yield from (path.parent / name for name in draft.inputs if not Path(name).is_absolute())


def _named(spool: Spool, building: Path, name: str) -> Path:
    base = safe_name(name.lstrip("~. "), longest_bytes=LONGEST_JOB_NAME_BYTES)
    names = [*filter(_is_taken, (base, *(f"{base}-{turn}" for turn in range(2, 1000))))]
    while True:
        target = spool.inbox / first_free(names, [spool.inbox])
        try:
            building.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            return target


def _is_taken(name: str) -> bool:
    """Tell whether the daemon takes a drop of this name."""
    return name != OWN_FOLDER and why_never_taken(name) is None


def _share(building: Path, inbox: Path) -> None:
    """Let its owner write to a copy, whose original may be read-only, and the group of a shared
    inbox do with it what its owner may: else the daemon could not move it (rename(2)), nor others
    delete what comes back."""
    allowed = inbox.stat().st_mode & (stat.S_IRWXG | stat.S_ISGID)
    if not allowed & stat.S_IWGRP:
        allowed = 0
    for folder, _, files in os.walk(building):
        _allow(Path(folder), stat.S_IRWXU | allowed)
        for file in files if allowed else ():
            _allow(Path(folder, file), allowed & (stat.S_IRGRP | stat.S_IWGRP))


def _allow(path: Path, more: int) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode):
        with suppress(PermissionError):  # a share may keep modes of its own
            path.chmod(stat.S_IMODE(mode) | more)


def _copy(path: Path, draft: Draft, building: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, building, symlinks=True)
        return
    building.mkdir()
    for file in _files(path, draft):
        below = f"job{path.suffix.lower()}" if file == path else file.relative_to(path.parent)
        target = building / below
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
