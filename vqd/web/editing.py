"""/api/jobs/JOB/job-file: what a job was asked for, and a closed one asked for something else."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter

from vqd.domain.queue import Job
from vqd.service.edits import JobFileText
from vqd.service.shapes.check import CheckShape, check_shape
from vqd.web import models
from vqd.web.problems import responses
from vqd.web.services import Services
from vqd.web.share import Share

_NO_JOB = responses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)
_POINTS = 5

_log = structlog.get_logger(__name__)


def routes(services: Services, share: Share) -> APIRouter:
    """Give the routes of a job's own file."""
    router = APIRouter(tags=["jobs"])

    @router.get("/api/jobs/{job}/job-file", responses=_NO_JOB)
    @share.route
    def show_job_file(job: str) -> models.JobFileShape:
        """Show the job file of a job."""
        return _shape(services.edits.read(_here(services, job)))

    @router.post("/api/jobs/{job}/job-file/written", responses=_NO_JOB)
    @share.route
    def write_job_file(job: str, body: models.JobFileBody) -> models.JobFileShape:
        """Give what a job file would be as text, and what it would say. Nothing is changed."""
        return _shape(services.edits.both(_here(services, job), body.content))

    @router.post("/api/jobs/{job}/job-file/check", responses=_NO_JOB)
    @share.route
    def check_job_file(job: str, body: models.JobFileBody) -> CheckShape:
        """Say what a closed job would be with another job file: what is kept, and what would run
        again. Nothing runs, and nothing is changed."""
        found = _here(services, job)
        preview = services.edits.check(found, body.content, now=services.clock())
        return check_shape(preview, points=_POINTS, disks=services.uploads.disks())

    @router.put("/api/jobs/{job}/job-file", responses=_NO_JOB)
    @share.route
    def replace_job_file(job: str, body: models.JobFileBody) -> models.AnswerShape:
        """Give a closed job another job file and let it run again: only what that changes runs."""
        found = _here(services, job)
        services.edits.run_again(found, body.content, now=services.clock())
        _log.info("steering.answered", job=found.job, verb="EDIT", done=True, said="edited")
        return models.AnswerShape(found.job, "edited, and moved back into the inbox")

    return router


def _here(services: Services, name: str) -> Job:
    """Give a job whose folder is here."""
    found = services.views.job(name)
    services.views.require_here(found)
    return found


def _shape(found: JobFileText) -> models.JobFileShape:
    keys = None if found.keys is None else dict(found.keys)
    return models.JobFileShape(found.name, found.text, keys)
