"""What in the inbox may be a job, and why the rest is not."""

from dataclasses import dataclass
from pathlib import Path

from vqd.domain.names import is_text, why_never_taken
from vqd.spool.jobfiles import has_job_suffix, job_file_in, why_no_job_file
from vqd.spool.requests import is_held_back


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dropped job folder, or a dropped job file with no folder of its own (`is_bare`)."""

    path: Path
    job_file: Path

    @property
    def is_bare(self) -> bool:
        """Tell whether the job file lies in the inbox itself."""
        return self.path == self.job_file


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Nothing to take there, for this reason. `may_change`: a folder that can become a job."""

    reason: str
    may_change: bool = False


def candidate_at(path: Path) -> Candidate | NotTaken:
    """Say what lies at a path of the inbox, following no link."""
    ignored = why_never_taken(path.name)
    if ignored is not None:
        return NotTaken(f"ignored: {ignored}")
    if path.is_symlink():
        return NotTaken("ignored: a link; only files and folders are taken")
    if path.is_dir():
        return _folder_at(path)
    if not path.is_file():
        return NotTaken("ignored: not a file")
    if not is_text(path.name):
        return NotTaken("its name is not UTF-8; rename it")
    if not has_job_suffix(path):
        return NotTaken("not a job file; a job file beside it can name it as an input")
    return Candidate(path, path)


def _folder_at(path: Path) -> Candidate | NotTaken:
    if is_held_back(path):
        reason = "CANCEL was put into it; remove that file and it is taken, or remove the folder"
        return NotTaken(reason, may_change=True)
    job_file = job_file_in(path)
    if job_file is None:
        return NotTaken(why_no_job_file(path), may_change=True)
    return Candidate(path, job_file)
