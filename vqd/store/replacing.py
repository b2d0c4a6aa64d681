"""Another queue in the place of the one that lies there, which is kept; by steps that can be done
again after a crash.

1. What is to come is copied, looked through and named `queue.db.restored`: from that instant on
   the queue is restored, and whoever opens it next carries out what is left.
2. queue.db, and then its write-ahead log, which belongs to no other, go into `queue.replaced`.
3. queue.db.restored is renamed to queue.db.
4. queue.replaced is renamed to `replaced-YYYYMMDD-HHMMSS`.

A queue that is to be made anew from the folders is set aside by 2 and 4 alone. Nothing is deleted.
Only who holds the lock of the daemon may do any of this.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.store.backup import copy_whole, told_of
from vqd.store.connection import check_owner, unopened
from vqd.store.durable import hand_over, make_folder, publish, sha256_of, sync
from vqd.store.schema import check_form

_LOGS = ("-wal", "-shm")


@frozen
class Replaced:
    """What became of the queue that lay there: it is kept in a folder; None if there was none."""

    kept: Path | None


def restore(backup: Path, path: Path, *, now: float) -> Replaced:
    """Put a backup in the place of the queue at `path`.

    Raises:
        VqdError: `backup_missing`; `backup_damaged`, it is not what was written then, or not whole;
            `store_not_vqd`, `store_too_new`, `store_schema_unknown`: it cannot be used. Nothing was
            changed.
        OSError: it cannot be copied beside the queue, or something could not be renamed; said
            again, it goes on.
    """
    _require_as_written(backup)
    coming = _coming(path)
    part = coming.with_name(f".{coming.name}.part")
    part.unlink(missing_ok=True)
    try:
        _copy(backup, part)
        settle(path, now=now)  # of what was begun before
        hand_over(part)
        publish(part, coming)
    finally:
        part.unlink(missing_ok=True)
    return settle(path, now=now)


def set_aside(path: Path, *, now: float) -> Replaced:
    """Move the queue at `path` aside, so that there is none, if there is one."""
    settle(path, now=now)
    if path.exists():
        make_folder(_leaving(path))
        path.rename(_leaving(path) / path.name)
        sync(path.parent)
    return settle(path, now=now)


def settle(path: Path, *, now: float) -> Replaced:
    """Carry out what is left of a replacement that was begun; to be done before a queue is opened.

    A write-ahead log without its queue, or of one that was emptied, which SQLite would delete, is
    set aside as well.
    """
    leaving, coming = _leaving(path), _coming(path)
    _move([path] if coming.exists() else [], leaving)
    if not _holds_something(path):
        _move(_logs(path), leaving)
    if coming.exists():
        sync(path.parent)
        coming.rename(path)
        sync(path.parent)
    return Replaced(_named(leaving, now) if leaving.exists() else None)


def set_logs_aside(path: Path, *, now: float) -> Replaced:
    """Move the write-ahead log at `path` aside, which belongs to a queue that is not there any
    more: whatever is there now would be read with it."""
    leaving = _leaving(path)
    _move(_logs(path), leaving)
    return Replaced(_named(leaving, now) if leaving.exists() else None)


def _move(files: Iterable[Path], leaving: Path) -> None:
    for file in filter(Path.exists, files):
        make_folder(leaving)
        file.rename(leaving / file.name)


def _logs(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in _LOGS]


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _named(leaving: Path, now: float) -> Path | None:
    """Give the folder of what was replaced the name under which it is kept."""
    sync(leaving)
    if not any(leaving.iterdir()):
        leaving.rmdir()
        return None
    stamp = datetime.fromtimestamp(now, UTC).strftime("replaced-%Y%m%d-%H%M%S")
    names = chain([stamp], (f"{stamp}-{turn}" for turn in count(2)))
    kept = next(one for one in map(leaving.with_name, names) if not one.exists())
    leaving.rename(kept)
    sync(kept.parent)
    return kept


def _require_as_written(backup: Path) -> None:
    if not backup.is_file():
        raise VqdError("backup_missing", f"{backup}: there is no such file.", "Name a backup.")
    told = told_of(backup)
    if told is not None and sha256_of(backup) != told.sha256:
        raise VqdError(
            "backup_damaged",
            f"{backup}: it is not what was written on {told.made_at} (another hash).",
            "Name another backup; without one: vqd db rebuild.",
        )


def _copy(backup: Path, part: Path) -> None:
    """Copy a backup, with the log that may lie beside one which was copied by hand."""
    has_log = backup.with_name(f"{backup.name}-wal").exists()
    how = "mode=ro" if has_log else "mode=ro&immutable=1"
    try:
        with closing(
            sqlite3.connect(f"{backup.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
        ) as source:
            check_owner(source, backup)
            if not check_form(source):
                raise VqdError("backup_damaged", f"{backup} is empty.", "Name another backup.")
            copy_whole(source, backup, part)
    except sqlite3.DatabaseError as error:
        raise _damaged(backup, unopened(backup, error)) from error
    except VqdError as error:
        raise _damaged(backup, error) from error


def _damaged(backup: Path, error: VqdError) -> VqdError:
    """Tell of a backup what would be told of a queue."""
    if error.code != "store_damaged":
        return error
    hint = "Name another backup; without one: vqd db rebuild."
    return VqdError("backup_damaged", f"{backup} cannot be used: {error.message}", hint)


def _leaving(path: Path) -> Path:
    return path.with_name(f"{path.stem}.replaced")


def _coming(path: Path) -> Path:
    return path.with_name(f"{path.name}.restored")
