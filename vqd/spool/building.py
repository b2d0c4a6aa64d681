"""One claim that puts a job's folder together: its note, its building folder, and the way back.

`claims` says what the steps are. Each generator here yields after a step.
"""

import errno
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from vqd.documents.opening import held, opened
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.spool.copying import check_room, copy_tree
from vqd.spool.files import (
    first_free,
    is_real_folder,
    link_or_copy,
    move_folder,
    sync_folder,
    temporary_beside,
    write_whole,
)

TAKEN = "_taken"
"""Where files stay that were copied from another file system."""
NOTE = ".claim"
BUILDING = ".part"
_WAYS = ("rename", "copy", "link")
_LONGEST_NOTE_BYTES = 16 << 10


@frozen
class Note:
    """`origin` is the folder that files come from, or (`is_folder`) the dropped folder itself.

    `last` is the name of the file that comes last; `by` how the others come: by `rename`, by
    `copy` from `_taken/JOB`, or by `link` from where they stay.
    """

    origin: Path
    last: str
    is_folder: bool = False
    by: str = "rename"


class Claim:
    """The claim of the job whose folder is to be `folder`."""

    def __init__(self, folder: Path, note: Note) -> None:
        self._folder = folder
        self._note = note
        self.building = folder.with_name(f".{folder.name}{BUILDING}")
        self._path = note_of(self.building)
        self._has_written = False

    @classmethod
    def noted(cls, path: Path) -> "Claim | None":
        """Read a note; None for what is none."""
        try:
            with opened(path) as file:
                told = json.loads(file.read(_LONGEST_NOTE_BYTES))
        except (ValueError, RecursionError, OSError):
            return None
        match told:
            case {"origin": str(origin), "last": str(last), "is_folder": bool(is_folder), "by": by}:
                if Path(last).name != last or by not in _WAYS:
                    return None
                note = Note(path.parent.parent / origin, last, is_folder, by)
                return cls(path.with_name(path.name[1 : -len(NOTE)]), note)
        return None

    def comes_from(self, inbox: Path, elsewhere: Collection[Path]) -> bool:
        """Tell whether drops come from there: anybody may have put a file like a note there."""
        root = self.root
        is_known = root == inbox or root.parent == inbox or root in elsewhere
        return is_known and not root.is_symlink()

    def begin(self, *, noted: bool) -> Iterator[None]:
        """Write the note, and make the building folder if it is not dropped itself.

        Raises:
            VqdError: `name_taken`, another claim is building a folder of this name.
        """
        if os.path.lexists(self.building) or os.path.lexists(self._path):
            raise VqdError("name_taken", f"{self._folder.name}: a job of this name is being taken.")
        if noted:
            self._write_note()
            yield
        if not self._note.is_folder:
            self.building.mkdir()
            yield

    def bring(self, files: Iterable[Path]) -> Iterator[None]:
        """Take each file that is still there."""
        with held(self.root) as root:
            for path in files:
                with suppress(FileNotFoundError):  # its owner was quicker
                    self._take(root, path.relative_to(self.root), path.relative_to(self.root))
                    yield
        if self._note.by == "copy":
            yield from self._copy()

    def bring_folder(self) -> Iterator[None]:
        """Take the dropped folder itself.

        Raises:
            VqdError: `not_a_folder`, its owner put a link there.
        """
        with held(self.root) as root:
            self._take(root, Path(self._note.origin.name), Path())
        if self._holding.is_symlink():
            raise VqdError("not_a_folder", f"{self._note.origin.name} became a link.")
        yield
        if self._note.by == "copy":
            yield from self._copy()

    def link(self, files: Iterable[Path]) -> Iterator[None]:
        """Take each file and leave it where it lies, too."""
        for path in files:
            below = path.relative_to(self._note.origin)
            _make_folders(self.building, below.parent)
            link_or_copy(path, self.building / below)
            yield

    def has_any(self) -> bool:
        """Tell whether anything was taken."""
        return any(self.building.iterdir())

    def complete(self, content: bytes) -> Iterator[None]:
        """Write the last file, and be done."""
        self._has_written = True
        write_whole(self.building / self._note.last, content)
        yield
        yield from self.finish()

    def finish(self) -> Iterator[None]:
        """Give the building folder its name; everything is in it.

        Synced when all is moved: one journal commit holds it all, and any part can be recovered.
        """
        move_folder(self.building, self._folder)
        yield
        for folder in (*_folders_of(self._folder), self.root):
            sync_folder(folder)
        self._path.unlink(missing_ok=True)
        yield

    def recover(self) -> None:
        """Finish or take back, as far as a crash let it come."""
        is_whole = is_real_folder(self.building) and (self.building / self._note.last).is_file()
        if is_whole:
            for _ in self.finish():
                pass
        else:
            self.take_back()

    def take_back(self) -> None:
        """Bring what was taken back to where it lay, beside what has its name by now.

        Without a building folder nothing was taken yet, or everything was and has its name.
        """
        if self._holding.is_symlink():
            _return_folder(self._holding, self._note.origin)
        if not is_real_folder(self.building):
            self._path.unlink(missing_ok=True)
            return
        temporary_beside(self.building / self._note.last).unlink(missing_ok=True)
        if self._has_written:
            (self.building / self._note.last).unlink(missing_ok=True)
        if self._note.by == "link":
            self._return_last()
        elif not self._holds_nothing():
            if self.root.is_relative_to(self._spool):  # elsewhere it may be a share that is away
                self.root.mkdir(exist_ok=True)
            bring_back = _return_folder if self._note.is_folder else _return_files
            bring_back(self._holding, self._note.origin)
        if self.building.is_dir():
            shutil.rmtree(self.building)  # empty, or copies, or links
        self._path.unlink(missing_ok=True)

    def _return_last(self) -> None:
        """Bring the job file back, of which the others are links or copies."""
        last = self.building / self._note.last
        if last.is_file():
            last.rename(_free(self._note.origin / self._note.last))

    def _holds_nothing(self) -> bool:
        """Tell whether the dropped folder is still where it lay.

        Raises:
            FileNotFoundError: what was taken is neither here nor there; that may not be mounted.
        """
        if self._holding.is_dir():
            return False
        if self._note.is_folder and os.path.lexists(self._note.origin):
            return True
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._holding))

    @property
    def root(self) -> Path:
        """The folder that the drop lay in."""
        origin = self._note.origin
        return origin.parent if self._note.is_folder else origin

    @property
    def _spool(self) -> Path:
        return self._folder.parent.parent

    @property
    def _holding(self) -> Path:
        """Where what was taken lies until the claim is finished or taken back."""
        is_copied = self._note.by == "copy"
        return self.root / TAKEN / self._folder.name if is_copied else self.building

    def _take(self, root: int, name: Path, below: Path) -> None:
        """Move what has this name in the held root to `below` the holding folder."""
        try:
            self._hold(root, name, below)
        except OSError as error:
            if error.errno != errno.EXDEV or self._note.by == "copy":
                raise
            self._note = replace(self._note, by="copy")
            _make_folders(self.root, Path(TAKEN))
            if not self._note.is_folder:
                self._holding.mkdir()
            self._write_note()
            self.building.mkdir(exist_ok=True)
            self._hold(root, name, below)

    def _hold(self, root: int, name: Path, below: Path) -> None:
        if len(below.parts) > 1:
            _make_folders(self._holding, below.parent)
        os.rename(name, self._holding / below, src_dir_fd=root)

    def _copy(self) -> Iterator[None]:
        sync_folder(self._holding)
        check_room(self._holding, self.building)
        yield from copy_tree(self._holding, self.building)

    def _write_note(self) -> None:
        note, origin = self._note, self._note.origin
        is_inside = origin.is_relative_to(self._spool)
        told = {
            "origin": str(origin.relative_to(self._spool) if is_inside else origin),
            "last": note.last,
            "is_folder": note.is_folder,
            "by": note.by,
        }
        write_whole(self._path, json.dumps(told).encode())


def note_of(building: Path) -> Path:
    """Give the place of the note that belongs to a building folder."""
    return building.with_name(building.name.removesuffix(BUILDING) + NOTE)


def _return_files(holding: Path, origin: Path) -> None:
    for folder in _folders_of(holding):
        for path in [path for path in folder.iterdir() if not _is_folder(path)]:
            below = path.relative_to(holding)
            _make_folders(origin, below.parent)
            path.rename(_free(origin / below))
    shutil.rmtree(holding)  # empty folders


def _return_folder(holding: Path, origin: Path) -> None:
    _make_folders(origin.parent, Path())
    holding.rename(_free(origin))


def _free(path: Path) -> Path:
    stem, suffix = path.stem, path.suffix
    names = chain([path.name], (f"{stem} ({turn}){suffix}" for turn in count(2)))
    return path.with_name(first_free(names, [path.parent]))


def _folders_of(root: Path) -> list[Path]:
    """Give a folder and all folders below it, following no link."""
    return [Path(folder) for folder, _, _ in os.walk(root)]


def _make_folders(root: Path, below: Path) -> None:
    """Make the folders `below` a root that is there: on a share that went away, nothing is made.

    Raises:
        OSError: the root or one of them is a link.
    """
    for folder in (*reversed(below.parents), below):
        if folder != Path():
            (root / folder).mkdir(exist_ok=True)
        if (root / folder).is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(root / folder))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
