"""A job with its files as multipart/form-data (RFC 7578), read from disk as it is sent."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.names import is_text, printable, why_never_taken

_PART_BYTES = 1 << 18


@frozen
class Enclosed:
    """A file, and its path in the job's folder."""

    path: str
    file: Path


class Parcel:
    """The body of a request; `len` is how many bytes it has, and it can be read once.

    `names` are the paths of files that are not sent with it.
    """

    def __init__(
        self, job_file: Path | None, files: Sequence[Enclosed], names: Sequence[str] = ()
    ) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts = [(self._head("files", one.path), one.file) for one in files]
        if job_file is not None:
            self._parts.insert(0, (self._head("job", None, kind=_kind_of(job_file)), job_file))
        self._names = b""
        if names:
            self._names = self._head("names", None) + json.dumps([*names]).encode() + b"\r\n"
        self._end = f"--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        """Give how it is called in the header of a request."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        """Give how many bytes it has."""
        parts = sum(
            len(head) + size + 2 for (head, _), size in zip(self._parts, self._sizes, strict=True)
        )
        return len(self._names) + parts + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        """Give it piece by piece.

        Raises:
            VqdError: `file_changed`, a file is not as long as it was. OSError: one cannot be read.
        """
        if self._names:
            yield self._names
        for (head, file), size in zip(self._parts, self._sizes, strict=True):
            yield head
            yield from _pieces(file, size)
            yield b"\r\n"
        yield self._end

    @cached_property
    def _sizes(self) -> Sequence[int]:
        return [file.stat().st_size for _, file in self._parts]

    def _head(self, name: str, filename: str | None, *, kind: str = "") -> bytes:
        disposition = f'form-data; name="{name}"'
        if filename is not None:
            disposition += f'; filename="{_escaped(filename)}"'
        lines = [f"--{self._boundary}", f"Content-Disposition: {disposition}"]
        lines += [f"Content-Type: {kind}"] if kind else []
        return "\r\n".join([*lines, "", ""]).encode()


def enclosed_in(folder: Path) -> Iterator[Enclosed]:
    """Give every file below a folder that a job may have; no link is followed, and what is hidden
    or never taken stays here."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if why_never_taken(name) is None)
        for name in sorted(names):
            file = Path(place) / name
            if why_never_taken(name) is None and file.is_file() and not file.is_symlink():
                yield Enclosed(file.relative_to(folder).as_posix(), file)


def _pieces(file: Path, size: int) -> Iterator[bytes]:
    left = size
    with file.open("rb") as opened:
        while left and (piece := opened.read(min(left, _PART_BYTES))):
            left -= len(piece)
            yield piece
    if left:
        said = f"{file}: it became shorter while it was sent."
        raise VqdError("file_changed", said, "Send the job again when nothing writes into it.")


def _kind_of(job_file: Path) -> str:
    is_json = job_file.suffix.lower() == ".json"
    return "application/json" if is_json else "application/yaml"


def _escaped(path: str) -> str:
    """Give a path for a header.

    Raises:
        VqdError: `bad_path`, it is none that a header, or another system, can hold.
    """
    if not is_text(path) or any(char < " " for char in path):
        hint = "Give the file another name."
        raise VqdError("bad_path", f"{printable(path)}: this name cannot be sent.", hint)
    return path.replace("\\", "\\\\").replace('"', '\\"')
