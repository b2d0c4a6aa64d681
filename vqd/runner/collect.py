"""Bringing an attempt's outputs home: fetched, checked, synced, and only then named."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from vqd.comfy.outputs import Remote, RemoteFile, RemoteText
from vqd.documents.opening import created
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.job import ExpectedOutput
from vqd.domain.kinds import KINDS
from vqd.domain.outcome import OutputFile
from vqd.media.apart import Media, identify
from vqd.runner.acceptance import BadOutput, check_count, check_file
from vqd.runner.server import Server
from vqd.runner.shared import OWN_FOLDER
from vqd.spool.drops import OUTPUTS, PARTS, REJECTED
from vqd.spool.files import is_real_file, link_or_copy, sync_file, sync_folder
from vqd.spool.folders import make_folder
from vqd.spool.signs import mtime

_MOST_REJECTED = 20
_EXTENSION = re.compile(r"\.[a-z0-9]{1,10}")

TakeName = Callable[[str], bool]
"""Takes a path in the job's folder for the prompt; False if another prompt has it."""


@frozen
class MadeFile:
    """A file that a server says it made, or a text that it showed, for one of the outputs a
    workflow promises."""

    expected: ExpectedOutput
    remote: Remote

    @property
    def extension(self) -> str:
        """Give the extension that the server has for it, else the one usual for its kind: of a few
        letters and digits, so that it can be part of any name here."""
        own = ".txt"
        if isinstance(self.remote, RemoteFile):
            own = PurePosixPath(self.remote.filename).suffix.lower()
        usual = KINDS[self.expected.kind].extensions[0]
        return own if _EXTENSION.fullmatch(own) else usual


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
    """Fetch every file, check every one, then give them their names below outputs/, which last from
    `sync_names` on.

    `stem` is the path without extension; `part` is unique to the attempt; `values` are those that
    the files were made with; `take_name` tells whether an output may have a name. What a file is
    decides its extension, where that of the server says otherwise.

    Raises:
        BadOutput: one of them is not what was promised; none is named then.
        ComfyError, OSError: it could not be fetched or written.
    """
    parts = folder / PARTS
    make_folder(parts, folder)
    for expected, count in Counter(made_file.expected for made_file in files).items():
        check_count(expected, count)
    checked: list[_Checked] = []
    for made_file in files:
        fetched = parts / f"{part}-{len(checked)}{made_file.extension}"
        _bring(server, made_file.remote, fetched)
        checked.append(_Checked(made_file, fetched, _accepted(fetched, made_file, values)))
    homes = _names(checked, stem, take_name)
    outputs = [one.output(home) for one, home in zip(checked, homes, strict=True)]
    places = [folder / home for home in homes]
    folders = dict.fromkeys(place.parent for place in places)
    for parent in folders:
        make_folder(parent, folder)
    for one, place in zip(checked, places, strict=True):
        one.path.replace(place)
    return tuple(outputs)


def sync_names(outputs: Iterable[OutputFile], folder: Path) -> None:
    """Make durable what outputs are called in a job's folder, and what lies beside them.

    Raises:
        OSError: it cannot be.
    """
    for parent in dict.fromkeys((folder / output.path).parent for output in outputs):
        sync_folder(parent)


@frozen
class _Checked:
    """A file that is here, and accepted."""

    made_file: MadeFile
    path: Path
    media: Media

    @property
    def extension(self) -> str:
        """Give the server's extension if what the file is goes by it, else the usual one."""
        fitting = self.media.extensions
        own = self.path.suffix
        return own if not fitting or own in fitting else fitting[0]

    def output(self, home: str) -> OutputFile:
        """Give what is told of it, by its kind, under the name that it gets."""
        media = self.media
        known: dict[str, Any] = {
            "width": media.width,
            "height": media.height,
            "frames": None if media.kind == "image" and media.frames == 1 else media.frames,
            "fps": media.fps,
            "duration_s": None if media.seconds is None else round(media.seconds, 3),
            "sample_rate": media.sample_rate,
            "channels": media.channels,
            "chars": media.chars,
        }
        return OutputFile(
            slot=self.made_file.expected.slot,
            path=home,
            kind=media.kind,
            sha256=media.sha256,
            bytes=media.bytes,
            modified_at=mtime(self.path.stat()),
            **{fact: known[fact] for fact in KINDS[media.kind].facts},
        )


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
    remotes = [one.remote for one in files if isinstance(one.remote, RemoteFile)]
    for remote in remotes:
        shared = _shared(server, remote)
        if shared is not None:
            _take_away(*shared)


def _names(checked: Sequence[_Checked], stem: str, take_name: TakeName) -> list[str]:
    """Give each file a name that no other has: `a.png`, `a_002.png` …"""
    slots = {one.made_file.expected.slot for one in checked}
    turns: Counter[tuple[str, str]] = Counter()
    names: dict[str, None] = {}
    for one in checked:
        base = stem if len(slots) == 1 else f"{stem}_{one.made_file.expected.slot}"
        which = base, one.extension
        name = ""
        while not name or name in names or not take_name(name):
            turns[which] += 1
            more = f"_{turns[which]:03}" if turns[which] > 1 else ""
            name = f"{OUTPUTS}/{base}{more}{one.extension}"
        names[name] = None
    return [*names]


def _bring(server: Server, remote: Remote, target: Path) -> None:
    """Take a file from the server's shared output folder; what is not to be had there is fetched,
    and a text is written down as UTF-8.

    Which of its folders this machine sees may be wrong in the settings, or away.
    """
    if isinstance(remote, RemoteText):
        _write(remote.text, target)
        return
    shared = _shared(server, remote)
    if shared is None:
        server.client.fetch(remote, target)
        return
    link_or_copy(shared[0], target)
    sync_file(target)


def _write(text: str, target: Path) -> None:
    with created(target) as file:
        # Half of a surrogate pair is legal in JSON, and no character.
        file.write(text.encode(errors="replace"))
        file.flush()
        os.fsync(file.fileno())


def _shared(server: Server, remote: RemoteFile) -> tuple[Path, Sequence[str]] | None:
    """Give the file in the server's shared output folder, and its path below that in parts; None if
    it is not there, or is not to lie there.

    A server on Windows writes its folders with `\\`.
    """
    top = server.output_folder
    if top is None or remote.type != "output":
        return None
    subfolder = remote.subfolder.replace("\\", "/")
    below = f"{subfolder}/{remote.filename}" if subfolder else remote.filename
    parts = [part for part in below.split("/") if part not in ("", ".")]
    if ".." in parts or "/" in (below[:1], remote.filename[:1]):
        return None
    path = top / below
    return (path, parts) if is_real_file(path) else None


def _take_away(path: Path, parts: Sequence[str]) -> None:
    """Remove a file, and those of vqd's own folders on the way to it that are empty then."""
    with suppress(OSError):
        path.unlink()
        ours = len(parts) - 2 if parts[0] == OWN_FOLDER else 0
        for folder in path.parents[: max(0, ours)]:
            folder.rmdir()


def _accepted(path: Path, made_file: MadeFile, values: Mapping[str, Value]) -> Media:
    expected = made_file.expected
    try:
        media = identify(path, expected.kind)
    except VqdError as error:
        said = f"The output {expected.slot} cannot be used: {error.message}."
        raise BadOutput(said, path) from error
    check_file(path, media, expected, values)
    return media
