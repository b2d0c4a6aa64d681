"""STATUS.yaml: how a job is, for people and for programs that watch its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vqd.documents.reader import read
from vqd.documents.tree import Text
from vqd.documents.writer import written
from vqd.domain.errors import Faults, Problem
from vqd.domain.finish import Finish
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.domain.queue import Job
from vqd.domain.times import iso
from vqd.spool.files import replace_quickly, write_whole

STATUS = "STATUS.yaml"


@frozen
class RunningPrompt:
    """A prompt on a server: the node it is at, which step of how many (`12/20`) that is at, and how
    far it is by that (0 to 100)."""

    prompt: int
    server: str
    node: str | None
    step: str | None
    percent: int


@frozen
class Steered:
    """An answer to what somebody asked of a job: `what`, and what was `said` to it."""

    what: str
    at: float
    done: bool
    said: str


def write_status(
    folder: Path,
    job: Job,
    *,
    now: float,
    running: Sequence[RunningPrompt] = (),
    finish: Finish | None = None,
    answers: Sequence[Steered] = (),
    durable: bool,
) -> None:
    """Replace STATUS.yaml; one by which a job may have to be known is `durable`."""
    write = write_whole if durable else replace_quickly
    told = {
        **_status(job, now, running),
        "finish": finish_facts(finish),
        "problems": [_problem(problem) for problem in job.problems],
        "answers": [_answer(answer) for answer in answers],
        "drift": list(job.plan.drift) if job.plan else [],
        "left_out": list(job.plan.left_out) if job.plan else [],
        "heartbeat_at": iso(now),
    }
    write(folder / STATUS, written(told))


def job_told_by(path: Path) -> str | None:
    """Give the job that a STATUS.yaml of vqd's tells of; None if there is none, or it is not."""
    told = _told(path)
    return told.get("job") if "heartbeat_at" in told else None


def reason_told_by(path: Path) -> str | None:
    """Give why a job does not start, or how it ended, as its STATUS.yaml tells; None if it does
    not."""
    return _told(path).get("reason")


def tells_of_the_end(path: Path) -> bool:
    """Tell whether a STATUS.yaml is the last one of a job that was closed."""
    return _told(path).get("state") in CLOSED_STATES


def _told(path: Path) -> Mapping[str, str]:
    try:
        told = read(path).root.items()
    except (OSError, Faults):
        return {}
    return {str(key): str(value) for key, value in told if isinstance(value, Text)}


def _status(job: Job, now: float, running: Sequence[RunningPrompt]) -> Mapping[str, Any]:
    counts = job.counts
    ended_at = job.finished_at or now
    return {
        "job": job.job,
        "workflow": job.workflow,
        "state": str(job.state),
        "reason": job.why,
        "counts": asdict(counts),
        "percent": round(100 * counts.over / counts.total) if counts.total else 0,
        "running": [asdict(prompt) for prompt in running],
        "accepted_at": iso(job.accepted_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "elapsed_s": max(0.0, round(ended_at - (job.started_at or job.accepted_at), 1)),
    }


def finish_facts(finish: Finish | None) -> Mapping[str, str | None] | None:
    """Give when a job will be done as STATUS.yaml tells it; None where that cannot be told."""
    if finish is None:
        return None
    return {
        "early": iso(finish.early_at),
        "expected": iso(finish.expected_at),
        "late": iso(finish.late_at),
    }


def _answer(answer: Steered) -> Mapping[str, Any]:
    return {
        "what": answer.what,
        "when": iso(answer.at),
        "done": answer.done,
        "said": answer.said,
    }


def _problem(problem: Problem) -> Mapping[str, Any]:
    return {
        "code": problem.code,
        "where": problem.where,
        "line": problem.line,
        "key": problem.key,
        "said": problem.said,
        "allowed": problem.allowed,
        "hint": problem.hint,
    }
