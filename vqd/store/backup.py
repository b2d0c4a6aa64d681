"""Backups of the queue: whole copies as it was at one instant, made while the daemon writes it.

1. The queue is copied by a reader, from one snapshot, to `.queue-….db.part`. Writers go on.
2. The copy is looked through: SQLite's own check, and every reference.
3. `queue-….json` tells of it: schema, time, jobs, the hash of the copy.
4. One rename gives it its name, `queue-….db`: from that instant on there is a backup.

Killed anywhere before 4, there is none, and the next one takes away what is left. While the
snapshot is read the write-ahead log cannot be begun anew, so it grows by what is written meanwhile.
"""

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

import orjson

from vqd import __version__
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.times import iso
from vqd.store.connection import open_for_reading, unopened
from vqd.store.durable import hand_over, make_folder, publish, sha256_of
from vqd.store.integrity import faults_of
from vqd.store.schema import DIGESTS, check_form

BACKUPS = "backups"
"""The folder beside a queue where its backups go."""

_NAME = re.compile(r"queue-\d{8}-\d{6}(-\d+)?\.db")
_LEFT = re.compile(r"\.queue-.*\.part(-journal|-wal|-shm)?")
_PAGES = 4096
"""Pages copied at once, 16 MB: what lies between two looks at Ctrl-C."""
_MAKE_ROOM = "Make room there, or name another folder: --to FOLDER."

Progress = Callable[[float], None]
"""Is told how much is copied, from 0 to 1."""


@frozen
class Backup:
    """A backup: where it lies, when it was made (ISO 8601, UTC) and by which vqd, its schema, how
    many jobs it has and how many of them were not over, and its size and hash."""

    path: Path
    made_at: str
    vqd: str
    schema: int
    jobs: int
    open_jobs: int
    bytes: int
    sha256: str


def back_up(
    path: Path,
    folder: Path,
    *,
    now: float,
    keep: int | None = None,
    on_progress: Progress = lambda _: None,
    digests: Mapping[int, str] = DIGESTS,
) -> Backup:
    """Back the queue at `path` up into a folder, and keep the newest `keep` there, None for all.

    Raises:
        VqdError: `store_missing` and the like; `store_damaged`, the copy is not whole, and none is
            kept; `backup_no_room`; `backup_running`.
        OSError: it cannot be written there.
    """
    with _alone(path):
        make_folder(folder)
        _clear(folder)
        target = folder / _free_name(folder, now)
        part = target.with_name(f".{target.name}.part")
        try:
            with closing(open_for_reading(path)) as queue:
                queue.execute("BEGIN")
                schema = check_form(queue, digests)
                _require_room(queue, folder)
                copy_whole(queue, path, part, on_progress)
                jobs, open_jobs = _jobs_of(queue)
            made = Backup(
                path=target,
                made_at=iso(now) or "",
                vqd=__version__,
                schema=schema,
                jobs=jobs,
                open_jobs=open_jobs,
                bytes=part.stat().st_size,
                sha256=sha256_of(part),
            )
            _write_manifest(made)
            hand_over(part)
            publish(part, target)
        finally:
            part.unlink(missing_ok=True)
        if keep is not None:
            _keep_newest(folder, made.path, keep)
    return made


def copy_whole(
    queue: sqlite3.Connection, path: Path, part: Path, on_progress: Progress = lambda _: None
) -> None:
    """Copy what a connection to the queue at `path` sees into one new file, and look through that.

    Raises:
        VqdError: `store_damaged`, it is not whole; `backup_no_room`; `store_unopened`, it cannot be
            read or written.
    """
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = OFF")  # who gives it its name syncs it
            queue.backup(
                copy,
                pages=_PAGES,
                progress=lambda _, left, total: on_progress(1 - left / max(1, total)),
            )
            copy.execute("PRAGMA journal_mode = DELETE")
            faults = list(faults_of(copy))
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            raise VqdError("backup_no_room", f"{part.parent} is full.", _MAKE_ROOM) from error
        raise unopened(path, error) from error
    if faults:
        said = f"{path} is damaged: {faults[0]}."
        raise VqdError("store_damaged", said, "vqd db check tells more; earlier backups are kept.")


def backups_in(folder: Path) -> Sequence[Path]:
    """Give the backups in a folder, oldest first."""
    found = (path for path in folder.glob("queue-*.db") if _NAME.fullmatch(path.name))
    return sorted(found, key=_age)


def told_of(backup: Path) -> Backup | None:
    """Give what is told of a backup beside it; None if that is not there, or is no such thing."""
    try:
        told = orjson.loads(_manifest_of(backup).read_bytes())
        return Backup(path=backup, **{name: told[name] for name in _TOLD})
    except (OSError, ValueError, TypeError, KeyError):
        return None


_TOLD = ("made_at", "vqd", "schema", "jobs", "open_jobs", "bytes", "sha256")


def _age(backup: Path) -> tuple[str, int]:
    """Give what sorts backups by age: the time in the name, and the number behind it."""
    _, day, time, *turn = backup.stem.split("-")
    return day + time, int(turn[0]) if turn else 1


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep every other backup of the queue at `path` waiting outside until the block ends.

    The lock is on the queue's folder, which is local; the backups' may be on a share.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        said = f"Another backup of {path} is being made."
        raise VqdError("backup_running", said, "Wait for its end.") from None
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    """Take away what backups left that were killed: copies, and what tells of none."""
    for path in list(folder.iterdir()):
        is_orphan = _NAME.fullmatch(f"{path.stem}.db") and path.suffix == ".json"
        if _LEFT.fullmatch(path.name) or (is_orphan and not path.with_suffix(".db").exists()):
            path.unlink()


def _free_name(folder: Path, now: float) -> str:
    stamp = datetime.fromtimestamp(now, UTC).strftime("queue-%Y%m%d-%H%M%S")
    names = chain([f"{stamp}.db"], (f"{stamp}-{turn}.db" for turn in count(2)))
    return next(name for name in names if not (folder / name).exists())


def _require_room(queue: sqlite3.Connection, folder: Path) -> None:
    pages, size = (
        int(queue.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    free = shutil.disk_usage(folder).free
    if free < pages * size:
        raise VqdError(
            "backup_no_room",
            f"{folder} has {free:,} bytes free, and the queue has {pages * size:,}.",
            _MAKE_ROOM,
        )


def _jobs_of(queue: sqlite3.Connection) -> tuple[int, int]:
    row = queue.execute(
        "SELECT count(*), count(*) FILTER (WHERE state NOT IN ('done', 'failed', 'cancelled'))"
        " FROM jobs"
    ).fetchone()
    return int(row[0]), int(row[1])


def _write_manifest(backup: Backup) -> None:
    told = {"vqd_backup": 1, "queue": backup.path.name, **asdict(backup)}
    del told["path"]
    manifest = _manifest_of(backup.path)
    part = manifest.with_name(f".{manifest.name}.part")
    part.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    hand_over(part)
    publish(part, manifest)


def _manifest_of(backup: Path) -> Path:
    return backup.with_suffix(".json")


def _keep_newest(folder: Path, made: Path, keep: int) -> None:
    """Keep what was just `made`, whatever the clock said, and the newest others."""
    others = [backup for backup in backups_in(folder) if backup != made]
    for old in others[: max(0, len(others) + 1 - keep)]:
        old.unlink()
        _manifest_of(old).unlink(missing_ok=True)
