"""Which files are sent with a job."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from vqd.cli.jobpath import job_file_at
from vqd.cli.parcel import Enclosed, enclosed_in
from vqd.domain.errors import VqdError

_MOST_FILES = 20_000
_SMALL_BYTES = 1 << 20
_SPEAKING = frozenset({".txt", ".csv", ".tsv", ".yaml", ".yml", ".json"})
"""Files of which more counts in a check than that they are there."""


def packed(path: Path) -> tuple[Path | None, Sequence[Enclosed]]:
    """Give the job file that a path names, and everything beside it; of a folder that has one, it
    is among the rest."""
    if path.is_dir():
        job_file_at(path)
        return None, _few(enclosed_in(path), path)
    beside = (one for one in enclosed_in(path.parent) if one.file != path)
    return path, _few(beside, path.parent)


def _few(files: Iterable[Enclosed], folder: Path) -> Sequence[Enclosed]:
    found = [*islice(files, _MOST_FILES + 1)]
    if len(found) > _MOST_FILES:
        said = f"{folder}: there are more than {_MOST_FILES:,} files here."
        raise VqdError("too_many_files", said, "Put the job into a folder of its own.")
    return found


def is_speaking(one: Enclosed) -> bool:
    """Tell whether in a check more counts of a file than that it is there."""
    return one.file.suffix.lower() in _SPEAKING and one.file.stat().st_size <= _SMALL_BYTES
