"""The legal states of one job, S0 to S5: the only ones in which it may be found after a crash.

Each is a pair: where what was dropped lies, and what the queue's row says. The table is the
definition (docs/operations.md, "Where a job is"); whatever is not in it is a fault.
"""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from vqd.spool.leftovers import is_half_made

INBOX = "inbox"
CLAIMING = "active, under a hidden name"
ACTIVE = "active"
DONE = "done"
FAILED = "failed"


class State(StrEnum):
    """How far a job is."""

    DROPPED = "S0 dropped"
    CLAIMED = "S1 claimed"
    ACCEPTED = "S2 accepted"
    CLOSING = "S3 closing"
    LAID_OUT = "S4 laid out"
    CLOSED = "S5 closed"


NO_ROW = None
OF_BEFORE = "done, before it came back"

LEGAL: Mapping[tuple[str, str | None], State] = {
    (INBOX, NO_ROW): State.DROPPED,
    (INBOX, OF_BEFORE): State.DROPPED,
    (CLAIMING, NO_ROW): State.DROPPED,
    (ACTIVE, NO_ROW): State.CLAIMED,
    (ACTIVE, OF_BEFORE): State.CLAIMED,
    (ACTIVE, "assembling"): State.CLAIMED,
    (ACTIVE, "quoted"): State.ACCEPTED,
    (ACTIVE, "queued"): State.ACCEPTED,
    (ACTIVE, "running"): State.ACCEPTED,
    (ACTIVE, "publishing"): State.CLOSING,
    (DONE, "publishing"): State.LAID_OUT,
    (FAILED, "publishing"): State.LAID_OUT,
    (DONE, "done"): State.CLOSED,
    (FAILED, "failed"): State.CLOSED,
    (FAILED, "cancelled"): State.CLOSED,
}

_JOB = re.compile(r"\d{8}-\d{6}-.+")
_HIDDEN = re.compile(rf"\.+{_JOB.pattern}")


class Illegal(AssertionError):
    """The folders and the queue are in no legal state."""


def state_of(
    spool: Path, queue: Path, dropped: Collection[bytes], *, before_at: float | None = None
) -> State:
    """Give the state of the one job that was dropped in a spool, as these files; `before_at` it was
    accepted before it came back.

    Raises:
        Illegal: it is in none; or one of the files is gone, or there twice.
    """
    _require_each_once(spool, dropped)
    jobs = _jobs_in(queue, before_at)
    if len(jobs) > 1:
        raise Illegal(f"the queue has {len(jobs)} jobs of one drop: {jobs}")
    job, row = next(iter(jobs.items()), (None, NO_ROW))
    folder = _folder_of(spool)
    place = INBOX if folder is None else _place_of(folder)
    if folder is not None and job is not None and folder.name != job:
        raise Illegal(f"the queue has {job}, and the folder is {place}/{folder.name}")
    if (place, row) not in LEGAL:
        raise Illegal(f"the job lies in {place}, and its row says {row}")
    return LEGAL[place, row]


def leftovers(spool: Path, *, hot: Collection[str] = ()) -> list[str]:
    """Give what lies in a spool where nothing is to lie once its job is over; but for probes, which
    housekeeping takes away after a day."""
    kept = {spool / "inbox" / name for name in ("_vqd", *hot)}
    found = {path for place in ("inbox", "active") for path in (spool / place).iterdir()}
    found |= {path for name in hot for path in (spool / "inbox" / name).iterdir()}
    found |= {path for path in spool.rglob("*") if path.name.startswith(_WORKING)}
    left = [path for path in found - kept if not is_half_made(path.name)]
    return sorted(str(path.relative_to(spool)) for path in left)


_WORKING = (".part", ".dropped", ".STATUS", ".manifest", ".report", ".log", ".WHY")
"""How names begin that are vqd's own while it writes a job's folder."""


def _require_each_once(spool: Path, dropped: Collection[bytes]) -> None:
    there = Counter(
        hashlib.sha256(path.read_bytes()).digest() for path in spool.rglob("*") if path.is_file()
    )
    for content in dropped:
        times = there[hashlib.sha256(content).digest()]
        if times != 1:
            raise Illegal(f"a dropped file lies in the spool {times} times: {content[:60]!r}")


def _folder_of(spool: Path) -> Path | None:
    """Give the one folder that the job has, a hidden one where it has none of its name yet."""
    named = [path for place in (ACTIVE, DONE, FAILED) for path in (spool / place).iterdir()]
    folders = [path for path in named if _JOB.fullmatch(path.name)]
    hidden = [path for path in named if _HIDDEN.fullmatch(path.name)]
    if len(folders) > 1:
        raise Illegal(f"the job has {len(folders)} folders: {[*map(str, folders)]}")
    return next(iter([*folders, *hidden]), None)


def _place_of(folder: Path) -> str:
    return CLAIMING if folder.name.startswith(".") else folder.parent.name


def _jobs_in(queue: Path, before_at: float | None) -> dict[str, str]:
    """Give each job of the queue with its state; none where there is no queue yet."""
    if not queue.exists():
        return {}
    with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'jobs'").fetchone():
            return {}
        jobs = connection.execute("SELECT job, state, accepted_at FROM jobs")
        return {job: OF_BEFORE if at == before_at else state for job, state, at in jobs}
