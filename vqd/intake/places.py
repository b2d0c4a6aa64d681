"""Where a job's files may lie: its own folder, then the input roots; and paths as people write
them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.domain.names import folded
from vqd.intake import tree
from vqd.intake.foldednames import FoldedNames, Listings
from vqd.intake.tree import Entry

_DRIVE = re.compile(r"[A-Za-z]:")


@frozen
class Places:
    """A job's folder, and the roots below which it may also name files.

    `path_map` says where on this machine a path lies that begins as on another: `Z:\\\\` or
    `\\\\\\\\nas\\\\share` to a folder. The longest beginning counts; `/` and `\\\\` are the same.
    """

    folder: Path
    roots: Sequence[Path] = ()
    path_map: Mapping[str, Path] = field(default_factory=dict)
    listings: Listings = field(default_factory=Listings, compare=False, repr=False)

    def look(self, text: str, kind: str) -> tuple[Path, list[Entry]] | None:
        """Give what lies at a path, and the folder or root that it was found below.

        `kind` is `path` (what is in a folder, or a file), `file` (only what has this name),
        `folder` or `glob`. Empty if nothing was found; None if the path leaves every place.
        """
        searched = self._searched(text)
        if searched is None:
            return None
        for root, parts in searched:
            entries = [*self._look(root, parts, kind)]
            if entries:
                return root, entries
        return self.folder, []

    def path_of(self, root: Path, entry: Entry) -> str:
        """Give the path of what was found: relative in the job's folder, else absolute."""
        return entry.path if root == self.folder else f"{root}/{entry.path}"

    def read(self, path: str, most_bytes: int) -> bytes:
        """Give the bytes at a path that `path_of` gave, at most one more than `most_bytes`.

        Raises:
            NotAFile: it is a link, a folder, a fifo, a socket or a device.
            OSError: it is gone, or cannot be read.
        """
        for root in self.roots if path.startswith("/") else ():
            if Path(path).is_relative_to(root):
                return tree.read(root, str(Path(path).relative_to(root)), most_bytes)
        return tree.read(self.folder, path, most_bytes)

    def names(self, folder: str) -> FoldedNames:
        """Give the names in a folder whose path ends in `/`, or of the job's folder for none."""
        for root in self.roots if folder.startswith("/") else ():
            if Path(folder).is_relative_to(root):
                return self.listings.of(root, _above(str(Path(folder).relative_to(root))))
        return self.listings.of(self.folder, _above(folder))

    def _look(self, root: Path, parts: Sequence[str], kind: str) -> Iterator[Entry]:
        if kind == "glob":
            yield from tree.glob(root, parts)
            return
        entry = tree.find_exactly(root, parts) or tree.find(root, self._spelled(root, parts))
        if entry is None:
            return
        if entry.is_folder and kind != "file":
            yield from tree.walk(root, entry.path.split("/"))
        else:
            yield entry

    def _spelled(self, root: Path, parts: Sequence[str]) -> Sequence[str]:
        """Give a path as its names are spelled below a root, each where one alone is like it."""
        spelled: list[str] = []
        for part in parts:
            alike = self.listings.of(root, spelled).like(part)
            spelled.append(alike[0] if len(alike) == 1 else part)
        return spelled

    def _searched(self, text: str) -> list[tuple[Path, list[str]]] | None:
        path = self._mapped(text.strip().replace("\\", "/"))
        if path.startswith("/"):
            roots = [root for root in self.roots if _is_below(path, root)]
            searched = [(root, _parts(path[len(str(root)) :])) for root in roots]
        else:
            parts = None if _DRIVE.match(path) else _parts(path)
            searched = [(root, parts) for root in (self.folder, *self.roots)]
        sound = [(root, parts) for root, parts in searched if parts is not None]
        return sound or None

    def _mapped(self, path: str) -> str:
        parts = path.split("/")
        for beginning, folder in sorted(self.path_map.items(), key=lambda one: -len(one[0])):
            begins = beginning.replace("\\", "/").rstrip("/").split("/")
            if [*map(folded, parts[: len(begins)])] == [*map(folded, begins)]:
                return "/".join([str(folder), *parts[len(begins) :]])
        return path


def _above(folder: str) -> list[str]:
    return [part for part in folder.split("/") if part not in ("", ".")]


def _is_below(path: str, root: Path) -> bool:
    return path.startswith(f"{root}/")


def _parts(path: str) -> list[str] | None:
    """Split a path; None where it would leave its folder or names nothing."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    leaves = ".." in parts or "\0" in path
    return None if leaves or not 0 < len(parts) <= tree.DEEPEST else parts
