"""The spool: its folders, and the names in it.

What is made in the root itself is made by a descriptor of the root in which the marker was seen
(openat(2)), so that it comes there or nowhere; below, no folder is made with those above it, so
that whatever comes too late finds no place.

SPOOL/
  .vqd-spool         the marker: tells an unmounted share from an empty one
  inbox/  active/  done/  failed/
  PAUSE              while it exists, nothing new is sent to a server
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.names import LONGEST_JOB_NAME_BYTES, safe_name
from vqd.domain.place import Database, Place
from vqd.spool.files import is_folder, is_real_folder
from vqd.spool.marker import Marker
from vqd.spool.requests import Request, request_named
from vqd.spool.space import is_of_disk

PAUSED = "paused: PAUSE lies in the spool; remove it to go on"

OWN_FOLDER = "_vqd"
"""The folder of the inbox that vqd writes and never takes."""

PROBE = ".vqd-probe-"
"""How the names of files and folders begin by which vqd tries what a folder can do."""

_PAUSE = Request("PAUSE")
_JOB = re.compile(r"\d{8}-\d{6}-.")
_LONGEST_JOB = 120


class Spool:
    """The folders of one spool. Paths only; what is done to them is in `drops`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.inbox = self.root / "inbox"
        self.active = self.root / "active"
        self.done = self.root / "done"
        self.failed = self.root / "failed"
        self.marker = Marker(self.root)

    def at_home(self, queue: Place) -> Place:
        """Give where a queue lies as whoever serves this spool knows it: where several share it, by
        its home.

        Raises:
            OSError, VqdError: as `Marker.word`.
        """
        return replace(queue, home=self.marker.word) if isinstance(queue, Database) else queue

    @classmethod
    def create(cls, root: Path) -> "Spool":
        """Make the spool's tree and its marker where they are missing.

        Raises:
            VqdError: `spool_unwritable`.
        """
        spool = cls(root)
        try:
            for folder in spool.folders:
                folder.mkdir(parents=True, exist_ok=True)
            spool.marker.write_if_missing()
        except OSError as error:
            raise VqdError(
                "spool_unwritable",
                f"{root}: the spool cannot be made ({error}).",
                "Check the path and its rights.",
            ) from error
        return spool

    def check(self) -> None:
        """Prove that the spool can do what every hand-over needs, but for having room.

        Raises:
            VqdError: `spool_away`, `spool_split` or `spool_unwritable`.
        """
        self.require_present()
        self.restore()
        devices = {folder.stat().st_dev for folder in (self.root, *self.folders)}
        if len(devices) > 1:
            raise VqdError(
                "spool_split",
                f"{self.root}: its folders lie on different file systems.",
                "Keep inbox, active, done and failed on one, so that a rename hands a job over.",
            )
        self.require_rename()

    def require_present(self) -> None:
        """Do nothing if the spool is there.

        Raises:
            VqdError: `spool_away`.
        """
        why = self.why_away()
        if why is not None:
            hint = "Mount the share, put back what was moved, or make a spool: vqd init SPOOL."
            raise VqdError("spool_away", f"{self.root}: no vqd spool here ({why}).", hint)

    @contextmanager
    def or_away(self) -> Iterator[None]:
        """Let what fails in the block because the spool went away meanwhile say that.

        Raises:
            VqdError: `spool_away`. OSError: as it was raised, and the spool is there.
        """
        try:
            yield
        except OSError:
            self.require_present()
            raise

    def is_present(self) -> bool:
        """Tell whether the spool is there."""
        return self.why_away() is None

    def why_away(self) -> str | None:
        """Say what is missing of the spool; None if it is there.

        Its marker must be, and active/: were that gone, every job would seem to have been deleted.
        """
        why = self.marker.why_away()
        return why or (None if is_folder(self.active) else "its folder active is missing")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Give a descriptor of the root, in which the marker is."""
        self.require_present()
        with self.marker.opened_root() as root:
            yield root

    @contextmanager
    def pinned(self) -> Iterator[Path]:
        """Give a path that leads to this spool and to nothing else, until the block ends.

        Whatever is mounted in its place meanwhile, what is written by that path goes to the spool,
        or nowhere (proc_pid_fd(5)).

        Raises:
            VqdError: `spool_away`.
        """
        with self._opened() as root:
            yield Path(f"/proc/self/fd/{root}")

    def restore(self) -> bool:
        """Make inbox, done and failed again where somebody took them away; tell if any was made.

        Raises:
            VqdError: `spool_away`, `spool_unwritable`.
        """
        places = (self.inbox, self.done, self.failed)
        if all(map(is_folder, places)):
            return False
        with self._opened() as root:
            missing = [place.name for place in places if not _is_folder_at(place.name, root)]
            try:
                for name in missing:
                    os.mkdir(name, dir_fd=root)
            except OSError as error:
                said = f"{self.root}: {name} is missing and cannot be made ({error.strerror})."
                raise VqdError(
                    "spool_unwritable", said, "Let the daemon's user write there."
                ) from error
        return bool(missing)

    def has_active(self, job: str) -> bool:
        """Tell whether the folder of a job is in active/, and not away with the share.

        Raises:
            VqdError: `spool_away`.
            OSError: the share does not tell.
        """
        with self._opened() as root:
            return _is_folder_at(f"{self.active.name}/{job}", root, may_be_link=False)

    def is_paused(self) -> bool:
        """Tell whether somebody put PAUSE into the spool."""
        return any(self._pauses())

    def pause(self) -> None:
        """Put PAUSE into the spool: nothing new is sent to a server.

        Raises:
            VqdError: `spool_away`.
        """
        with self._opened() as root:
            os.close(os.open(_PAUSE.verb, os.O_CREAT | os.O_WRONLY, dir_fd=root))

    def resume(self) -> bool:
        """Take PAUSE away; False if there was none."""
        pauses = list(self._pauses())
        for pause in pauses:
            pause.unlink(missing_ok=True)
        return bool(pauses)

    def _pauses(self) -> Iterator[Path]:
        """Give what pauses the spool, in any case as steering files, but no folder, which no
        resume could take away; nothing on a dead share."""
        with suppress(OSError), os.scandir(self.root) as entries:
            for entry in entries:
                is_put = request_named(entry.name) == _PAUSE
                if is_put and not entry.is_dir(follow_symlinks=False):
                    yield self.root / entry.name

    def free_job_name(self, name: str, now: float, is_known: Callable[[str], bool]) -> str:
        """Give `YYYYMMDD-HHMMSS-name` (UTC), safe on Windows shares, `-2`, `-3` if it is taken.

        `is_known` tells the names of jobs whose folder may be elsewhere by now. It is asked last:
        of thousands of drops of one name in one second, nearly all still have their folder.

        Raises:
            VqdError: `spool_away`: nothing may be claimed now.
        """
        self.require_present()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
        base = f"{stamp}-{safe_name(name, longest_bytes=LONGEST_JOB_NAME_BYTES)}"
        candidates = (base if turn == 1 else f"{base}-{turn}" for turn in count(1))
        return next(job for job in candidates if not (self._has(job) or is_known(job)))

    def is_free(self, job: str) -> bool:
        """Tell whether a job can have this name: it is like one, and no folder has it."""
        is_like_one = bool(_JOB.match(job)) and safe_name(job, longest_bytes=_LONGEST_JOB) == job
        return is_like_one and not self._has(job)

    def find(self, job: str) -> Path | None:
        """Give the folder of a job, wherever it is; None too for what cannot be a job's name."""
        if not _is_name(job):
            return None
        for folder in (self.active, self.done, self.failed):
            if is_real_folder(folder / job):
                return folder / job
        return None

    def active_jobs(self) -> set[str]:
        """Give the names of the folders in active/, but for those that are hidden: of claims that
        are under way. Cost: one listing, however many they are.

        Raises:
            OSError: it cannot be listed now.
        """
        with os.scandir(self.active) as entries:
            folders = (entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            return {name for name in folders if not name.startswith(".")}

    def _has(self, job: str) -> bool:
        return any(os.path.lexists(place / job) for place in (self.active, self.done, self.failed))

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that jobs go through, in this order."""
        return (self.inbox, self.active, self.done, self.failed)

    def require_rename(self) -> None:
        """Move a folder from inbox to active and remove it: prove that it can be done, if the disk
        has room.

        Raises:
            VqdError: `spool_unwritable`.
        """
        probe = self.inbox / f"{PROBE}{os.getpid()}"
        moved = self.active / probe.name
        try:
            for left in (probe, moved):  # by one of this number, as in a container, that was killed
                with suppress(FileNotFoundError):
                    left.rmdir()
            probe.mkdir()
            probe.rename(moved)
            moved.rmdir()
        except OSError as error:
            if is_of_disk(error):  # which is no fault of the spool, and may be over soon
                with suppress(OSError):
                    probe.rmdir()
                return
            raise VqdError(
                "spool_unwritable",
                f"{self.root}: a folder cannot be moved from inbox to active ({error}).",
                "Let the daemon's user write to the spool.",
            ) from error


def _is_folder_at(path: str, root: int, *, may_be_link: bool = True) -> bool:
    try:
        return stat.S_ISDIR(os.stat(path, dir_fd=root, follow_symlinks=may_be_link).st_mode)
    except FileNotFoundError:
        return False


def _is_name(text: str) -> bool:
    return text not in ("", "..") and Path(text).name == text and len(os.fsencode(text)) <= 255
