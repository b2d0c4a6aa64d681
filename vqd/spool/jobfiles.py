"""Which file of a folder is its job file."""

from collections.abc import Collection, Sequence
from pathlib import Path

from vqd.domain.names import is_text, why_never_taken
from vqd.spool.files import listed
from vqd.spool.status import STATUS, job_told_by

JOB_FILE_NAMES = ("job.yaml", "job.yml", "job.json")
DEFAULTS = "_defaults.yaml"
"""What makes a folder a hot folder; beside a job file it lies under that."""
_DEFAULTS_NAMES = (DEFAULTS, "_defaults.yml")
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_NONE_HERE = "no job.yaml here"


def has_job_suffix(path: Path) -> bool:
    """Tell whether a file of this name can be a job file; not one that is no text."""
    return path.suffix.lower() in _SUFFIXES and is_text(path.name)


def is_job_file_name(name: str) -> bool:
    """Tell whether a file of this name, in any case, is a folder's job file."""
    return name.lower() in JOB_FILE_NAMES


def is_defaults_name(name: str) -> bool:
    """Tell whether a file of this name, in any case, is a hot folder's `_defaults.yaml`."""
    return name.lower() in _DEFAULTS_NAMES


def job_files_in(folder: Path) -> Sequence[Path]:
    """Give what is named job.yaml, job.yml or job.json at the top of a folder.

    In the order in which they count; in any case where none is named exactly so.
    """
    exact = [folder / name for name in JOB_FILE_NAMES if (folder / name).is_file()]
    if exact or not folder.is_dir():
        return exact
    return [path for path in _named(folder, JOB_FILE_NAMES) if path.is_file()]


def job_file_in(folder: Path) -> Path | None:
    """Give the job file of a job folder, or None.

    A folder that comes back from done/ or failed/ keeps the job file that it was made of, whatever
    that is named.
    """
    named = job_files_in(folder)
    if named:
        return named[0]
    return only_job_file(folder) if job_told_by(folder / STATUS) else None


def is_of_its_folder(job_file: Path) -> bool:
    """Tell whether a file is the job file of the folder it lies in, and not one beside others.

    By its name, where that tells: among thousands of job files none is listed for each.
    """
    folder = job_file.parent
    may_be = _is_named_so(job_file) or job_told_by(folder / STATUS) is not None
    return may_be and job_file == job_file_in(folder)


def rivals_of(job_file: Path) -> Sequence[Path]:
    """Give the other files of its folder that are named like a job file, if it is itself."""
    named = job_files_in(job_file.parent) if _is_named_so(job_file) else ()
    return [path for path in named if path != job_file] if job_file in named else ()


def is_alone(job_file: Path, *, but: Collection[str] = ()) -> bool:
    """Tell whether nothing else in its folder can be a job file, by a look as far as the first.

    `but` are names that it uses itself.
    """
    with listed(job_file.parent) as entries:
        others = (entry.name for entry in entries if entry.name != job_file.name)
        return not any(has_job_suffix(Path(name)) and name not in but for name in others)


def defaults_in(folder: Path) -> Path | None:
    """Give the `_defaults.yaml` or `.yml` of a folder, in any case; None if there is none."""
    named = _named(folder, _DEFAULTS_NAMES)
    return next((path for path in named if path.is_file()), None)


def only_job_file(folder: Path) -> Path | None:
    """Give the one file of a folder that can be a job file; None if there are several or none."""
    others = (STATUS.lower(), *_DEFAULTS_NAMES)
    named = [path for path in _entries(folder) if path.name.lower() not in others]
    found = [path for path in named if has_job_suffix(path)]
    return found[0] if len(found) == 1 else None


def why_no_job_file(folder: Path) -> str:
    """Say in a few words why a folder is no job, and what would make it one."""
    names = [path.name for path in _entries(folder) if why_never_taken(path.name) is None]
    if not names:
        return f"{_NONE_HERE}, it is empty"
    if any(name.lower() in JOB_FILE_NAMES for name in names):
        return f"{_NONE_HERE}, what is named so is not a file"
    alike = [name for name in names if name.lower().startswith("job.")]
    alike = alike or [name for name in names if has_job_suffix(Path(name))]
    if len(alike) == 1:
        return f"{_NONE_HERE}; if {alike[0]!r} is the job file, rename it to job.yaml"
    return _NONE_HERE


def _named(folder: Path, names: Collection[str]) -> Sequence[Path]:
    with listed(folder) as entries:
        return sorted(folder / entry.name for entry in entries if entry.name.lower() in names)


def _entries(folder: Path) -> Sequence[Path]:
    with listed(folder) as entries:
        return sorted(folder / entry.name for entry in entries)


def _is_named_so(path: Path) -> bool:
    return path.name.lower() in JOB_FILE_NAMES
