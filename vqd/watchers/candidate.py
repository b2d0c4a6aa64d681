"""What in the inbox may be a job, and why the rest is not."""

from collections.abc import Callable
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.domain.names import is_text, why_never_taken
from vqd.domain.record import may_carry
from vqd.spool.jobfiles import defaults_in, has_job_suffix, job_file_in, why_no_job_file
from vqd.spool.requests import is_held_back, request_named
from vqd.spool.status import STATUS, job_told_by


@frozen
class Candidate:
    """A dropped job folder, or a dropped job file with no folder of its own (`is_bare`)."""

    path: Path
    job_file: Path

    @property
    def is_bare(self) -> bool:
        """Tell whether the job file lies in the inbox itself."""
        return self.path == self.job_file


@frozen
class NotTaken:
    """Nothing to take there, for this reason. `may_change`: a folder that can become a job."""

    reason: str
    may_change: bool = False


@frozen
class HotCandidate:
    """A hot folder: by the `defaults` in it, or named after a workflow."""

    path: Path
    defaults: Path | None


@frozen
class ResultCandidate:
    """A file that may carry how it was made."""

    path: Path


Found = Candidate | HotCandidate | ResultCandidate | NotTaken


def candidate_at(path: Path, is_workflow: Callable[[str], bool]) -> Found:
    """Say what lies at a path of the inbox, following no link.

    `is_workflow` tells whether a folder of this name is named after one.
    """
    ignored = why_never_taken(path.name)
    if ignored is not None:
        return NotTaken(f"ignored: {ignored}")
    if path.is_symlink():
        return NotTaken("ignored: a link; only files and folders are taken")
    if path.is_dir():
        return _folder_at(path, is_workflow)
    if not path.is_file():
        return NotTaken("ignored: not a file")
    if not is_text(path.name):
        return NotTaken("its name is not UTF-8; rename it")
    if may_carry(path.name):
        return ResultCandidate(path)
    if not has_job_suffix(path):
        return NotTaken(_NO_JOB if request_named(path.name) is None else _STEERS_NOTHING)
    return Candidate(path, path)


def _folder_at(path: Path, is_workflow: Callable[[str], bool]) -> Found:
    if is_held_back(path):
        reason = "CANCEL was put into it; remove that file and it is taken, or remove the folder"
        return NotTaken(reason, may_change=True)
    job_file, defaults = job_file_in(path), defaults_in(path)
    if job_file is not None and defaults is not None and not job_told_by(path / STATUS):
        return NotTaken(_BOTH.format(job_file.name, defaults.name), may_change=True)
    if job_file is not None:
        return Candidate(path, job_file)
    if defaults is not None or is_workflow(path.name):
        return HotCandidate(path, defaults)
    return NotTaken(why_no_job_file(path), may_change=True)


_NO_JOB = "not a job file; a job file beside it can name it as an input"
_STEERS_NOTHING = (
    "it steers nothing here: put it into a job's folder, or PAUSE beside the inbox to stop them all"
)
_BOTH = "{0} and {1} lie in it: remove {1} if it is a job, {0} if it is a hot folder"
