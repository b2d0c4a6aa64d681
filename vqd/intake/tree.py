"""A folder and what lies below it, seen step by step so that no link is ever followed.

Every step opens a folder from the folder above it with O_NOFOLLOW: what is swapped for a link
between two looks is refused by the kernel (open(2)), not by a check that came too early.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vqd.documents.opening import open_held, read_from, what_is
from vqd.domain.frozen import frozen
from vqd.domain.names import folded, pattern, why_never_taken

DEEPEST = 40
"""How deep folders are looked into; one that lies deeper is told of."""

_ANY = None
"""`**` in a pattern: any folders, or none."""
_Pattern = re.Pattern[str] | None

_GONE = (FileNotFoundError, NotADirectoryError)
"""What opening a folder raises when it went, or became a link, since it was looked at."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class TooDeep(Exception):
    """A folder lies deeper than is looked into. `path` is relative to the tree, and may be long."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} lies deeper than {DEEPEST} folders")
        self.path = path


@frozen
class Entry:
    """One name below a tree. `path` is relative to the tree, with `/`; `mode` is st_mode."""

    path: str
    mode: int
    bytes: int

    @property
    def is_file(self) -> bool:
        """Tell a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Tell a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_strange(self) -> bool:
        """Tell a link, a fifo, a socket or a device: what is never opened."""
        return not self.is_file and not self.is_folder

    @property
    def what(self) -> str:
        """Say in words what it is."""
        return what_is(self.mode)


def find(root: Path, parts: Sequence[str]) -> Entry | None:
    """Give what has this name below `root`, or the link or device that stands on the way to it.

    A name in other case or another Unicode form is found where it is the only one.
    """
    try:
        with _opened(root) as handle:
            return _find(handle, "", parts)
    except _GONE:
        return None


def find_exactly(root: Path, parts: Sequence[str]) -> Entry | None:
    """Give what has exactly this name below `root`, at the cost of one look; None too for what a
    link is on the way to."""
    try:
        with ExitStack() as stack:
            handle = stack.enter_context(_opened(root))
            for folder in parts[:-1]:
                handle = stack.enter_context(_opened(folder, handle))
            return _look(handle, "/".join(parts[:-1]), parts[-1])
    except _GONE:
        return None


def walk(root: Path, parts: Sequence[str] = (), depth: int = DEEPEST) -> Iterator[Entry]:
    """Give every file, link and device below `root/parts`, without what is never taken.

    Raises:
        TooDeep: a folder lies deeper below `root` than is looked into.
    """
    try:
        with _opened(root) as handle:
            yield from _walk_from(handle, "", parts, depth)
    except _GONE:
        return


def glob(root: Path, parts: Sequence[str]) -> Iterator[Entry]:
    """Give what matches the pattern: `*` and `?` within a name, `**` for any folders.

    Raises:
        TooDeep: as `walk`, with `**`.
    """
    fixed = next(at for at, part in enumerate([*parts[:-1], "*"]) if {"*", "?"} & {*part})
    start = find(root, parts[:fixed]) if fixed else None
    if fixed and not (start and start.is_folder):
        yield from (entry for entry in [start] if entry and entry.is_strange)
        return
    above = start.path.split("/") if start else []
    patterns = [_ANY if part == "**" else pattern(part) for part in parts[fixed:]]
    depth = DEEPEST if _ANY in patterns else len(patterns) - 1
    for entry in walk(root, above, depth):
        names = [folded(name) for name in entry.path.split("/")[len(above) :]]
        if _matches(names, patterns):
            yield entry


def natural(path: str) -> list[tuple[int, int, str]]:
    """Give the key that sorts `a2` before `a10`, blind to case."""
    parts = re.split(r"([0-9]+)", path.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def names(root: Path, parts: Sequence[str]) -> list[str]:
    """Give every name in the folder `root/parts`; none if it is gone, or a link is on the way."""
    try:
        with ExitStack() as stack:
            handle = stack.enter_context(_opened(root))
            for folder in parts:
                handle = stack.enter_context(_opened(folder, handle))
            return os.listdir(handle)  # noqa: PTH208 - a handle, not a path
    except _GONE:
        return []


def read(root: Path, path: str, most_bytes: int) -> bytes:
    """Give the bytes of the file at a path below `root`, at most one more than `most_bytes`.

    Raises:
        NotAFile: it is a link, a folder, a fifo, a socket or a device.
        OSError: it is gone, or cannot be read.
    """
    *above, name = path.split("/")
    with ExitStack() as stack:
        handle = stack.enter_context(_opened(root))
        for folder in above:
            handle = stack.enter_context(_opened(folder, handle))
        with os.fdopen(open_held(name, handle), "rb") as file:
            return read_from(file, most_bytes + 1)


@contextmanager
def _opened(folder: Path | str, above: int | None = None) -> Iterator[int]:
    flags = _FOLDER if above is None else _FOLDER | os.O_NOFOLLOW
    try:
        handle = os.open(folder, flags, dir_fd=above)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no folder can have this name
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder) from error
        raise
    try:
        yield handle
    finally:
        os.close(handle)


def _find(handle: int, above: str, parts: Sequence[str]) -> Entry | None:
    name, *rest = parts
    entry = _look(handle, above, name) or _look_alike(handle, above, name)
    if entry is None or not rest:
        return entry
    if not entry.is_folder:
        return entry if entry.is_strange else None
    try:
        with _opened(_name(entry), handle) as below:
            return _find(below, entry.path, rest)
    except _GONE:
        return _look(handle, above, _name(entry))


def _look(handle: int, above: str, name: str) -> Entry | None:
    try:
        facts = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file can have this name
            return None
        raise
    return Entry(f"{above}/{name}" if above else name, facts.st_mode, facts.st_size)


def _look_alike(handle: int, above: str, name: str) -> Entry | None:
    alike = [other for other in os.listdir(handle) if folded(other) == folded(name)]
    return _look(handle, above, alike[0]) if len(alike) == 1 else None


def _walk_from(handle: int, above: str, parts: Sequence[str], depth: int) -> Iterator[Entry]:
    if not parts:
        yield from _walk(handle, above, depth)
        return
    try:
        with _opened(parts[0], handle) as below:
            yield from _walk_from(below, f"{above}{parts[0]}/", parts[1:], depth)
    except _GONE:
        return


def _walk(handle: int, above: str, depth: int) -> Iterator[Entry]:
    with os.scandir(handle) as entries:
        names = [entry.name for entry in entries if not why_never_taken(entry.name)]
    for name in names:
        entry = _look(handle, above.rstrip("/"), name)
        if entry is None:
            continue
        if not entry.is_folder:
            yield entry
        elif above.count("/") >= DEEPEST:
            raise TooDeep(entry.path)
        elif depth:
            yield from _walk_from(handle, above, [name], depth - 1)


def _name(entry: Entry) -> str:
    return entry.path.rpartition("/")[2]


def _matches(names: Sequence[str], patterns: Sequence[_Pattern]) -> bool:
    """Match name by name; `reached` holds how many patterns may be used up so far."""
    reached = _past_any({0}, patterns)
    for name in names:
        taken = {
            at if patterns[at] is _ANY else at + 1
            for at in reached
            if at < len(patterns) and _fits(name, patterns[at])
        }
        reached = _past_any(taken, patterns)
    return len(patterns) in reached


def _fits(name: str, wanted: _Pattern) -> bool:
    return wanted is _ANY or wanted.fullmatch(name) is not None


def _past_any(reached: set[int], patterns: Sequence[_Pattern]) -> set[int]:
    """Add what follows each `**`, which may stand for no folder at all."""
    more = set(reached)
    for at in sorted(reached):
        while at < len(patterns) and patterns[at] is _ANY:
            at += 1
            more.add(at)
    return more
