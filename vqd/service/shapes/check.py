"""What a job would be, for programs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.service.shapes.shape import ProblemShape, Shape, problem_shape

if TYPE_CHECKING:  # who is told does without what tells
    from collections.abc import Iterable

    from vqd.domain.job import PlannedPrompt
    from vqd.service.hot import HotJob
    from vqd.service.preview import Preview
    from vqd.spool.space import Disks


@frozen
class PointShape(Shape):
    """A prompt as it would be."""

    prompt: int
    output: str
    """The path of its outputs below outputs/, without their extensions."""
    inputs: dict[str, str]
    params: dict[str, Value]
    seed: int | None


@frozen
class NeedsShape(Shape):
    """What all of it would need, by what prompts of its workflow needed so far."""

    bytes: float | None
    seconds: float | None
    """Of one server."""
    measured: int
    """How many prompts that is known by."""
    free_bytes: int | None
    shortage: str | None
    """What there is too little room for, in which case it would be parked."""


@frozen
class ChangedShape(Shape):
    """A prompt that would run again, and why."""

    prompt: int
    why: str


@frozen
class CheckShape(Shape):
    """What a job would be; with `problems` it would not run at all."""

    name: str
    workflow: str
    prompts: int
    axes: dict[str, list[Value]]
    params: dict[str, Value]
    inputs: list[str]
    points: list[PointShape]
    """The first of its prompts."""
    servers: dict[str, list[ProblemShape]]
    """Every server that was seen, and why it could not run this."""
    able: list[str]
    would_wait: bool
    """Whether it would wait for a server that can run it, and not be refused."""
    needs: NeedsShape
    kept: int | None
    to_run: list[ChangedShape]
    """Of a folder that was a job's before: the first prompts that would run."""
    quote: str | None
    """How large it is, if it would wait for an approval."""
    proof: bool
    """Whether some are made first, for an approval of the rest."""
    drift: list[str]
    left_out: list[str]
    """Files that lie where its inputs do and that no input takes."""
    problems: list[ProblemShape]


@frozen
class HotFolderShape(Shape):
    """What drops in a hot folder become."""

    hot_folder: bool
    workflow: str
    kinds: str
    """What it takes, in words."""
    extensions: list[str]
    problems: list[ProblemShape]


def hot_folder_shape(hot: HotJob) -> HotFolderShape:
    """Give for programs what drops in a hot folder become."""
    problems = [*map(problem_shape, hot.problems)]
    return HotFolderShape(True, hot.workflow, hot.kinds, [*hot.extensions], problems)


def check_shape(preview: Preview, *, points: int, disks: Disks) -> CheckShape:
    """Give what a job would be, with so many of its prompts."""
    draft, usual = preview.draft, preview.usual
    plan = draft.planned.plan if draft.planned else None
    bytes_ = _times(usual.bytes, preview.to_run)
    shortage = disks.shortage(planned_bytes=bytes_ or 0.0)
    return CheckShape(
        name=draft.name,
        workflow=draft.workflow,
        prompts=preview.total,
        axes={name: [*values] for name, values in plan.axes.items()} if plan else {},
        params=dict(plan.params) if plan else {},
        inputs=list(draft.inputs),
        points=[*_points(islice(preview.prompts(), points))],
        servers={
            server: [problem_shape(problem) for problem in faults]
            for server, faults in preview.servers.items()
        },
        able=list(preview.able),
        would_wait=preview.would_wait,
        needs=NeedsShape(
            bytes_,
            _times(usual.seconds, preview.to_run),
            usual.measured,
            disks.spool.free_bytes if disks.spool else None,
            None if shortage is None else str(shortage),
        ),
        kept=preview.kept,
        to_run=[ChangedShape(number, why) for number, why in preview.changed],
        quote=preview.quote,
        proof=plan is not None and plan.has_proof,
        drift=list(plan.drift) if plan else [],
        left_out=list(plan.left_out) if plan else [],
        problems=[problem_shape(problem) for problem in draft.problems],
    )


def _points(prompts: Iterable[PlannedPrompt]) -> Iterable[PointShape]:
    for prompt in prompts:
        yield PointShape(
            prompt.number, prompt.stem, dict(prompt.inputs), dict(prompt.params), prompt.seed
        )


def _times(each: float | None, prompts: int) -> float | None:
    return None if each is None else round(each * prompts, 3)
