"""What is done to the queue as a whole: backed up, restored, set aside, looked through."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.finding import Finding, command, ok, warn
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.names import printable
from vqd.service.filed import filed_in
from vqd.spool import drops
from vqd.spool.files import is_real_folder
from vqd.spool.jobfiles import job_file_in
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by
from vqd.store import backup, replacing
from vqd.store.backup import Backup
from vqd.store.examine import examine_store
from vqd.store.replacing import Replaced
from vqd.store.store import StoreReader

_SHOWN = 3


def back_up(
    store_path: Path,
    folder: Path | None,
    *,
    now: float,
    keep: int | None,
    on_progress: Callable[[float], None],
) -> Backup:
    """Back the queue up, while the daemon runs or not; beside it where no folder is named.

    Raises:
        VqdError, OSError: as `store.backup.back_up` tells.
    """
    where = folder or store_path.parent / backup.BACKUPS
    return backup.back_up(store_path, where, now=now, keep=keep, on_progress=on_progress)


def restore(named: Path, store_path: Path, *, now: float) -> tuple[Path, Replaced]:
    """Put a backup, or the newest in a folder, in the place of the queue; gives which, and what
    became of that. Only while no daemon runs.

    Raises:
        VqdError, OSError: as `store.replacing.restore` tells.
    """
    chosen = _newest_in(named) if named.is_dir() else named
    if not chosen.exists():
        there = backup.backups_in(store_path.parent / backup.BACKUPS)
        hint = f"The newest is {there[-1]}." if there else "vqd backup makes one."
        raise VqdError("backup_missing", f"{chosen}: there is no such backup.", hint)
    return chosen, replacing.restore(chosen, store_path, now=now)


def set_aside(store_path: Path, *, now: float) -> Replaced:
    """Set the queue aside, so that the daemon makes one of the folders. Only while none runs."""
    return replacing.set_aside(store_path, now=now)


def _newest_in(folder: Path) -> Path:
    found = backup.backups_in(folder)
    if not found:
        said = f"{folder}: there is no backup in it."
        raise VqdError("backup_missing", said, "They are called queue-YYYYMMDD-HHMMSS.db.")
    return found[-1]


def examine_whole(store_path: Path) -> Iterator[Finding]:
    """Look through all of the queue: its pages, its references and its counters."""
    return examine_store(store_path, rows=True)


def examine_folders(store_path: Path, spool: Spool) -> Iterator[Finding]:
    """Look for jobs' folders that the queue does not know. Those of open jobs, see
    `examine_queue`."""
    try:
        with StoreReader(store_path) as reader, reader.reading() as session:
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
