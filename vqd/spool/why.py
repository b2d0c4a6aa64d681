"""WHY.txt: what went wrong with a job, what to mend, and how to hand it in again."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from vqd.domain.cures import CURES
from vqd.domain.lifecycle import JobState
from vqd.domain.names import printable
from vqd.domain.outcome import FailureCode
from vqd.domain.queue import Failures, Job
from vqd.spool.files import write_whole

WHY = "WHY.txt"
_LONGEST = 1000
"""Characters of a failure: a node may say a whole traceback, which report.html has."""


def write_why(folder: Path, job: Job, failures: Sequence[Failures]) -> None:
    """Write WHY.txt for a job that does not end as done, durably.

    `failures` are those of its prompts, each kind once; there may be others beside them. A fault
    stands on one line, however long, so that names in it can be copied.
    """
    verdict = "was cancelled" if job.ends_as is JobState.CANCELLED else "failed"
    lines = [f"{job.job} {verdict}.", "", *_what(job, failures), "", *_next_step(job), ""]
    write_whole(folder / WHY, "\n".join(lines).encode(errors="replace"))


def _what(job: Job, failures: Sequence[Failures]) -> Iterator[str]:
    if job.problems:
        elsewhere = any(one.where not in (None, job.job_file.name) for one in job.problems)
        where = "" if elsewhere else f" in {job.job_file.name}"
        yield f"Nothing was run. {_counted(len(job.problems), 'fault')}{where}:"
        for problem in job.problems:
            yield from ("", f"  - {problem.in_full}")
        return
    if job.reason and (job.cancel_requested_at is not None or not job.counts.failed):
        yield f"{printable(job.reason[0].upper() + job.reason[1:]).removesuffix('.')}."
    if job.counts.failed:
        failed = f"{job.counts.failed:,} of {_counted(job.counts.total, 'prompt')} failed"
        yield f"{failed} (each makes one picture, clip or the like):"
    for alike in failures:
        yield from _failure(alike)
    untold = job.counts.failed - sum(alike.prompts for alike in failures)
    if untold:
        yield from ("", f"  - … and {_counted(untold, 'prompt')} more, in report.html.")


def _failure(alike: Failures) -> Iterator[str]:
    first, more = alike.first, alike.prompts - 1
    inputs = ", ".join(printable(path) for path in first.inputs.values())
    is_input = first.failure_code == FailureCode.INVALID  # which no server has seen
    where = f" on {first.server}" if first.server and not is_input else ""
    who = f"prompt {first.key.number}{f' ({inputs})' if inputs else ''}{where}"
    others = f" and {more:,} more" if more else ""
    said = textwrap.shorten(printable(first.failure_message or ""), _LONGEST, placeholder=" …")
    yield from ("", f"  - {who}{others}: {first.failure_code}: {said}")
    cure = CURES.get(first.failure_code or "")
    if cure:
        yield f"    {cure}"


def _next_step(job: Job) -> Iterator[str]:
    name = job.job_file.name
    then = "Then move"
    if job.problems:
        yield f"To run it, mend {name} in this folder; files that it names go into inputs/."
    elif job.counts.failed:
        yield f"To mend it, edit {name} in this folder; the inputs lie in inputs/."
    else:
        then = "To run it after all, move"
    yield f"{then} this whole folder back into the inbox, or run"
    yield f"  vqd retry {job.job}"
    if job.counts.succeeded:
        yield "What has succeeded is kept in outputs/ and not made again."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"
