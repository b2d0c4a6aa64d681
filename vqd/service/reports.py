"""A job's report, made again from what lies in its folder.

manifest.jsonl tells of what was made, failures.jsonl of what was not, STATUS.yaml of the job, and
the job file of its comment and its labels: on any machine that sees the folder, with or without a
queue that remembers the job.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from vqd.domain.errors import VqdError
from vqd.domain.graph import Value
from vqd.domain.job import MOST_ON_AXIS
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.names import printable
from vqd.media.report import Content, ReportJob, ReportOutput, ReportPrompt, write_report
from vqd.media.thumbnails import Thumbnails
from vqd.service.filed import said_in_job_file
from vqd.spool import drops, manifest
from vqd.spool.failures import FailureLine, failures_in
from vqd.spool.files import is_real_folder, write_whole
from vqd.spool.layout import Spool
from vqd.spool.told import Told, seconds_of, told_in


class Reports:
    """Makes the reports of jobs again for whoever asks from elsewhere, one at a time: it may take
    minutes, and whoever asks again meanwhile is told so."""

    def __init__(self, spool: Spool, thumbnails: Path, roots: Sequence[Path]) -> None:
        self._spool = spool
        self._thumbnails = thumbnails
        self._roots = roots
        self._turn = threading.Lock()

    def make(self, job: str) -> Path:
        """Write the report of a job anew, as `make_report`; give its path.

        Raises:
            VqdError: `report_busy`, another one is being made; `unknown_file`, the folder is gone.
        """
        if not self._turn.acquire(blocking=False):
            said = "Another report is being made again."
            raise VqdError("report_busy", said, "Try it again in a minute.")
        try:
            self._spool.require_present()
            folder = self._spool.find(job)
            if folder is None:
                raise VqdError("unknown_file", f"The folder of {printable(job)} is gone.")
            return make_report(folder, self._thumbnails, roots=self._roots)
        finally:
            self._turn.release()


def make_report(
    folder: Path, thumbnails: Path | None = None, *, roots: Sequence[Path] = ()
) -> Path:
    """Write report.html into a job's folder anew; give its path.

    `thumbnails` is where some are kept that need not be made again. Of a job that is not over it
    shows what it has made so far. An input from elsewhere is opened only below one of `roots`: what
    the folder says, anybody may have written.

    Raises:
        VqdError: `no_status`, it is no job's folder; `job_closing`, its last report is being made.
        OSError: it cannot be written.
    """
    told = told_in(folder)
    inputs = drops.INPUTS if is_real_folder(folder / drops.INPUTS) else ""
    with manifest.opened(folder) as made:
        told_of = (_within(prompt, roots) for prompt in _prompts(folder, made))
        prompts = sorted(told_of, key=attrgetter("number"))
    report = folder / drops.REPORT
    kept = Thumbnails(thumbnails, keeps=False) if thumbnails else None
    with TemporaryDirectory(prefix="vqd-report-") as aside:  # who closes the job writes in `folder`
        page = Path(aside) / drops.REPORT
        write_report(_job(told, folder, prompts, inputs), lambda: prompts, folder, page, kept)
        _require_not_closing(folder, told)
        again = folder / f".{drops.REPORT}.again"
        write_whole(again, page.read_bytes())
        again.replace(report)
    return report


def _require_not_closing(folder: Path, since: Told) -> None:
    """Do nothing unless a job that was open is being closed, or was meanwhile."""
    if since.state in CLOSED_STATES:
        return
    if not is_real_folder(folder) or told_in(folder).state in (JobState.PUBLISHING, *CLOSED_STATES):
        said = f"{since.job} is being closed, and its report made with that."
        raise VqdError("job_closing", said, "Look at it when the job is in done/ or failed/.")


def _prompts(folder: Path, made: manifest.Manifest) -> Iterator[ReportPrompt]:
    for place in made.prompts.values():
        if lines := made.lines(place):
            yield _succeeded(lines)
    yield from map(_failed, failures_in(folder))


def _succeeded(lines: tuple[manifest.Line, ...]) -> ReportPrompt:
    first = lines[0]
    return ReportPrompt(
        number=first.prompt,
        state="succeeded",
        params=first.params,
        inputs=_below(first.inputs),
        seed=first.seed,
        server=first.server,
        attempt=first.attempt,
        seconds=first.seconds,
        outputs=tuple(ReportOutput.of(line.output_file()) for line in lines),
        failure=None,
        mark=first.mark or "",
        is_kept=first.kept,
        contents={slot: Content(one.sha256, one.bytes) for slot, one in first.files.items()},
    )


def _failed(line: FailureLine) -> ReportPrompt:
    return ReportPrompt(
        number=line.prompt,
        state=line.state,
        params=line.params,
        inputs=_below(line.inputs),
        seed=line.seed,
        server=line.server,
        attempt=line.attempt,
        seconds=line.seconds,
        outputs=(),
        failure=f"{line.code}: {line.said}" if line.code else None,
    )


def _below(inputs: Mapping[str, str]) -> Mapping[str, str]:
    return {slot: path.removeprefix(f"{drops.INPUTS}/") for slot, path in inputs.items()}


def _within(prompt: ReportPrompt, roots: Sequence[Path]) -> ReportPrompt:
    """Give a prompt whose inputs from elsewhere are but names, unless they lie below a root."""
    inputs = {slot: _allowed(Path(path), roots) for slot, path in prompt.inputs.items()}
    return replace(prompt, inputs=inputs)


def _allowed(path: Path, roots: Sequence[Path]) -> str:
    is_allowed = not path.is_absolute() or any(map(path.is_relative_to, roots))
    return str(path) if is_allowed else path.name


def _job(told: Told, folder: Path, prompts: list[ReportPrompt], inputs: str) -> ReportJob:
    said = said_in_job_file(folder)
    return ReportJob(
        job=told.job,
        workflow=told.workflow,
        workflow_version=None,
        state=told.state,
        reason=told.reason,
        comment=said.comment,
        labels=said.labels,
        counts=told.counts,
        params={},
        axes=_axes(prompts),
        accepted_at=told.accepted_at.timestamp(),
        started_at=seconds_of(told.started_at),
        finished_at=seconds_of(told.finished_at),
        problems=told.problems,
        input_folder=inputs,
        drift=told.drift,
    )


def _axes(prompts: list[ReportPrompt]) -> Mapping[str, tuple[Value, ...]]:
    """Give the values of what varies, the slowest first: what changes least from one prompt to the
    next."""
    names = dict.fromkeys(chain.from_iterable(prompt.params for prompt in prompts))
    changes = dict.fromkeys(names, 0)
    for one, other in pairwise(prompts):
        for name in names:
            changes[name] += _key(one.params.get(name)) != _key(other.params.get(name))
    axes = {name: _values(prompts, name) for name in sorted(names, key=lambda name: changes[name])}
    return {name: values for name, values in axes.items() if 1 < len(values) <= MOST_ON_AXIS}


def _values(prompts: Iterable[ReportPrompt], name: str) -> tuple[Value, ...]:
    found = {
        _key(prompt.params[name]): prompt.params[name]
        for prompt in prompts
        if name in prompt.params
    }
    return tuple(found.values())


def _key(value: Value | None) -> tuple[type, Value | None]:
    return type(value), value
