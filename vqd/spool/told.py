"""What a STATUS.yaml tells of a job, read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from pydantic import AwareDatetime, TypeAdapter

from vqd.documents.opening import opened
from vqd.domain.errors import Problem, VqdError
from vqd.spool.status import STATUS

_MOST_BYTES = 8 << 20
_LONGEST_LINE = 4096


class _Loader(yaml.CSafeLoader):
    """Reads numbers as vqd writes them: YAML 1.1 would take hours over 1:1:1… of a megabyte."""

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        return int(self.construct_scalar(node))

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        return float(self.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


@dataclass(frozen=True, slots=True)
class Told:
    """A job as its STATUS.yaml tells of it."""

    job: str
    workflow: str
    state: str
    reason: str | None
    counts: Mapping[str, int]
    accepted_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    problems: tuple[Problem, ...]
    drift: tuple[str, ...]


def told_in(folder: Path) -> Told:
    """Give what the STATUS.yaml in a job's folder tells.

    Raises:
        VqdError: `no_status`, there is none of vqd's.
    """
    try:
        with opened(folder / STATUS) as file:
            said = yaml.load(file.read(_MOST_BYTES), _Loader)
        return _told().validate_python(said)
    except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise VqdError(
            "no_status",
            f"{folder}: its STATUS.yaml cannot be read, so it tells of no job.",
            "Name the folder of a job as vqd laid it out.",
        ) from error


def is_told_of_another(folder: Path) -> bool:
    """Tell by the first line of a STATUS.yaml alone, which is where vqd names the job, whether it
    tells of another job than that of its folder's name: people rename what they got."""
    try:
        with opened(folder / STATUS) as file:
            first = yaml.load(file.readline(_LONGEST_LINE), _Loader)
    except (OSError, yaml.YAMLError, RecursionError, ValueError):
        return False
    return isinstance(first, dict) and first.get("job", folder.name) != folder.name


def seconds_of(at: datetime | None) -> float | None:
    """Give a time as UTC seconds."""
    return None if at is None else at.timestamp()


@cache
def _told() -> TypeAdapter[Told]:
    return TypeAdapter(Told)
