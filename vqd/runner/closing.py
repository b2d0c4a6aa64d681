"""Laying out a finished job's folder: everything that a person finds in done/ or failed/.

All of it is made from the store, so that it can be made again after a crash, to the same effect.
"""

from functools import partial
from pathlib import Path

import orjson
import structlog

from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.queue import STEERED, Job
from vqd.media.thumbnails import Thumbnails
from vqd.runner.joblogs import write_whole_log
from vqd.runner.manifest import write_manifest
from vqd.runner.reporting import write_job_report
from vqd.spool import drops
from vqd.spool.failures import FAILURES, write_failures
from vqd.spool.files import sync_folder, write_to_sync
from vqd.spool.folders import make_folder
from vqd.spool.status import Steered, write_status
from vqd.spool.why import WHY, write_why
from vqd.store.store import Session

WHY_LIMIT = 20
MOST_ANSWERS = 50

_log = structlog.get_logger(__name__)


def lay_out(
    session: Session, job: Job, folder: Path, kept: Thumbnails | None = None, *, now: float
) -> None:
    """Write everything into the job's folder. `job` is already as it will be when closed; the
    thumbnails that are `kept` need not be made.

    Raises:
        OSError: something could not be written; it can be done again.
    """
    drops.clear_way(folder)
    drops.gather_inputs(folder, job.job_file.name)
    if job.counts.total:
        _set_untold_aside(session, job, folder)
        _write_graphs(session, job, folder)
        write_manifest(session, job, folder)
    _write_failures(session, job, folder)
    write_whole_log(session, job, folder)
    write_job_report(session, job, folder, kept)
    (folder / drops.PROOF).unlink(missing_ok=True)
    if job.state is JobState.DONE:
        (folder / WHY).unlink(missing_ok=True)
    else:
        failures = session.prompts.failures(job.job_key, WHY_LIMIT)
        write_why(folder, job, failures)
    write_status(folder, job, now=now, answers=answers_to(session, job), durable=True)


def _set_untold_aside(session: Session, job: Job, folder: Path) -> None:
    """Let outputs/ have nothing but what the manifest tells of: an attempt that was killed between
    naming an output and writing it down leaves one, unless another attempt makes it again."""
    moved = drops.set_untold_aside(folder, partial(session.outputs.told, job.job_key))
    if moved:
        _log.warning("outputs.untold", job=job.job, set_aside=moved)


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


def _write_graphs(session: Session, job: Job, folder: Path) -> None:
    graphs = folder / "graphs"
    make_folder(graphs, folder)
    for sha256 in session.graphs.of_job(job.job_key):
        path = graphs / f"{sha256}.json"
        if path.exists():
            continue
        nodes = session.graphs.get(sha256).nodes
        write_to_sync(path, orjson.dumps(nodes, option=orjson.OPT_INDENT_2))
    for names in (graphs, folder):  # those that are there were perhaps not synced before
        sync_folder(names)


def _write_failures(session: Session, job: Job, folder: Path) -> None:
    plan = job.plan
    if plan is None or job.counts.total == job.counts.succeeded:
        (folder / FAILURES).unlink(missing_ok=True)
        return
    prompts = session.prompts.of_job(job.job_key)
    unmade = (one.as_climbed(plan) for one in prompts if one.state != PromptState.SUCCEEDED)
    write_failures(folder, unmade, plan)
