"""A closed job as its folder in done/ or failed/ tells of it, whatever the queue remembers."""

import hashlib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

import structlog

from vqd.documents.opening import opened
from vqd.documents.reader import read
from vqd.documents.tree import Mapping as Tree
from vqd.documents.tree import Text
from vqd.domain.closed import ClosedJob
from vqd.domain.errors import Faults, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.listing import Counts
from vqd.domain.queue import JobFile
from vqd.service.filedprompts import prompts_in
from vqd.spool import drops
from vqd.spool.files import concerns_one_name, is_real_folder
from vqd.spool.jobfiles import DEFAULTS, JOB_FILE_NAMES, job_file_in
from vqd.spool.told import is_told_of_another, seconds_of, told_in

_MOST_BYTES = 1 << 20
_LARGEST = 1 << 53

_log = structlog.get_logger(__name__)


@frozen
class JobFileSaid:
    """What a job file says of the job for people; `name` is empty where it says none."""

    name: str = ""
    comment: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def filed_in(folder: Path) -> ClosedJob | None:
    """Give the closed job whose folder this is; None if it does not tell of one of its own name, or
    what it tells cannot be.

    Raises:
        OSError: the spool cannot be read.
    """
    try:
        return _filed_in(folder)
    except OSError as error:
        if not concerns_one_name(error):
            raise
        _log.warning("adoption.failed", job=folder.name, error=str(error))
    except Exception:  # noqa: BLE001 - the top of one folder: it is left alone, others are not
        _log.exception("adoption.failed", job=folder.name)
    return None


def _filed_in(folder: Path) -> ClosedJob | None:
    if is_told_of_another(folder):
        return None
    try:
        told = told_in(folder)
        counts = Counts(**told.counts)
    except (VqdError, TypeError):
        return None
    if told.job != folder.name or told.state not in CLOSED_STATES:
        return None
    if not _can_be(counts):
        return None
    job_file, said = job_file_in(folder), said_in_job_file(folder)
    accepted_at = told.accepted_at.timestamp()
    return ClosedJob(
        job=told.job,
        name=said.name or told.job.split("-", 2)[-1],
        workflow=told.workflow,
        state=JobState(told.state),
        reason=told.reason,
        counts=counts,
        job_file=JobFile(job_file.name, _sha256(job_file)) if job_file else _NO_JOB_FILE,
        accepted_at=accepted_at,
        started_at=seconds_of(told.started_at),
        finished_at=seconds_of(told.finished_at) or accepted_at,
        input_folder=drops.INPUTS if is_real_folder(folder / drops.INPUTS) else "",
        labels=said.labels,
        problems=told.problems,
        prompts=prompts_in(folder, counts),
    )


def said_in_job_file(folder: Path) -> JobFileSaid:
    """Give what the job file in a folder says, as far as it can be read: somebody may have edited
    it."""
    name, comment, labels = "", "", dict[str, str]()
    for path in (folder / DEFAULTS, job_file_in(folder)):
        root = _root(path)
        name = _text(root, "name") or name
        comment = _text(root, "comment") or comment
        if isinstance(given := root.get(Text("labels")), Tree):
            labels |= {str(k): str(v) for k, v in given.items() if isinstance(v, Text)}
    return JobFileSaid(name, comment, labels)


_NO_JOB_FILE = JobFile(JOB_FILE_NAMES[0], "")


def _can_be(counts: Counts) -> bool:
    """Tell whether counters are those of a closed job; somebody may have edited them."""
    return (
        counts.pending == counts.running == 0
        and min(counts.succeeded, counts.failed, counts.cancelled) >= 0
        and counts.total == counts.over < _LARGEST
        and 0 <= counts.kept <= counts.succeeded
    )


def _text(root: Tree, key: str) -> str:
    said = root.get(Text(key))
    return str(said) if isinstance(said, Text) else ""


def _root(path: Path | None) -> Tree:
    try:
        return read(path).root if path else Tree()
    except (OSError, Faults):
        return Tree()


def _sha256(path: Path) -> str:
    try:
        with opened(path) as file:
            return hashlib.sha256(file.read(_MOST_BYTES)).hexdigest()
    except OSError:
        return ""
