"""Parcels: what a prompt made as one file, with the lines and sidecars that tell of it."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tarfile import TarFile, TarInfo
from typing import BinaryIO

from vqd.documents.opening import created
from vqd.domain.errors import DEPOT_LACKS, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.outcome import OutputFile
from vqd.spool.drops import PARTS
from vqd.spool.files import is_real_file, is_real_folder, sync_folder
from vqd.spool.folders import make_folder, move_aside
from vqd.spool.manifest import MANIFEST, add_lines, line_of
from vqd.spool.space import require_room

_PIECE_BYTES = 1 << 20


def pack(folder: Path, outputs: Iterable[OutputFile], target: Path) -> None:
    """Write what a prompt made into a parcel: its outputs below `folder`, what lies beside them,
    and its lines of the manifest.

    Raises:
        OSError: it cannot be read or written.
    """
    paths = [path for output in outputs for path in (output.path, _sidecar(output))]
    with tarfile.open(target, "w") as parcel:
        for path in (*paths, MANIFEST):
            if is_real_file(folder / path):
                parcel.add(folder / path, arcname=path, recursive=False)


def unpack(parcel: Path, folder: Path, outputs: Sequence[OutputFile], *, part: str) -> None:
    """Lay out what a parcel holds in the folder of a job, whole and durably; again changes nothing.

    `part` is what no other parcel's files are called until then.

    Raises:
        VqdError: `depot_lacks`, it does not hold what the prompt made; nothing is laid out then.
        OSError: it cannot be written.
    """
    parts = folder / PARTS
    make_folder(parts, folder)
    with tarfile.open(parcel) as tar:
        members = {member.name: member for member in tar if member.isfile()}
        found = [
            _Found(path, output, parts / f"{part}-{turn}")
            for turn, (path, output) in enumerate(_wanted(outputs))
            if output is not None or path in members
        ]
        for one in found:
            _bring(tar, members, one)
        lines = _text(tar, members.get(MANIFEST)).splitlines()
    places = [folder / one.path for one in found]
    for parent in dict.fromkeys(place.parent for place in places):
        make_folder(parent, folder)
    for one, place in zip(found, places, strict=True):
        if is_real_folder(place):
            move_aside(place)  # somebody made it there
        one.brought.replace(place)
    for parent in dict.fromkeys(place.parent for place in places):
        sync_folder(parent)
    add_lines(folder, [line for line in map(line_of, lines) if line is not None])


def sha256_of(path: Path) -> str:
    """Give the hash of a file, which may be any size."""
    with path.open("rb") as file:
        return sha256_in(file)


def sha256_in(file: BinaryIO) -> str:
    """Give the hash of what is left to read of a file."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


@frozen
class _Found:
    """A file of a parcel: its path in the job's folder, the output that it is, if it is one, and
    where it is until it has that path."""

    path: str
    output: OutputFile | None
    brought: Path


def _wanted(outputs: Iterable[OutputFile]) -> Iterator[tuple[str, OutputFile | None]]:
    for output in outputs:
        yield output.path, output
        yield _sidecar(output), None


def _sidecar(output: OutputFile) -> str:
    return f"{output.path}.yaml"


def _bring(tar: TarFile, members: dict[str, TarInfo], one: _Found) -> None:
    member = members.get(one.path)
    source = None if member is None else tar.extractfile(member)
    if member is None or source is None:
        raise VqdError(DEPOT_LACKS, f"The parcel does not hold {one.path}.")
    require_room(one.brought.parent, member.size)
    with source, created(one.brought) as target:
        shutil.copyfileobj(source, target, _PIECE_BYTES)
        target.flush()
        os.fsync(target.fileno())
    os.utime(one.brought, (member.mtime, member.mtime))
    if one.output is not None and sha256_of(one.brought) != one.output.sha256:
        raise VqdError(DEPOT_LACKS, f"The parcel holds another {one.path} than was made.")


def _text(tar: TarFile, member: TarInfo | None) -> bytes:
    source = None if member is None else tar.extractfile(member)
    if source is None:
        return b""
    with source:
        return source.read()
