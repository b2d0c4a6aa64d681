"""submit: checked by the daemon's own service, then dropped as a person would."""

import errno
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click

from vqd.cli.app import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    ends_in_words,
    json_option,
    settings_option,
)
from vqd.cli.drafting import job_file_at, opened
from vqd.cli.follow import follow
from vqd.cli.presence import is_daemon_running
from vqd.documents.sizes import size_told
from vqd.domain.errors import Faults, VqdError
from vqd.service.draft import Draft
from vqd.settings import load_settings
from vqd.spool.files import first_free
from vqd.spool.layout import Spool
from vqd.spool.leftovers import copy_name
from vqd.spool.space import Disks

TAKEN_WITHIN_S = 3600.0


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--wait", is_flag=True, help="Show progress until the job is over.")
@settings_option
@json_option
@ends_in_words
def submit(path: Path, settings_file: Path | None, *, wait: bool, as_json: bool) -> None:
    """Check a job, then drop a copy of it into the inbox. PATH is a job file or folder."""
    settings = load_settings(settings_file)
    with opened(settings) as previews:
        draft = previews.draft(job_file_at(path), now=time.time())
    if draft.problems:
        raise Faults(draft.problems)
    spool = Spool(settings.spool)
    spool.check()
    _require_room(settings.look_at_disks(), path, draft)
    drop, inode = _drop(spool, path, draft)
    if not wait:
        told = {"dropped": str(drop), "prompts": _total(draft)}
        click.echo(json.dumps(told) if as_json else f"dropped {drop} ({_total(draft)} prompts)")
        return
    try:
        if is_daemon_running(settings.state_dir) is False:
            click.echo("the daemon is not running here; it takes the job at its start", err=True)
        code = _wait(spool, drop, inode, as_json=as_json)
    except KeyboardInterrupt:
        said = f"no longer shown; {drop.name} goes on: vqd status shows it, vqd cancel stops it"
        click.echo(f"\n{said}", err=True)
        code = EXIT_INTERRUPTED
    sys.exit(code)


def _require_room(disks: Disks, path: Path, draft: Draft) -> None:
    """Do nothing if there is room for a copy of a job.

    Raises:
        VqdError: `no_space`.
    """
    size = sum(file.stat().st_size for file in _files(path, draft))
    short = disks.shortage(kept=0.5, planned_bytes=size)
    if short is not None:
        said = f"There is no room for a copy of {path}, which is {size_told(size)}: {short.said}."
        raise VqdError("no_space", said, f"{short.cure.capitalize()}, and submit it again.")


def _files(path: Path, draft: Draft) -> Iterator[Path]:
    """Give the files that a copy of a job is made of."""
    if path.is_dir():
        yield from (one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        return
    yield path
    yield from (path.parent / name for name in draft.inputs if not Path(name).is_absolute())


def _drop(spool: Spool, path: Path, draft: Draft) -> tuple[Path, int]:
    """Give where the copy was dropped, and its inode, which it keeps wherever it is moved.

    Raises:
        VqdError: `not_copied`; nothing was dropped. OSError: the same.
    """
    building = spool.inbox / copy_name()
    try:
        _copy(path, draft, building)
        inode = building.stat().st_ino
        return _named(spool, building, draft.name), inode
    except shutil.Error as error:
        _, target, why = error.args[0][0]
        raise VqdError("not_copied", f"{target}: {why}.", "Nothing was dropped.") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _named(spool: Spool, building: Path, name: str) -> Path:
    names = [name, *(f"{name}-{turn}" for turn in range(2, 1000))]
    while True:
        drop = spool.inbox / first_free(names, [spool.inbox])
        try:
            building.rename(drop)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            return drop


def _copy(path: Path, draft: Draft, building: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, building, symlinks=True)
        return
    building.mkdir()
    for file in _files(path, draft):
        below = f"job{path.suffix.lower()}" if file == path else file.relative_to(path.parent)
        target = building / below
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def _wait(spool: Spool, drop: Path, inode: int, *, as_json: bool) -> int:
    until = time.monotonic() + TAKEN_WITHIN_S
    pause = threading.Event()
    while time.monotonic() < until:
        folder = _taken_as(spool, inode)
        if folder is not None:
            return follow(spool, folder.name, as_json=as_json)
        pause.wait(0.1)
    click.echo(f"error: {drop} was not taken; is the daemon running?", err=True)
    return EXIT_FAILED


def _taken_as(spool: Spool, inode: int) -> Path | None:
    for folder in (spool.active, spool.done, spool.failed):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.inode() == inode:
                    return Path(entry.path)
    return None


def _total(draft: Draft) -> int:
    return draft.planned.plan.total if draft.planned else 0
