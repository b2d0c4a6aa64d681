"""Moving a job through the folders. Each step is one rename or can be done again after a crash.

A job's folder, from `active/JOB` to `done/JOB` or `failed/JOB`:

1. `claims`: inbox -> active/JOB by one rename (S0 to S1).
2. While it runs, what was dropped stays where it was dropped; vqd adds outputs/, STATUS.yaml and
   its working folder .part/.
3. `begin_layout`: makes .dropped/, before the commit that says the job is publishing (S3).
4. `gather_inputs`: every entry that is not vqd's own is renamed into .dropped/, then .dropped/ is
   renamed to inputs/. Killed anywhere, it goes on where it was: .dropped/ is still there.
5. `publish`: active/JOB -> done/JOB by one rename (S4).

What it cannot know: whether a writer still holds a file in a folder that it moves. The watchers
look at that before.
"""

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import chain, count, islice
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from vqd.domain.names import folded, why_never_taken
from vqd.spool import status
from vqd.spool.failures import FAILURES
from vqd.spool.files import (
    is_real_file,
    is_real_folder,
    move_folder,
    sync_folder,
    temporary_beside,
)
from vqd.spool.folders import make_folder, move_aside, move_or_link
from vqd.spool.jobfiles import DEFAULTS
from vqd.spool.requests import is_steering
from vqd.spool.space import is_of_disk

INPUTS = "inputs"
OUTPUTS = "outputs"
PARTS = ".part"
STATUS = status.STATUS
REJECTED = "rejected-outputs"
REPORT = "report.html"
PROOF = "proof.html"
_DROPPED = ".dropped"
GRAPHS = "graphs"
_GRAPH = re.compile(r"[0-9a-f]{64}\.json")
_LOG = "log.txt"

RESULT_NAMES = frozenset(
    {OUTPUTS, REJECTED, GRAPHS, STATUS, "WHY.txt", REPORT, PROOF, "manifest.jsonl", FAILURES, _LOG}
)
"""What vqd writes into a job's folder."""

_FOLDERS = frozenset({OUTPUTS, REJECTED, GRAPHS})
_HALF_WRITTEN = frozenset(temporary_beside(Path(name)).name for name in RESULT_NAMES - _FOLDERS)
"""What a crash leaves of a result that was being written, unless it is written again."""
_OWN_NAMES = RESULT_NAMES | _HALF_WRITTEN | {PARTS, _DROPPED}
_FOLDED_NAMES = frozenset(map(folded, _OWN_NAMES))
"""By what a case-blind share takes for the same."""
_OF_LAYOUT = (GRAPHS, REPORT, "WHY.txt")

Told = Callable[[Collection[str]], Iterable[str]]
"""Gives those of some paths in a job's folder that are known to be outputs of the job."""

_ASKED_AT_ONCE = 500
"""Files of which it is asked together whether they are outputs."""


def set_aside(folder: Path, *, but: frozenset[str] = frozenset()) -> None:
    """Move whatever has the name of a result into previous/; again after a crash.

    So it is with what has another name that vqd uses while it works. Nothing that was dropped, and
    no earlier result, is ever written over or thrown away.
    """
    if _FOLDED_NAMES.isdisjoint(map(folded, os.listdir(folder))):  # noqa: PTH208 - names alone
        return
    _forget_layout(folder)
    left = [folder / name for name in sorted(_OWN_NAMES - but) if os.path.lexists(folder / name)]
    if not left:
        return
    previous = _previous(folder)
    for path in left:
        path.rename(previous / path.name)
    sync_folder(previous)
    sync_folder(folder)


def set_log_aside(folder: Path) -> None:
    """Move the log of a job of which the queue knows less into previous/; again after a crash."""
    set_aside(folder, but=_OWN_NAMES - {_LOG})


def set_outputs_aside(folder: Path, kept: Collection[str]) -> int:
    """Move every output that is not `kept`, what lies beside it, and what was not accepted, into
    previous/; again after a crash. Gives how many files were moved.

    `kept` are paths in the job's folder. The sidecar of one that is kept is kept too.
    """
    names = {normalize("NFC", path) for path in kept}
    left = [*_untold(folder, names.intersection), *_files_below(folder, REJECTED)]
    moved = _move_to_previous(folder, left)
    with suppress(OSError):  # it is not there, or something else is in it
        (folder / REJECTED).rmdir()
    return moved


def set_untold_aside(folder: Path, told: Told) -> int:
    """Move what no output of the job is, nor the sidecar of one, out of outputs/ into previous/;
    again after a crash. Gives how many files were moved."""
    return _move_to_previous(folder, [*_untold(folder, told)])


def _untold(folder: Path, told: Told) -> Iterator[str]:
    found = _files_below(folder, OUTPUTS)
    while paths := [*islice(found, _ASKED_AT_ONCE)]:
        outputs = {path: _may_be(path) for path in paths}
        known = {*told({name for names in outputs.values() for name in names})}
        yield from (path for path, names in outputs.items() if known.isdisjoint(names))


def _may_be(path: str) -> set[str]:
    """Give the outputs that a file may be, or be the sidecar of."""
    name = normalize("NFC", path)
    return {name, name.removesuffix(".yaml")}


def _move_to_previous(folder: Path, paths: Collection[str]) -> int:
    """Move files of a job's folder to the same paths below a new previous/, durably; what somebody
    lets nobody move stays. Gives how many were moved. What a crash left of a sidecar goes."""
    if not paths:
        return 0
    previous, moved = _previous(folder), 0
    changed: set[PurePosixPath] = set()
    for path in paths:
        target = previous / path
        target.parent.mkdir(parents=True, exist_ok=True)
        half = temporary_beside(folder / f"{path}.yaml")
        with suppress(PermissionError):
            if is_real_file(half):
                half.unlink()
            (folder / path).rename(target)
            changed |= {*PurePosixPath(path).parents}
            moved += 1
    for below in changed:
        sync_folder(previous / below)
        sync_folder(folder / below)
    if moved < len(paths):
        _remove_empty_folders(previous)
    return moved


def _files_below(folder: Path, below: str) -> Iterator[str]:
    """Give the path of every file and link below a folder, but for what is never taken."""
    if not (folder / below).is_dir() or (folder / below).is_symlink():
        if os.path.lexists(folder / below):
            yield below
        return
    with os.scandir(folder / below) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for name, is_folder in found:
        if is_folder:
            yield from _files_below(folder, f"{below}/{name}")
        elif why_never_taken(name) is None:
            yield f"{below}/{name}"


def is_laid_out(folder: Path) -> bool:
    """Tell whether a job's folder was laid out: what was dropped lies in inputs/.

    Any of what is written then tells it, for people take some of it away; without all of it an
    inputs/ that was dropped is not told from vqd's own.
    """
    if not is_real_folder(folder / INPUTS) or (folder / _DROPPED).exists():
        return False
    is_written = any((folder / name).exists() for name in _OF_LAYOUT)
    return is_written or status.tells_of_the_end(folder / STATUS)


def lacks_its_status(folder: Path) -> bool:
    """Tell whether a folder has what vqd writes into one, but no STATUS.yaml, by which it would be
    known as a job's: it may be copied last."""
    if os.path.lexists(folder / STATUS):
        return False
    return any((folder / name).exists() for name in ("manifest.jsonl", *_OF_LAYOUT))


def lay_inputs_out(folder: Path, job_file: str) -> None:
    """Lay out what was dropped in a folder, unless it is already, as it is not when it was taken
    out while its job was active."""
    was_laid_out = is_laid_out(folder)
    make_folder(folder / GRAPHS, folder)
    if not was_laid_out:
        begin_layout(folder)
        gather_inputs(folder, job_file)


def _previous(folder: Path) -> Path:
    """Make the next folder for what was made before."""
    names = chain(["previous"], (f"previous-{turn}" for turn in count(2)))
    previous = next(folder / name for name in names if _is_free(folder / name))
    previous.mkdir()
    return previous


def _is_free(path: Path) -> bool:
    """Tell whether nothing has this name; folders that a crash left without a file are removed."""
    if is_real_folder(path) and not any(files for _, _, files in os.walk(path)):
        _remove_empty_folders(path)
    return not os.path.lexists(path)


def _remove_empty_folders(top: Path) -> None:
    """Remove a folder and those below it, but for what something is in."""
    for below, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            Path(below).rmdir()


def _forget_layout(folder: Path) -> None:
    """Take away the note of `begin_layout`, of which nothing came; not a folder with content."""
    note = folder / _DROPPED
    if note.is_dir() and not note.is_symlink() and not any(note.iterdir()):
        note.rmdir()


def begin_layout(folder: Path) -> None:
    """Note in the folder that its inputs are to be gathered."""
    make_folder(folder / _DROPPED, folder)


def clear_way(folder: Path) -> None:
    """Move aside what was put where vqd is to write a file or a folder, and is not of that kind."""
    for name in RESULT_NAMES:
        if is_real_folder(folder / name) != (name in _FOLDERS):
            move_aside(folder / name)


def gather_inputs(folder: Path, job_file: str) -> None:
    """Put everything that was dropped into inputs/, but the job file, the defaults that lie under
    it and what steered the job; again after a crash. Of a result that was half written when the
    daemon was killed nothing stays: what was dropped under such a name was set aside."""
    dropped = folder / _DROPPED
    if not is_real_folder(dropped):
        return
    kept = RESULT_NAMES | {_DROPPED, PARTS, job_file, DEFAULTS}
    for entry in list(folder.iterdir()):
        if entry.name in _HALF_WRITTEN and is_real_file(entry):
            entry.unlink()
        elif entry.name not in kept and not is_steering(entry.name):
            move_or_link(entry, dropped / entry.name)
    dropped.rename(folder / INPUTS)
    sync_folder(folder)


def publish(folder: Path, target: Path) -> None:
    """Hand the finished folder over: one rename, durable. Its working folder goes before, and what
    somebody put there under its name is moved aside: a rename would replace an empty folder."""
    shutil.rmtree(folder / PARTS, onerror=_unless_of_disk)
    move_aside(target)
    move_folder(folder, target)


def _unless_of_disk(
    _call: object, _path: str, fault: tuple[type[BaseException], BaseException, object]
) -> None:
    """Let what cannot be removed stay, but for a disk that refuses everything: then it is tried
    again."""
    if isinstance(fault[1], OSError) and is_of_disk(fault[1]):
        raise fault[1]


def trim(folder: Path) -> None:
    """Take away what tells how a published job was made: log.txt, and the graphs in graphs/.

    Whatever else somebody put there stays.

    Raises:
        OSError: some of it could not be taken away.
    """
    graphs = folder / GRAPHS
    if graphs.is_dir() and not graphs.is_symlink():
        for path in list(graphs.iterdir()):
            if _GRAPH.fullmatch(path.name):
                path.unlink()
        if not any(graphs.iterdir()):
            graphs.rmdir()
    (folder / _LOG).unlink(missing_ok=True)
    sync_folder(folder)
