"""Hot folders: what is dropped in one becomes jobs, by the `_defaults.yaml` that lies there."""

from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from vqd.documents.reader import content_of, decoded, parse
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.jobspec import JobSpec
from vqd.domain.names import folded, pattern, readable
from vqd.domain.workflow import InputSlot, Workflow
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.service.submit import Submission
from vqd.spool.claims import JOB_FILE, claiming_files, claiming_folder, recover_claims_of
from vqd.spool.jobfiles import DEFAULTS

Taking = Generator[float | None, None, "Taken"]
"""A drop on its way to becoming a job, step by step; what it yields is for how many seconds nothing
is to be done for it."""

MOST_AT_ONCE = 2000
"""A job of more files is accepted aside."""
ACCEPTED_AGAIN_S = 0.1


_fitting = lru_cache(maxsize=64)(pattern)


@frozen
class HotJob:
    """What drops in a hot folder become: the job file of each, or the `problems` with it.

    `extensions` are those of the files that the workflow takes, `kind` what they are (image, …),
    and `pattern` what their names must fit, where the job file says. `defaults` is where that was
    read, None where there is none.
    """

    job_file: bytes
    defaults: Path | None
    workflow: str = ""
    name: str | None = None
    kind: str = "image"
    extensions: tuple[str, ...] = ()
    pattern: str = "*"
    problems: tuple[Problem, ...] = ()

    def takes(self, name: str) -> bool:
        """Tell whether a file of this name is an input."""
        if not name.lower().endswith(self.extensions):
            return False
        return self.pattern == "*" or bool(_fitting(self.pattern).fullmatch(folded(name)))

    @property
    def kinds(self) -> str:
        """Say in words what it takes."""
        named = "" if self.pattern == "*" else f" named {self.pattern}"
        return f"{self.kind} files{named} ({', '.join(self.extensions)})"


@frozen
class Taken:
    """A job that a drop became."""

    job: str
    draft: Draft


def hot_job(drafting: Drafting, defaults: Path | None, workflow: str) -> HotJob:
    """Give what drops become by a `_defaults.yaml`, or without one by the workflow alone.

    Raises:
        FileNotFoundError: the file is gone.
    """
    job_file = f"vqd: 1\nworkflow: {readable(workflow)}\n".encode()
    where = DEFAULTS if defaults is None else defaults.name
    try:
        if defaults is not None:
            job_file = content_of(defaults, where)
        document = parse(decoded(job_file, where), where)
        spec, definition, problems = drafting.hot_workflow(document)
    except Faults as faults:
        return HotJob(job_file, defaults, workflow, problems=faults.problems)
    problems += _awaiting(spec)
    slot = _open_slot(spec, definition)
    if isinstance(slot, Problem):
        return HotJob(job_file, defaults, definition.name, problems=(*problems, slot))
    return HotJob(
        job_file,
        defaults,
        definition.name,
        name=spec.name,
        kind=slot.kind,
        extensions=slot.extensions,
        pattern=_pattern(spec, slot) or "*",
        problems=tuple(problems),
    )


class HotFolders:
    """Reads what a hot folder says, and takes what lies in one."""

    def __init__(self, active: Path, drafting: Drafting, submission: Submission) -> None:
        self._active = active
        self._drafting = drafting
        self._submission = submission

    def is_workflow(self, name: str) -> bool:
        """Tell whether a folder of this name is named after a workflow."""
        return self._drafting.has_workflow(name)

    def job_of(self, defaults: Path | None, workflow: str) -> HotJob:
        """Give what drops become; as `hot_job`."""
        return hot_job(self._drafting, defaults, workflow)

    def draft(self, job_file: Path, hot: HotJob, *, now: float) -> Draft:
        """Read and plan a job dropped into a hot folder, where it lies."""
        with self._submission.letting_by():
            return self._drafting.draft(job_file, now=now, under=hot.defaults)

    def take_files(
        self, files: Sequence[Path], origin: Path, hot: HotJob, name: str, *, now: float
    ) -> Taking:
        """Take files of a hot folder as one job.

        Raises:
            FileNotFoundError: none of them is there any more.
            OSError, VqdError: they cannot be taken, and are back where they lay.
        """
        with self._submission.claiming(hot.name or name, now=now) as folder:
            yield from claiming_files(files, folder, hot.job_file, origin)
            if len(files) <= MOST_AT_ONCE:
                return self._taken(folder, now=now)
            accepted = self._submission.admit_aside(folder, now=now)
            while not accepted.done():
                yield ACCEPTED_AGAIN_S
            return Taken(folder.name, accepted.result())

    def take_folder(self, drop: Path, hot: HotJob, *, has_job_file: bool, now: float) -> Taking:
        """Take a folder in a hot folder as one job; its own job file lies over the hot folder's.

        Raises:
            FileNotFoundError: its owner was quicker and moved it away.
            OSError, VqdError: it cannot be taken, and is back where it lay.
        """
        last = DEFAULTS if has_job_file else JOB_FILE
        with self._submission.claiming(drop.name, now=now) as folder:
            yield from claiming_folder(drop, folder, last, hot.job_file)
            return self._taken(folder, now=now)

    def recover(self, origin: Path) -> None:
        """Finish or take back what an interruption left of drops in a hot folder.

        Raises:
            OSError, VqdError: that cannot be done now.
        """
        recover_claims_of(self._active, origin)

    def _taken(self, folder: Path, *, now: float) -> Taken:
        return Taken(folder.name, self._submission.admit(folder, now=now))


def _open_slot(spec: JobSpec, workflow: Workflow) -> InputSlot | Problem:
    """Give the slot that dropped files fill: the only one that must have some and names none, or
    names a pattern."""
    slots = [slot for slot in workflow.inputs.values() if _is_open(spec, slot)]
    if len(slots) == 1:
        return slots[0]
    if slots:
        names = ", ".join(slot.name for slot in slots)
        said = f"{workflow.name} needs files for {names}, and a hot folder fills one of them."
        hint = f"Name the others under `inputs` in {DEFAULTS}, below one of the input_roots."
    else:
        said = f"{workflow.name} needs no file that could be dropped in a hot folder."
        hint = "Give its input as a pattern, `*`, or drop folders with a job.yaml of their own."
    return spec.workflow.problem("no_hot_input", said, spec.where, hint=hint)


def _awaiting(spec: JobSpec) -> Iterator[Problem]:
    """Give what makes a job wait for files that come later: here they are another job."""
    given = [(asked.paths[0], "expect") for asked in spec.inputs.values() if asked.expect]
    if spec.done_marker is not None:
        given.append((spec.done_marker, "done_marker"))
    for asked, key in given:
        said = (
            f"`{key}` has no place in a hot folder: what has come is a job when nothing more comes."
        )
        hint = "Take it out; or drop folders with a job.yaml of their own."
        yield asked.problem("not_in_hot_folder", said, spec.where, hint=hint)


def _is_open(spec: JobSpec, slot: InputSlot) -> bool:
    if slot.name in spec.inputs:
        return _pattern(spec, slot) is not None
    return slot.required and not spec.gives(slot.name)


def _pattern(spec: JobSpec, slot: InputSlot) -> str | None:
    """Give the pattern of names that a slot is given, if it is given one for names alone."""
    asked = spec.inputs.get(slot.name)
    if asked is None or asked.kind != "glob" or "/" in asked.paths[0].text:
        return None
    return asked.paths[0].text
