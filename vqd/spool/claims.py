"""Taking drops: from where they lie to active/JOB, whole or not at all, wherever it is killed.

A dropped folder is taken by one rename (`claim_folder`). What must be put together first is put
together under hidden names:

1. The note `active/.JOB.claim` says where the drop comes from and which file comes last.
2. `active/.JOB.part/` gets everything else by rename. Where no rename leads from one file system
   to the other, each is renamed into `_taken/JOB/` beside where it lay, and copied from there.
3. The last file is moved there or written: the job file, or the layer that lies under one.
4. `active/.JOB.part` becomes `active/JOB` by one rename, and the note goes.

After a crash `recover_claims` finishes or takes back: where the last file is, everything is, and
the folder gets its name; where it is not, what was taken goes back to where it lay. Nothing that
was dropped is ever deleted or written over.
"""

import errno
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.spool.building import BUILDING, NOTE, Claim, Note, note_of
from vqd.spool.files import is_real_file, is_real_folder, move_folder

JOB_FILE = "job.yaml"
"""What vqd names a job file that it writes itself."""


def claim_folder(drop: Path, folder: Path) -> None:
    """Take a dropped folder: one rename, durable.

    Raises:
        FileNotFoundError: its owner was quicker and moved it away.
        VqdError: `not_a_folder`, its owner was quicker and put a link there; it is back there.
    """
    move_folder(drop, folder)
    if not is_real_folder(folder):
        move_folder(folder, drop)
        raise VqdError("not_a_folder", f"{drop.name} became a link, and no link is taken.")


def claim_file(drop: Path, inputs: Sequence[Path], folder: Path, *, alone: bool) -> None:
    """Take a dropped job file with its inputs, which lie beside or below it.

    The job file is moved; its inputs are moved when no other job file can want them (`alone`),
    else linked or copied.

    Raises:
        FileNotFoundError: its owner was quicker and moved it away.
    """
    _carry_out(claiming_file(drop, inputs, folder, alone=alone))


def claim_files(files: Iterable[Path], folder: Path, job_file: bytes, origin: Path) -> None:
    """Take dropped files below `origin` as a job, whose job.yaml is written with these bytes.

    Raises:
        FileNotFoundError: none of them is there any more.
        OSError: one of them cannot be taken; those that were are back where they lay.
    """
    _carry_out(claiming_files(files, folder, job_file, origin))


def claiming_file(
    drop: Path, inputs: Sequence[Path], folder: Path, *, alone: bool
) -> Iterator[None]:
    """Do as `claim_file`, step by step: what is not gone on with is as after a crash."""
    claim = Claim(folder, Note(drop.parent, drop.name, by="rename" if alone else "link"))
    yield from claim.begin(noted=bool(inputs))
    try:
        yield from claim.bring(inputs) if alone else claim.link(inputs)
        drop.rename(claim.building / drop.name)
        yield
        yield from claim.finish()
    except (OSError, VqdError):
        claim.take_back()
        raise


def claiming_files(
    files: Iterable[Path], folder: Path, job_file: bytes, origin: Path
) -> Iterator[None]:
    """Do as `claim_files`, step by step: what is not gone on with is as after a crash."""
    claim = Claim(folder, Note(origin, JOB_FILE))
    yield from claim.begin(noted=True)
    try:
        yield from claim.bring(files)
        if not claim.has_any():
            raise FileNotFoundError(errno.ENOENT, "none of its files is there any more", origin)
        yield from claim.complete(job_file)
    except (OSError, VqdError):
        claim.take_back()
        raise


def claiming_folder(drop: Path, folder: Path, name: str, content: bytes) -> Iterator[None]:
    """Take a dropped folder and write one file more into it, step by step as `claiming_files`.

    Raises:
        FileNotFoundError: its owner was quicker and moved it away.
    """
    claim = Claim(folder, Note(drop, name, is_folder=True))
    yield from claim.begin(noted=True)
    try:
        yield from claim.bring_folder()
        yield from claim.complete(content)
    except (OSError, VqdError):
        claim.take_back()
        raise


def recover_claims_of(active: Path, origin: Path) -> None:
    """Finish or take back what was left of claims of drops in one folder; none may be under way.

    Raises:
        OSError, VqdError: it cannot be finished or taken back now.
    """
    for note in sorted(active.glob(f".*{NOTE}")):
        claim = Claim.noted(note)
        if claim is not None and claim.root == origin:
            claim.recover()


def recover_claims(active: Path, inbox: Path, elsewhere: Collection[Path] = ()) -> None:
    """Finish or take back what a crash in the middle of a claim left. No claim may be under way.

    Drops come from the inbox, its folders, and hot folders `elsewhere`. What cannot go back where
    it lay, because that is not mounted, is left for the next time.
    """
    for unwritten in active.glob(f"..*{NOTE}{BUILDING}"):
        if is_real_file(unwritten):
            with suppress(OSError):
                unwritten.unlink()
    for note in sorted(active.glob(f".*{NOTE}")):
        claim = Claim.noted(note)
        if claim is not None and claim.comes_from(inbox, elsewhere):
            with suppress(OSError, VqdError):
                claim.recover()
    recover_bare_claims(active, inbox)


def recover_bare_claims(active: Path, inbox: Path) -> None:
    """Finish or take back what was left of claims of files in the inbox itself, as when the share
    went away in one. None of these may be under way; what cannot be done is left as it is."""
    with suppress(OSError, VqdError):
        recover_claims_of(active, inbox)
    for building in sorted(active.glob(f".*{BUILDING}")):
        if is_real_folder(building) and not note_of(building).exists():
            with suppress(OSError, VqdError):
                _recover_unnoted(building, inbox)


def _carry_out(steps: Iterator[None]) -> None:
    for _ in steps:
        pass


def _recover_unnoted(building: Path, inbox: Path) -> None:
    """Recover the claim of a job file without inputs, which needs no note."""
    held = [path for path in building.iterdir() if path.is_file()]
    claim = Claim(
        building.with_name(building.name[1 : -len(BUILDING)]),
        Note(inbox, held[0].name if len(held) == 1 else ""),
    )
    claim.recover()
