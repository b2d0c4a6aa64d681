"""A folder on the share whose files are kept as they should be, beside whatever else lies there.

A record in it tells what was written: by that a file of ours is told from one that somebody edited
or put there, which is never lost. Nothing is touched that is as it should be.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from vqd.documents.opening import NotAFile, opened
from vqd.domain.frozen import frozen
from vqd.domain.names import is_text
from vqd.spool.files import first_free, replace_quickly
from vqd.spool.folders import make_folder

RECORD = ".written.json"
_LONGEST_NAME_BYTES = 255


@frozen
class Changes:
    """The names of the files that were written and removed."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


@frozen
class _Written:
    """A file as it was written: with this size and time it still has this content."""

    sha256: str
    bytes: int
    mtime_ns: int


class KeptFolder:
    """Keeps files in `folder`, which is made where it is missing.

    No link is followed: one that has the folder's name is moved aside.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, files: Mapping[str, str]) -> Changes:
        """Let each name have its text, and remove what was written before and is not in `files`.

        What somebody made of a file of ours is renamed to `NAME (edited)`, and left where it is if
        the file would be removed.

        Raises:
            OSError: the folder cannot be read or written.
        """
        make_folder(self._folder, self._folder.parent)
        before = self._record()
        after: dict[str, _Written] = {}
        written = []
        for name, text in files.items():
            content = text.encode(errors="replace")
            sha256 = hashlib.sha256(content).hexdigest()
            ours = before.get(name)
            found = self._sha256(name, ours)
            if found != sha256:
                if ours is None or found != ours.sha256:
                    self._put_aside(name)
                replace_quickly(self._folder / name, content)
                written.append(name)
            after[name] = self._seen(name, sha256)
        gone = sorted(before.keys() - after.keys())
        removed = [name for name in gone if self._remove(name, before[name])]
        if after != before:
            self._write_record(after)
        return Changes(tuple(written), tuple(removed))

    def _sha256(self, name: str, written: _Written | None) -> str | None:
        """Give the hash of what is there; None where nothing is, and for what is no file."""
        path = self._folder / name
        try:
            facts = path.lstat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(facts.st_mode):
            return None
        if written and (facts.st_size, facts.st_mtime_ns) == (written.bytes, written.mtime_ns):
            return written.sha256
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

    def _put_aside(self, name: str) -> None:
        path = self._folder / name
        if not os.path.lexists(path):
            return
        names = (f"{path.stem} (edited{turn}){path.suffix}" for turn in ("", *range(2, 1000)))
        path.rename(self._folder / first_free(names, [self._folder]))

    def _remove(self, name: str, written: _Written) -> bool:
        if self._sha256(name, written) != written.sha256:
            return False
        (self._folder / name).unlink()
        return True

    def _seen(self, name: str, sha256: str) -> _Written:
        facts = (self._folder / name).lstat()
        return _Written(sha256, facts.st_size, facts.st_mtime_ns)

    def _record(self) -> dict[str, _Written]:
        try:
            with opened(self._folder / RECORD) as file:
                told = json.load(file)
            return {name: _Written(**facts) for name, facts in told.items() if _is_ours(name)}
        except (FileNotFoundError, NotAFile, ValueError, AttributeError, TypeError, RecursionError):
            return {}

    def _write_record(self, record: Mapping[str, _Written]) -> None:
        told = {name: asdict(written) for name, written in record.items()}
        replace_quickly(self._folder / RECORD, json.dumps(told, indent=1).encode())


def _is_ours(name: str) -> bool:
    """Tell a name of a file right here: the record lies where anybody can write to it."""
    is_name = Path(name).name == name and not name.startswith(".") and "\0" not in name
    return is_name and is_text(name) and len(name.encode()) <= _LONGEST_NAME_BYTES
