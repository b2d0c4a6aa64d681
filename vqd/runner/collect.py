"""Bringing an attempt's outputs home: fetched, checked, synced, and only then named."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vqd.comfy.messages import RemoteFile
from vqd.domain.errors import VqdError
from vqd.domain.graph import Value
from vqd.domain.job import ExpectedOutput
from vqd.domain.outcome import OutputFile
from vqd.media.apart import probe
from vqd.runner.acceptance import BadOutput, check_count, check_file
from vqd.runner.server import Server
from vqd.runner.shared import OWN_FOLDER
from vqd.spool.drops import OUTPUTS, PARTS, REJECTED
from vqd.spool.files import link_or_copy, sync_file, sync_folder
from vqd.spool.folders import make_folder
from vqd.spool.manifest import mtime

_MOST_REJECTED = 20

TakeName = Callable[[str], bool]
"""Takes a path in the job's folder for the prompt; False if another prompt has it."""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that a server says it made for one of the outputs a workflow promises."""

    expected: ExpectedOutput
    remote: RemoteFile


def collect(
    server: Server,
    files: Sequence[MadeFile],
    folder: Path,
    *,
    stem: str,
    part: str,
    values: Mapping[str, Value],
    take_name: TakeName,
) -> tuple[OutputFile, ...]:
    """Fetch every file, check every one, then give them their names below outputs/.

    `stem` is the path without extension; `part` is unique to the attempt; `values` are those that
    the files were made with; `take_name` tells whether an output may have a name.

    Raises:
        BadOutput: one of them is not what was promised; none is named then.
        ComfyError, OSError: it could not be fetched or written.
    """
    parts = folder / PARTS
    make_folder(parts, folder)
    for expected, count in Counter(made_file.expected for made_file in files).items():
        check_count(expected, count)
    homes = _names(files, stem, take_name)
    made: list[tuple[Path, OutputFile]] = []
    for made_file, home in zip(files, homes, strict=True):
        fetched = parts / f"{part}-{len(made)}{PurePosixPath(home).suffix}"
        _bring(server, made_file.remote, fetched)
        made.append((fetched, _checked(fetched, made_file, home, values)))
    for fetched, output in made:
        target = folder / output.path
        make_folder(target.parent, folder)
        fetched.replace(target)
        sync_folder(target.parent)
    return tuple(output for _, output in made)


def keep_rejected(file: Path, folder: Path, name: str) -> bool:
    """Put a fetched file that was not accepted where a person can look at it, in the job's folder;
    tell whether there was room: it is kept of 20 prompts.

    Raises:
        OSError: it cannot be put there.
    """
    rejected = folder / REJECTED
    make_folder(rejected, folder)
    if sum(1 for _ in rejected.iterdir()) >= _MOST_REJECTED:
        return False
    file.replace(rejected / name)
    sync_folder(rejected)
    return True


def take_away(server: Server, files: Sequence[MadeFile]) -> None:
    """Remove from the server's shared output folder what is home, and the folders vqd had for it;
    what may only be read stays."""
    for made_file in files:
        top, below = server.output_folder, _path_of(made_file.remote)
        if top is not None and below is not None and _is_file(top / below):
            _take_away(top, below)


def _names(files: Sequence[MadeFile], stem: str, take_name: TakeName) -> list[str]:
    slots = {made_file.expected.slot for made_file in files}
    names: list[str] = []
    for made_file in files:
        base = stem if len(slots) == 1 else f"{stem}_{made_file.expected.slot}"
        suffix = PurePosixPath(made_file.remote.filename).suffix.lower()
        turn, name = 1, f"{OUTPUTS}/{base}{suffix}"
        while name in names or not take_name(name):
            turn += 1
            name = f"{OUTPUTS}/{base}_{turn:03}{suffix}"
        names.append(name)
    return names


def _bring(server: Server, remote: RemoteFile, target: Path) -> None:
    """Take a file from the server's shared output folder; what is not to be had there is fetched.

    Which of its folders this machine sees may be wrong in the settings, or away.
    """
    top, below = server.output_folder, _path_of(remote)
    if top is None or below is None or not _is_file(top / below):
        server.client.fetch(remote, target)
        return
    link_or_copy(top / below, target)
    sync_file(target)


def _path_of(remote: RemoteFile) -> PurePosixPath | None:
    """Give where an output lies in its server's output folder; None if it is not to lie there.

    A server on Windows writes its folders with `\\`.
    """
    below = PurePosixPath(remote.subfolder.replace("\\", "/"), remote.filename)
    is_inside = not below.is_absolute() and ".." not in below.parts
    return below if remote.type == "output" and is_inside else None


def _is_file(path: Path) -> bool:
    """Tell whether there is a file, and no link; no, too, on a dead mount."""
    return os.path.isfile(path) and not os.path.islink(path)  # noqa: PTH113, PTH114


def _take_away(top: Path, below: PurePosixPath) -> None:
    with suppress(OSError):
        (top / below).unlink()
        for folder in list(below.parents)[:-2] if below.parts[0] == OWN_FOLDER else ():
            (top / folder).rmdir()


def _checked(path: Path, made_file: MadeFile, home: str, values: Mapping[str, Value]) -> OutputFile:
    expected = made_file.expected
    try:
        media = probe(path)
    except VqdError as error:
        said = f"The output {expected.slot} cannot be used: {error.message}."
        raise BadOutput(said, path) from error
    check_file(path, media, expected, values)
    return OutputFile(
        slot=expected.slot,
        path=home,
        kind=media.kind,
        sha256=media.sha256,
        bytes=media.bytes,
        width=media.width,
        height=media.height,
        frames=media.frames if media.kind == "video" else None,
        fps=media.fps,
        modified_at=mtime(path.stat()),
    )
