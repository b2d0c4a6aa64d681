"""Laying out a finished job's folder: everything that a person finds in done/ or failed/.

All of it is made from the store, so that it can be made again after a crash, to the same effect.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from vqd.domain.lifecycle import JobState
from vqd.domain.queue import STEERED, Event, Failures, Job, Prompt
from vqd.media.report import ReportJob, ReportOutput, ReportPrompt, write_report
from vqd.runner.manifest import write_manifest
from vqd.spool import drops
from vqd.spool.files import sync_file, sync_folder, whole_file
from vqd.spool.folders import make_folder
from vqd.spool.status import Steered, iso, write_status, write_why
from vqd.store.store import Session

WHY_LIMIT = 20
MOST_ANSWERS = 50


def lay_out(session: Session, job: Job, folder: Path, *, now: float) -> None:
    """Write everything into the job's folder. `job` is already as it will be when closed.

    Raises:
        OSError: something could not be written; it can be done again.
    """
    drops.clear_way(folder)
    drops.gather_inputs(folder, job.job_file.name)
    if job.counts.total:
        _write_graphs(session, job, folder)
        write_manifest(session, job, folder)
    _write_log(session, job, folder)
    _write_report(session, job, folder)
    (folder / drops.PROOF).unlink(missing_ok=True)
    if job.state is JobState.DONE:
        (folder / "WHY.txt").unlink(missing_ok=True)
    else:
        failures = session.prompts.failures(job.job_key, WHY_LIMIT)
        untold = job.counts.failed - sum(alike.prompts for alike in failures)
        write_why(folder, job, [_told(alike) for alike in failures], untold)
    write_status(folder, job, now=now, answers=answers_to(session, job), final=True)


def answers_to(session: Session, job: Job) -> list[Steered]:
    """Give the newest answers to what was asked of a job since it was accepted, oldest first."""
    events = session.events.of_job_itself(job.job_key, [STEERED], limit=MOST_ANSWERS)
    return [
        Steered(
            what=str(event.facts["what"]),
            at=event.at,
            done=bool(event.facts["done"]),
            said=str(event.facts["said"]),
        )
        for event in reversed(events)
        if event.at >= job.accepted_at
    ]


def write_proof(session: Session, job: Job, folder: Path) -> None:
    """Write proof.html into an active job's folder: what its proof made, for a person to judge.

    Raises:
        OSError: it could not be written; it can be done again.
    """
    states = Counter(prompt.state for prompt in session.prompts.of_proof(job.job_key))
    counts = {"total": states.total(), **{str(state): states[state] for state in states}}
    write_report(
        replace(_report(job), reason=job.why, counts=counts, input_folder=job.input_folder),
        _report_prompts(_climbed(session.prompts.of_proof(job.job_key), job)),
        folder,
        folder / drops.PROOF,
    )


def _write_graphs(session: Session, job: Job, folder: Path) -> None:
    graphs = folder / "graphs"
    make_folder(graphs, folder)
    for sha256 in session.graphs.of_job(job.job_key):
        path = graphs / f"{sha256}.json"
        if path.exists():
            continue
        with whole_file(path) as file:
            nodes = session.graphs.get(sha256).nodes
            file.write(orjson.dumps(nodes, option=orjson.OPT_INDENT_2))
    sync_folder(folder)


def _write_log(session: Session, job: Job, folder: Path) -> None:
    with whole_file(folder / "log.txt") as file:
        for event in _events(session, job.job_key):
            number = "" if event.number is None else f" {event.number}"
            facts = " ".join(f"{name}={fact}" for name, fact in event.facts.items())
            line = f"{iso(event.at)} {event.kind}{number} {facts}".rstrip()
            file.write(f"{line}\n".encode(errors="replace"))


def _events(session: Session, job_key: int) -> Iterator[Event]:
    after = 0
    while page := session.events.of_job(job_key, after=after):
        for after, event in page:  # noqa: B007 - the last key is where the next page begins
            yield event


def _write_report(session: Session, job: Job, folder: Path) -> None:
    prompts = _report_prompts(_climbed(session.prompts.of_job(job.job_key), job))
    write_report(_report(job), prompts, folder, folder / "report.html")
    sync_file(folder / "report.html")


def _report(job: Job) -> ReportJob:
    plan = job.plan
    return ReportJob(
        job=job.job,
        workflow=job.workflow,
        workflow_version=plan.workflow_version if plan else None,
        state=job.state,
        reason=job.reason,
        comment=plan.comment if plan else "",
        labels=plan.labels if plan else {},
        counts={
            "total": job.counts.total,
            "succeeded": job.counts.succeeded,
            "failed": job.counts.failed,
            "cancelled": job.counts.cancelled,
            "kept": job.counts.kept,
        },
        params=plan.params if plan else {},
        axes=plan.axes if plan else {},
        accepted_at=job.accepted_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        problems=job.problems,
        input_folder=drops.INPUTS,
        drift=plan.drift if plan else (),
    )


def _climbed(prompts: Iterable[Prompt], job: Job) -> Iterator[Prompt]:
    """Give prompts with the values that they were carried out with."""
    for prompt in prompts:
        yield prompt.as_climbed(job.plan) if job.plan else prompt


def _report_prompts(prompts: Iterable[Prompt]) -> Iterator[ReportPrompt]:
    for prompt in prompts:
        yield ReportPrompt(
            number=prompt.key.number,
            state=prompt.state,
            params=prompt.params,
            inputs=prompt.inputs,
            seed=prompt.seed,
            server=prompt.server,
            attempt=prompt.attempt,
            seconds=prompt.seconds,
            outputs=tuple(
                ReportOutput(
                    path=output.path,
                    kind=output.kind,
                    bytes=output.bytes,
                    sha256=output.sha256,
                    width=output.width,
                    height=output.height,
                    frames=output.frames,
                    fps=output.fps,
                )
                for output in prompt.outputs
            ),
            failure=_why(prompt) if prompt.failure_code else None,
            mark=prompt.mark,
            is_kept=prompt.is_kept,
        )


def _told(alike: Failures) -> str:
    first, more = alike.first, alike.prompts - 1
    about = f"prompt {first.key.number}" + (f" and {more} more" if more else "")
    inputs = ", ".join(first.inputs.values()) if not more else ""
    return f"{about}{f' ({inputs})' if inputs else ''}: {_why(first)}"


def _why(prompt: Prompt) -> str:
    return f"{prompt.failure_code}: {prompt.failure_message}"
