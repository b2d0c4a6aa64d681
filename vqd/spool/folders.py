"""Folders of vqd's own in a job's folder, where somebody may have put something else."""

import os
from itertools import count
from pathlib import Path

from vqd.spool.files import first_free, is_real_folder, sync_folder


def make_folder(folder: Path, below: Path) -> None:
    """Make a folder, and those on the way to it `below` a job's folder, durably.

    What has such a name and is no folder, a link above all, is moved aside: nothing is written
    through it.

    Raises:
        OSError: it cannot be made; no folder is made where the job's folder is not.
    """
    if folder == below or is_real_folder(folder):
        return
    make_folder(folder.parent, below)
    move_aside(folder)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def move_aside(path: Path) -> None:
    """Let a name be free: what has it is renamed to `NAME (aside)`, `NAME (aside 2)` …"""
    if os.path.lexists(path):
        endings = ("" if turn == 1 else f" {turn}" for turn in count(1))
        names = (f"{path.name} (aside{ending})" for ending in endings)
        path.rename(path.with_name(first_free(names, [path.parent])))
