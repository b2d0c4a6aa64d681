"""What is done to the queue as a whole: backed up, restored, set aside, looked through."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from pathlib import Path

from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.finding import Finding, command, ok, warn
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.names import printable
from vqd.domain.place import Database, Place, require_file
from vqd.service.filed import filed_in
from vqd.spool import drops
from vqd.spool.files import is_real_folder
from vqd.spool.jobfiles import job_file_in
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by
from vqd.store import backup, relocating, replacing
from vqd.store.backup import Backup
from vqd.store.examine import examine_store
from vqd.store.relocating import Relocated
from vqd.store.replacing import Replaced
from vqd.store.store import StoreReader

_SHOWN = 3


def back_up(
    queue_place: Place,
    folder: Path | None,
    *,
    now: float,
    keep: int | None,
    on_progress: Callable[[float], None],
) -> Backup:
    """Back the queue up, while the daemon runs or not; beside it where no folder is named.

    Raises:
        VqdError, OSError: as `store.backup.back_up` tells; `store_not_a_file`.
    """
    path = require_file(queue_place, "Say: pg_dump --schema=vqd, see docs/cluster.md.")
    where = folder or path.parent / backup.BACKUPS
    return backup.back_up(path, where, now=now, keep=keep, on_progress=on_progress)


def restore(named: Path, queue_place: Place, *, now: float) -> tuple[Path, Replaced]:
    """Put a backup, or the newest in a folder, in the place of the queue; gives which, and what
    became of that. Only while no daemon runs.

    Raises:
        VqdError, OSError: as `store.replacing.restore` tells; `store_not_a_file`.
    """
    path = require_file(queue_place, "Say: pg_restore, see docs/cluster.md.")
    chosen = _newest_in(named) if named.is_dir() else named
    if not chosen.exists():
        there = backup.backups_in(path.parent / backup.BACKUPS)
        hint = f"The newest is {there[-1]}." if there else "vqd backup makes one."
        raise VqdError("backup_missing", f"{chosen}: there is no such backup.", hint)
    return chosen, replacing.restore(chosen, path, now=now)


def set_aside(queue_place: Place, *, now: float) -> str | None:
    """Set the queue aside, so that the daemon makes one of the folders, and give where it is kept,
    None if there was none. Only while no daemon runs.

    Raises:
        VqdError: `already_running` and the like.
    """
    if isinstance(queue_place, Database):
        from vqd.store.postgres.replacing import set_aside

        return set_aside(queue_place, now=now)
    kept = replacing.set_aside(queue_place, now=now).kept
    return None if kept is None else str(kept)


def relocate(
    source: Place, target: Place, *, now: float, on_progress: Callable[[float], None]
) -> Relocated:
    """Move the queue to where there is none yet. Only while no daemon runs.

    Raises:
        VqdError, OSError: as `store.relocating.relocate` tells.
    """
    try:
        return relocating.relocate(source, target, now=now, on_progress=on_progress)
    except VqdError as error:
        if error.code != STORE_UNREACHABLE:
            raise
        hint = "Say it again once PostgreSQL answers; until all is moved the queue is where it was."
        raise VqdError(error.code, error.message, hint) from error


def _newest_in(folder: Path) -> Path:
    found = backup.backups_in(folder)
    if not found:
        said = f"{folder}: there is no backup in it."
        raise VqdError("backup_missing", said, "They are called queue-YYYYMMDD-HHMMSS.db.")
    return found[-1]


def examine_whole(queue_place: Place) -> Iterator[Finding]:
    """Look through all of the queue: its pages, its references and its counters."""
    return examine_store(queue_place, rows=True)


def examine_folders(queue_place: Place, spool: Spool) -> Iterator[Finding]:
    """Look for jobs' folders that the queue does not know. Those of open jobs, see
    `examine_queue`."""
    try:
        with StoreReader(queue_place) as reader, reader.reading() as session:
            states = session.adopted.states()
    except VqdError:
        return  # which is told of the queue
    if not spool.is_present():
        return
    found = sorted(_strangers(spool, states), key=attrgetter("name"))
    for folder in found[:_SHOWN]:
        said = f"{printable(folder.name)} lies in {folder.parent.name}/, unknown to the queue"
        yield warn("folder_unknown", said, _TAKES_IN)
    if len(found) > _SHOWN:
        said = f"{len(found) - _SHOWN:,} more folders of jobs are unknown to the queue"
        yield warn("folder_unknown", said, _TAKES_IN)
    if not found:
        yield ok("folders", f"{len(states):,} jobs are known, and every job that has a folder is")


_TAKES_IN = command("vqd", "run", why="takes it in when it starts")


def _strangers(spool: Spool, states: Mapping[str, JobState]) -> Iterator[Path]:
    """Give the folders of jobs that a start of the daemon would take in."""
    for folder in chain(spool.done.iterdir(), spool.failed.iterdir()):
        status = folder / drops.STATUS
        is_its_own = folder.name not in states and job_told_by(status) == folder.name
        if is_its_own and filed_in(folder) is not None:
            yield folder
    for folder in filter(is_real_folder, spool.active.iterdir()):
        is_open = states.get(folder.name, JobState.DONE) not in CLOSED_STATES
        if not is_open and job_file_in(folder) is not None:
            yield folder
