"""What the store tells of a job, as pages for people: its report, and the proof that waits."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from vqd.domain.queue import Job, Prompt
from vqd.media.report import Content, ReportJob, ReportOutput, ReportPrompt, write_report
from vqd.media.thumbnails import Thumbnails
from vqd.spool import drops
from vqd.spool.files import sync_file
from vqd.store.store import Session


def write_job_report(session: Session, job: Job, folder: Path, kept: Thumbnails | None) -> None:
    """Write report.html into a job's folder that is laid out; of the thumbnails those that are
    `kept` are not made.

    Raises:
        OSError: it could not be written; it can be done again.
    """
    prompts = _told(job, lambda: session.prompts.of_job(job.job_key))
    write_report(_report(job), prompts, folder, folder / drops.REPORT, kept)
    sync_file(folder / drops.REPORT)


def write_proof(session: Session, job: Job, folder: Path, kept: Thumbnails | None) -> None:
    """Write proof.html into an active job's folder: what its proof made, for a person to judge.

    Raises:
        OSError: it could not be written; it can be done again.
    """
    states = Counter(prompt.state for prompt in session.prompts.of_proof(job.job_key))
    counts = {"total": states.total(), **{str(state): states[state] for state in states}}
    told = replace(_report(job), reason=job.why, counts=counts, input_folder=job.input_folder)
    prompts = _told(job, lambda: session.prompts.of_proof(job.job_key))
    write_report(told, prompts, folder, folder / drops.PROOF, kept)


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


def _told(
    job: Job, prompts: Callable[[], Iterable[Prompt]]
) -> Callable[[], Iterator[ReportPrompt]]:
    """Give prompts with the values that they were carried out with, as the report has them."""

    def told() -> Iterator[ReportPrompt]:
        for prompt in prompts():
            yield _prompt(prompt.as_climbed(job.plan) if job.plan else prompt)

    return told


def _prompt(prompt: Prompt) -> ReportPrompt:
    failure = f"{prompt.failure_code}: {prompt.failure_message}" if prompt.failure_code else None
    return ReportPrompt(
        number=prompt.key.number,
        state=prompt.state,
        params=prompt.params,
        inputs=prompt.inputs,
        seed=prompt.seed,
        server=prompt.server,
        attempt=prompt.attempt,
        seconds=prompt.seconds,
        outputs=tuple(map(ReportOutput.of, prompt.outputs)),
        failure=failure,
        mark=prompt.mark,
        is_kept=prompt.is_kept,
        contents={slot: Content(file.sha256, file.bytes) for slot, file in prompt.files.items()},
    )
