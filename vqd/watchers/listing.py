"""What lies in a hot folder: inputs and what goes with them, folders, and why the rest is left."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vqd.domain.names import is_text, why_never_taken
from vqd.service.hot import HotJob
from vqd.spool.building import TAKEN
from vqd.spool.drops import RESULT_NAMES
from vqd.spool.jobfiles import is_defaults_name, is_job_file_name
from vqd.watchers.gathering import Sign

_BESIDE = (".txt", ".yaml", ".yml")
"""Endings of what tells of the input of the same name (`vqd.intake.sidecars`)."""


@dataclass(slots=True)
class Listing:
    """`files` are inputs and what may go with them, by their signs; `left` says why not."""

    files: dict[str, Sign] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def list_hot(folder: Path, hot: HotJob) -> Listing:
    """List a hot folder, following no link.

    Raises:
        OSError: it is gone, or cannot be read.
    """
    listing = Listing()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == TAKEN or is_defaults_name(entry.name):
                continue
            why = _why_left(entry, hot)
            if why is not None:
                listing.left[entry.name] = why
            elif entry.is_dir(follow_symlinks=False):
                listing.folders.append(entry.name)
            else:
                _note(listing, entry)
    return listing


def sign_of(facts: os.stat_result) -> Sign:
    """Give what changes when a file does."""
    times = facts.st_mtime_ns, facts.st_ctime_ns
    return facts.st_size, facts.st_blocks, *times, facts.st_ino


def size_in(sign: Sign) -> int:
    """Give the bytes of a file, of its sign."""
    return sign[0]


def file_names(folder: Path) -> Iterator[str]:
    """Give the name of every file below a folder that may be taken."""
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if why_never_taken(name) is None]
        yield from (name for name in names if why_never_taken(name) is None)


def _note(listing: Listing, entry: os.DirEntry[str]) -> None:
    try:
        listing.files[entry.name] = sign_of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return  # gone since it was listed


def _why_left(entry: os.DirEntry[str], hot: HotJob) -> str | None:
    name = entry.name
    ignored = why_never_taken(name)
    if ignored is not None:
        return f"ignored: {ignored}"
    if not is_text(name):
        return "its name is not UTF-8: rename it"
    if entry.is_dir(follow_symlinks=False):
        return None
    if not entry.is_file(follow_symlinks=False):
        return "ignored: neither a file nor a folder"
    if is_job_file_name(name):
        return "a job file: put it into the inbox, or into a folder of its own here"
    if name in RESULT_NAMES:
        return f"vqd writes its own {name} into a job's folder: rename it"
    if hot.takes(name) or name.lower().endswith(_BESIDE):
        return None
    return f"not taken: {hot.kinds} are"
