"""Staging: jobs that are sent piece by piece are put together in a hidden folder of active/, from
where one rename takes them, as it does with drops. What a crash leaves there goes at the next
start.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vqd.documents.opening import held
from vqd.domain.errors import Faults, Problem
from vqd.domain.names import LONGEST_JOB_NAME_BYTES, printable, readable, safe_name, why_never_taken
from vqd.spool.files import is_real_folder, sync_folder
from vqd.spool.layout import Spool
from vqd.spool.requests import is_steering

_STAGED = ".upload-"
_LONGEST_NAME_BYTES = 255
_DEEPEST = 16
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Staging:
    """A job's folder while it is put together."""

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / safe_name(name, longest_bytes=LONGEST_JOB_NAME_BYTES)
        self.folder.mkdir(parents=True)

    def create(self, path: str) -> BinaryIO:
        """Give a new file of the job to write: `path` is relative, with `/`.

        Raises:
            Faults: `bad_path`, `duplicate_file`. OSError: it cannot be made.
        """
        *folders, name = _parts(path)
        try:
            with ExitStack() as stack:
                above = stack.enter_context(held(self.folder))
                for folder in folders:
                    with suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=above)
                    above = stack.enter_context(held(folder, above))
                return os.fdopen(os.open(name, _NEW, 0o666, dir_fd=above), "wb")
        except (FileExistsError, NotADirectoryError):
            said = f"{readable(path)} is there already, as a file or a folder."
            raise Faults([Problem("duplicate_file", said, hint="Send each once.")]) from None

    def sync(self) -> None:
        """Make the names of all that was put there durable."""
        for folder, _, _ in os.walk(self.folder):
            sync_folder(Path(folder))


@contextmanager
def staged(spool: Spool, name: str) -> Iterator[Staging]:
    """Give a folder for a job of this name; what is not taken from there by the end goes.

    Raises:
        VqdError: `spool_away`. OSError: it cannot be made.
    """
    spool.require_present()
    root = spool.active / f"{_STAGED}{uuid.uuid4()}"
    root.mkdir()
    try:
        yield Staging(root, name)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def clear_staging(spool: Spool) -> None:
    """Take away what a crash left of jobs that were being put together; none may be under way."""
    for root in spool.active.glob(f"{_STAGED}*"):
        if is_real_folder(root):
            shutil.rmtree(root, ignore_errors=True)


def is_left_out(path: str) -> bool:
    """Tell whether a file of this path is never taken: what systems put beside one's own files."""
    names = set(_names(path)) - {"", ".", ".."}
    return any(why_never_taken(name) for name in names)


def _names(path: str) -> tuple[str, ...]:
    return tuple(path.replace("\\", "/").split("/"))


def _parts(path: str) -> tuple[str, ...]:
    parts = _names(path)
    for part in parts:
        if part in ("", ".", "..") or printable(part) != part:
            raise _bad_path(path, "it may not leave the job's folder, nor hold control characters")
        if len(os.fsencode(part)) > _LONGEST_NAME_BYTES:
            raise _bad_path(path, "a name in it has more than 255 bytes")
    if len(parts) > _DEEPEST:
        raise _bad_path(path, f"it leads through more than {_DEEPEST} folders")
    if len(parts) == 1 and is_steering(parts[0]):
        raise _bad_path(path, "a file of this name steers jobs")
    return parts


def _bad_path(path: str, why: str) -> Faults:
    said = f"{readable(path)[:200]!r} cannot be the path of a file: {why}."
    hint = "Send paths relative to the job's folder: frames/0001.png."
    return Faults([Problem("bad_path", said, hint=hint)])
