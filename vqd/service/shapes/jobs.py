"""Jobs and prompts for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.times import iso
from vqd.service.possible import may
from vqd.service.shapes.shape import ProblemShape, Shape, problem_shape

if TYPE_CHECKING:  # who lists jobs does without what else is told of them
    from vqd.domain.finish import Finish
    from vqd.domain.listing import ListedJob


@frozen
class CountsShape(Shape):
    """A job's prompts by state; `kept` of those that succeeded were made before it came back."""

    total: int
    pending: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    kept: int


@frozen
class FinishShape(Shape):
    """When a job will be done: eight of ten end between `early` and `late`."""

    early: str
    expected: str
    late: str


@frozen
class JobShape(Shape):
    """A job. Times are ISO 8601, UTC."""

    job: str
    """Its name, which is that of its folder."""
    workflow: str
    state: str
    """assembling, quoted, queued, running, publishing, done, failed or cancelled."""
    reason: str | None
    """Why it ended as it did, or why what waits of it does not start."""
    counts: CountsShape
    may: list[str]
    """What may be done with it now: approve, resume, pause, retry, cancel."""
    priority: int
    turn: float
    """Whose turn it is among those of its priority: the lower starts sooner, or, where they share
    the servers, is next in the round."""
    labels: dict[str, str]
    comment: str
    accepted_at: str
    started_at: str | None
    finished_at: str | None
    cancel_requested_at: str | None
    finish: FinishShape | None
    """Where that can be told."""
    drift: list[str]
    """What is not as it was, where an output is made again."""
    problems: list[ProblemShape]
    host: str | None
    """The machine at whose spool it is at home, where several share the queue."""
    on_the_way: int
    """Of how many prompts, made by other hosts, the outputs are on their way home by the depot."""


def job_shape(job: ListedJob, finish: Finish | None = None) -> JobShape:
    """Give a job for programs."""
    return JobShape(
        job=job.job,
        workflow=job.workflow,
        state=str(job.state),
        reason=job.why,
        counts=CountsShape(**asdict(job.counts)),
        may=may(job),
        priority=job.priority,
        turn=job.turn,
        labels=dict(job.labels),
        comment=job.comment,
        accepted_at=_time(job.accepted_at),
        started_at=iso(job.started_at),
        finished_at=iso(job.finished_at),
        cancel_requested_at=iso(job.cancel_requested_at),
        finish=None if finish is None else finish_shape(finish),
        drift=[*job.drift],
        problems=[problem_shape(problem) for problem in job.problems],
        host=job.host or None,
        on_the_way=job.on_the_way,
    )


def finish_shape(finish: Finish) -> FinishShape:
    """Give for programs when a job will be done."""
    times = (finish.early_at, finish.expected_at, finish.late_at)
    return FinishShape(*map(_time, times))


def _time(at: float) -> str:
    return iso(at) or ""
