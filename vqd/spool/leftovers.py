"""Taking away what vqd made itself and nobody wants any more, beside whatever other people have.

Only what has a name of vqd's own goes, and only when nothing of it changed for a while. Ages are by
the folder's own clock, which may be another machine's, and by the time of last change of the inode
(ctime), which nobody can set. No link is followed, and none is removed: folders are opened, and
what is in them is named from there (openat(2)), so that nothing can take their place meanwhile.
"""

import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.spool.files import FOLDER
from vqd.spool.layout import PROBE

UNUSED_S = 86_400.0
"""How long something lies about that is of no use, before it goes."""
MOST_LOG_BYTES = 5_000_000
KEPT_LOG_BYTES = 1_000_000

_COPY = re.compile(r"\.submit-[0-9a-f-]{36}\.part")


def copy_name() -> str:
    """Give a name of its own for what is being copied into the inbox; nobody takes such a drop."""
    return f".submit-{uuid.uuid4()}.part"


def is_half_made(name: str) -> bool:
    """Tell the names of copies and probes."""
    return name.startswith(PROBE) or _COPY.fullmatch(name) is not None


@frozen
class Swept:
    """What was taken away, and how much was `left` that could not be."""

    files: int = 0
    bytes: int = 0
    left: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        """Give what came of both."""
        return Swept(self.files + other.files, self.bytes + other.bytes, self.left + other.left)


def sweep(
    folder: Path,
    is_ours: Callable[[str], bool],
    *,
    unused_s: float,
    may_be_folders: bool = False,
    is_ending: Callable[[], bool] = lambda: False,
) -> Swept:
    """Take away what lies right in `folder`, is ours by its name, and was not changed for so long.

    A folder is one thing with all that is in it, and goes only where `may_be_folders`, and where
    there is no link in it. What is not there, or is a link, is left alone. Killed in between, it
    goes on the next time.

    Raises:
        OSError: the folder cannot be read or written.
    """
    swept = Swept()
    with _opened(folder) as opened:
        names = [] if opened is None else [*filter(is_ours, _names_in(opened))]
        if opened is None or not names:
            return swept
        changed_before = _now_of(opened) - unused_s
        for name in names:
            if is_ending():
                break
            swept += _taken(name, opened, changed_before, may_be_folders=may_be_folders)
    return swept


def folders_in(folder: Path) -> list[str]:
    """Give the names of the folders in a folder, but for links; none if that is not there.

    Raises:
        OSError: it cannot be read.
    """
    with _opened(folder) as opened:
        if opened is None:
            return []
        with os.scandir(opened) as entries:
            return sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))


def cut_log(
    path: Path, *, most_bytes: int = MOST_LOG_BYTES, kept_bytes: int = KEPT_LOG_BYTES
) -> Swept:
    """Cut a log that grew too large, and that its writer appends to; its end is kept as `NAME.1`.

    What is written in the middle of that may be lost.

    Raises:
        OSError: it cannot be cut.
    """
    try:
        size = path.lstat().st_size
    except FileNotFoundError:
        return Swept()
    if size <= most_bytes:
        return Swept()
    with path.open("rb+") as log:
        log.seek(-kept_bytes, os.SEEK_END)
        end = log.read().partition(b"\n")[2]
        path.with_name(f"{path.name}.1").write_bytes(end)
        log.truncate(0)
    return Swept(0, size - len(end))


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """Give a descriptor of a folder; None if it is not there, or a link."""
    try:
        opened = os.open(folder, FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield opened
    finally:
        os.close(opened)


def _names_in(folder: int) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _now_of(folder: int) -> float:
    """Give the time by the clock of who keeps a folder, by a file that is there for a moment."""
    name = f"{PROBE}{uuid.uuid4().hex}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    probe = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        return os.fstat(probe).st_ctime
    finally:
        os.close(probe)
        os.unlink(name, dir_fd=folder)


def _taken(name: str, folder: int, changed_before: float, *, may_be_folders: bool) -> Swept:
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(facts.st_mode):
            if facts.st_ctime >= changed_before:
                return Swept()
            os.unlink(name, dir_fd=folder)
            return Swept(1, facts.st_size if facts.st_nlink == 1 else 0)
        if may_be_folders and stat.S_ISDIR(facts.st_mode):
            return _folder_taken(name, folder, changed_before)
    except FileNotFoundError:  # somebody else was faster
        return Swept()
    except OSError:  # it may not be removed; others may
        return Swept(left=1)
    return Swept()


def _folder_taken(name: str, folder: int, changed_before: float) -> Swept:
    swept = Swept()
    for facts in _all_in(name, folder):
        if facts.st_ctime >= changed_before or not _is_plain(facts):
            return Swept()
        if stat.S_ISREG(facts.st_mode):
            swept += Swept(1, facts.st_size)
    shutil.rmtree(name, dir_fd=folder)
    return swept


def _all_in(name: str, folder: int) -> Iterator[os.stat_result]:
    """Give the facts of a folder and of everything in it; no link is followed."""
    for _, folders, others, opened in os.fwalk(name, dir_fd=folder):
        yield os.fstat(opened)
        for one in (*folders, *others):
            with suppress(FileNotFoundError):
                yield os.stat(one, dir_fd=opened, follow_symlinks=False)


def _is_plain(facts: os.stat_result) -> bool:
    """Tell files and folders from what neither vqd nor a server makes: links, fifos, devices."""
    return stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)
