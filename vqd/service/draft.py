"""A draft: a job file read and planned, or what prevents it."""

from dataclasses import field

from vqd.definitions.ui.refusals import UNSEEN
from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.job import Notify, PlannedJob
from vqd.domain.queue import JobFile
from vqd.domain.record import Record
from vqd.domain.workflow import Workflow
from vqd.intake.awaited import AWAITED_INPUT, AWAITED_MARKER
from vqd.planning.expand import UNKNOWN_WIRES

MISSING_INPUT = "missing_input"
AWAITED = frozenset({AWAITED_INPUT, AWAITED_MARKER})
"""What the job says will still come."""


@frozen
class Draft:
    """A job file read and planned: `planned`, or the `problems` that prevent it.

    `input_folder` is where its inputs lie, below the job's folder; `inputs` are their paths,
    relative to that. `definition` is what runs, `record` tells of the output that it makes again.
    `notify` and `keep_s` are whom it tells and how long it is kept, also where it cannot run.
    """

    name: str
    workflow: str
    job_file: JobFile
    input_folder: str
    inputs: tuple[str, ...] = ()
    planned: PlannedJob | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()
    notify: Notify | None = None
    keep_s: float | None = None
    definition: Workflow | None = field(default=None, repr=False)
    record: Record | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        """Count its prompts; none where something is at fault."""
        return self.planned.plan.total if self.planned else 0

    @property
    def waits_for_inputs(self) -> bool:
        """Tell whether inputs that are not there yet stand in the way, whatever else does."""
        return not {MISSING_INPUT, *AWAITED}.isdisjoint(self._codes)

    @property
    def is_assembling(self) -> bool:
        """Tell whether nothing stands in the way but what passes by itself: inputs of which the job
        says that they will come (`expect`, `done_marker`), or a server that was not seen yet."""
        passing = {*AWAITED, UNKNOWN_WIRES, UNSEEN}
        return not passing.isdisjoint(self._codes) and self._codes <= {MISSING_INPUT, *passing}

    @property
    def _codes(self) -> set[str]:
        return {problem.code for problem in self.problems}
