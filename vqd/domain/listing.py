"""What jobs are asked for: by their state, workflow, labels and name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vqd.domain.lifecycle import JobState


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The jobs that are in one of `states` (any, if there are none), of a workflow, with every one
    of `labels`, and with `name` as a part of their names."""

    states: frozenset[JobState] = frozenset()
    workflow: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
