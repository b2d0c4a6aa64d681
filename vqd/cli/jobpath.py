"""What a path on the command line names: a job file, a job folder or a hot folder."""

from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.names import readable
from vqd.spool.jobfiles import (
    defaults_in,
    is_defaults_name,
    is_of_its_folder,
    job_file_in,
    why_no_job_file,
)


def hot_defaults_at(path: Path) -> Path | None:
    """Give the `_defaults.yaml` that a path names: itself, or the one in a hot folder; or None."""
    if path.is_dir():
        folder = _beyond_a_link(path)
        return None if job_file_in(folder) else defaults_in(folder)
    return path if is_defaults_name(path.name) else None


def job_file_at(path: Path) -> Path:
    """Give the job file that a path names: itself, or the one in a folder.

    Raises:
        VqdError: `no_job_file`, a folder has none.
    """
    found = job_file_in(_beyond_a_link(path)) if path.is_dir() else path
    if found is None:
        said = f"{path}: {why_no_job_file(_beyond_a_link(path))}."
        raise VqdError("no_job_file", said, "Two lines are enough for one.")
    # The folder's name may be that of the job, and `..` is none.
    folder = found.parent.resolve() if ".." in found.parts else found.parent.absolute()
    return folder / found.name


def job_named_by(path: Path) -> str:
    """Give the name of the job that a path names where its file says none.

    Raises:
        VqdError: as `job_file_at`.
    """
    job_file = job_file_at(path)
    is_folder = path.is_dir() or is_of_its_folder(job_file)
    return readable(job_file.parent.name if is_folder else job_file.stem)


def _beyond_a_link(folder: Path) -> Path:
    """Give the folder that a link leads to, which a person named; of what is dropped none is."""
    return folder.resolve() if folder.is_symlink() else folder
