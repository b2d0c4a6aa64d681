"""Names of files in a server's folders: what an input's name means, and where an output goes."""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.engine.nodes.signature import Folders

KINDS = ("input", "output", "temp")


@frozen
class Place:
    """Where a saver puts its files: below `folder`, counting from `counter`."""

    kind: str
    folder: Path
    subfolder: str
    base: str
    counter: int

    @contextmanager
    def writing(self, number: int, ending: str) -> Iterator[tuple[Path, Mapping[str, str]]]:
        """Give a hidden file to write the `number`th output into (0 is the first), and how clients
        are told of it. It gets its name when it is whole, and is gone when it is not.
        """
        base = self.base.replace("%batch_num%", str(number))
        name = f"{base}_{self.counter + number:05}_.{ending}"
        hidden = self.folder / f".{name}"
        try:
            yield hidden, {"filename": name, "subfolder": self.subfolder, "type": self.kind}
            hidden.replace(self.folder / name)
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise


def place_for(
    folders: Folders, prefix: str, width: int, height: int, kind: str = "output"
) -> Place:
    """Give where files of this prefix go (ComfyUI 0.3.64, folder_paths.py).

    Unlike there, a prefix that is empty, ends in `/` or has `%batch_num%` counts on as any other:
    there it begins at 1 again and writes over what lies there.

    Raises:
        ValueError: the prefix leaves the folder.
    """
    top = folders.of(kind)
    expanded = Path(os.path.normpath(_expanded(prefix, width, height)))
    folder = Path(os.path.normpath(top / expanded.parent))
    if not folder.is_relative_to(top) or expanded.name == "..":
        raise ValueError("Saving image outside the output folder is not allowed.")
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
    subfolder = "" if folder == top else str(folder.relative_to(top))
    base = expanded.name or "."
    return Place(kind, folder, subfolder, base, _highest(folder, base) + 1)


def input_path(folders: Folders, name: str) -> Path | None:
    """Give what an input's value names, None if there is none among the server's own files."""
    bare, kind = without_kind(name)
    top = folders.of(kind or "input")
    path = Path(os.path.normpath(top / bare))
    if not path.is_relative_to(top):
        return None
    try:
        return path if path.exists() else None
    except OSError:
        return None


def content_of(folders: Folders, name: str) -> str:
    """Give the sha256 of what an input's value names, in hex; nothing where there is none."""
    path = input_path(folders, name)
    if path is None or not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def without_kind(name: str) -> tuple[str, str]:
    """Give a name without its ` [input]`, ` [output]` or ` [temp]`, and which it was, if any."""
    for kind in KINDS:
        if name.endswith(f" [{kind}]"):
            return name.removesuffix(f" [{kind}]"), kind
    return name, ""


def _expanded(prefix: str, width: int, height: int) -> str:
    now = time.localtime()
    known = {
        "width": str(width),
        "height": str(height),
        "year": str(now.tm_year),
        "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}",
        "hour": f"{now.tm_hour:02}",
        "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }
    return re.sub(r"%(\w+)%", lambda found: known.get(found[1], found[0]), prefix)


def _highest(folder: Path, base: str) -> int:
    # The folder may hold very many files: most are told apart before anything is compiled.
    start = base.partition("%batch_num%")[0]
    names = [name for name in os.listdir(folder) if name.startswith(start)]  # noqa: PTH208
    if not names:
        return 0
    numbered = re.compile(re.escape(base).replace("%batch_num%", r"\d+") + r"_([0-9]+)(?:_|$)")
    return max((int(match[1]) for match in map(numbered.match, names) if match), default=0)
