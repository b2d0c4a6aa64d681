"""The files of a job that may be read from elsewhere: what it made, its inputs, its report."""

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeVar

from vqd.documents.opening import opened
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.names import printable
from vqd.domain.queue import Job
from vqd.service.views import Views
from vqd.spool.drops import INPUTS, RESULT_NAMES
from vqd.spool.layout import Spool

T = TypeVar("T")

_MOVES = 2
"""Of a job that is being closed: its inputs are laid out, and then its folder goes to done/."""
_OF_FOLDERS = RESULT_NAMES | {INPUTS}


@frozen
class OpenFile:
    """A file that was opened to be read: its name, size and mtime (UTC seconds). Its `tag` changes
    with its content."""

    file: BinaryIO
    name: str
    bytes: int
    modified_at: float
    tag: str


@frozen
class Place:
    """Where a file is, and the folder on the way `below` which no link is followed."""

    path: Path
    below: Path


class JobFiles:
    """Opens files in the folders of jobs, wherever these are by now, and their inputs elsewhere.

    No link is followed below a job's folder.
    """

    def __init__(self, spool: Spool, views: Views, input_roots: Collection[Path]) -> None:
        self._spool = spool
        self._views = views
        self._roots = (*input_roots, spool.done, spool.failed)

    def open(self, job: Job, path: str) -> OpenFile:
        """Open a file by its path in the job's folder, as that is laid out: outputs/…, inputs/…,
        report.html. Whoever asked for it closes it.

        Raises:
            VqdError: `unknown_file`, `at_home_elsewhere`, `spool_away`.
        """
        return _open(job, lambda: self.place(job, path), path)

    def open_input(self, job: Job, number: int, slot: str) -> OpenFile:
        """Open the file that a slot of a prompt was given. Whoever asked for it closes it.

        Raises:
            VqdError: `unknown_prompt`, `unknown_file`, `spool_away`.
        """
        return _open(job, lambda: self.input_place(job, number, slot), slot)

    def place(self, job: Job, path: str) -> Place:
        """Give where a file of a job is now.

        Raises:
            VqdError: as `open`.
        """
        below = _below(job, path)
        if below is None:
            raise _unknown(job, path)
        folder = self._folder(job)
        laid_out = folder / below
        is_as_dropped = not job.input_folder and job.finished_at is None
        if below.parts[0] == INPUTS and is_as_dropped and not os.path.lexists(laid_out):
            return Place(folder.joinpath(*below.parts[1:]), folder)
        return Place(laid_out, folder)

    def input_place(self, job: Job, number: int, slot: str) -> Place:
        """Give where the file is that a slot of a prompt was given.

        Raises:
            VqdError: as `open_input`.
        """
        path = self._views.prompt(job.job, number).prompt.inputs.get(slot)
        if path is None:
            raise _unknown(job, f"{slot} of prompt {number}")
        if not path.startswith("/"):
            return self.place(job, f"{INPUTS}/{path}")
        root = next((one for one in self._roots if Path(path).is_relative_to(one)), None)
        if root is None:
            raise _unknown(job, path)
        return Place(Path(path), root)

    def _folder(self, job: Job) -> Path:
        self._spool.require_present()
        folder = self._spool.find(job.job)
        if folder is None:
            self._views.require_here(job)
            said = f"The folder of {printable(job.job)} is gone."
            raise VqdError("unknown_file", said, "It was deleted, or taken out of the spool.")
        return folder


def _below(job: Job, path: str) -> PurePosixPath | None:
    """Give where a file lies below the job's folder once that is laid out; None where nobody may
    read."""
    parts = path.split("/")
    if any(part in ("", "..") or part.startswith(".") or "\0" in part for part in parts):
        return None
    if parts[0] not in _OF_FOLDERS and path != job.job_file.name:
        return None
    return PurePosixPath(*parts)


def found_again(look: Callable[[], T]) -> T:
    """Give what `look` finds and opens, which looks again where a move came in between."""
    for _ in range(_MOVES):
        with suppress(FileNotFoundError):
            return look()
    return look()


def _open(job: Job, place: Callable[[], Place], path: str) -> OpenFile:
    def look() -> OpenFile:
        found = place()
        with opened(found.path, below=found.below) as held:
            file = os.fdopen(os.dup(held.fileno()), "rb")
        facts = os.fstat(file.fileno())
        tag = f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"
        return OpenFile(file, found.path.name, facts.st_size, facts.st_mtime, tag)

    try:
        return found_again(look)
    except (OSError, ValueError) as error:
        raise _unknown(job, path) from error


def _unknown(job: Job, path: str) -> VqdError:
    said = f"{printable(job.job)} has no file {printable(path)[:300]!r}."
    return VqdError("unknown_file", said, "Its outputs are listed by /api/jobs/JOB/outputs.")
