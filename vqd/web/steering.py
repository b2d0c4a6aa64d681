"""/api/jobs/JOB/…, POST: jobs that are steered, as by files that people put in their folders."""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from fastapi import APIRouter

from vqd.domain.lifecycle import CLOSED_STATES
from vqd.service.control import Answer, Spot
from vqd.web import models
from vqd.web.problems import Refusal, responses
from vqd.web.services import Services
from vqd.web.share import Share

_WHY = "asked over the API"
_NOT_DONE = responses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

_log = structlog.get_logger(__name__)


def routes(services: Services, share: Share) -> APIRouter:
    """Give the routes that steer a job."""
    router = APIRouter(tags=["jobs"])
    steering = _Steering(services)
    control, clock = services.control, services.clock

    @router.post("/api/jobs/{job}/cancel", responses=_NOT_DONE)
    def cancel(job: str) -> models.AnswerShape:
        """Stop a job: what waits is cancelled, what runs is interrupted."""
        return steering.steer(
            job, "CANCEL", lambda name: control.cancel(name, why=_WHY, now=clock())
        )

    @router.post("/api/jobs/{job}/retry", responses=_NOT_DONE)
    @share.route
    def retry(job: str) -> models.AnswerShape:
        """Run again what has not succeeded of a job, be it closed or not."""
        return steering.retry(job)

    @router.post("/api/jobs/{job}/pause", responses=_NOT_DONE)
    def pause(job: str) -> models.AnswerShape:
        """Start nothing more of a job; what runs goes on to its end."""
        return steering.steer(job, "PAUSE", lambda name: control.suspend(name, now=clock()))

    @router.post("/api/jobs/{job}/resume", responses=_NOT_DONE)
    def resume(job: str) -> models.AnswerShape:
        """Let a suspended job go on."""
        return steering.steer(job, "RESUME", lambda name: control.resume(name, now=clock()))

    @router.post("/api/jobs/{job}/approve", responses=_NOT_DONE)
    def approve(job: str) -> models.AnswerShape:
        """Let a quoted job start, or what is left of one whose proof was looked at."""
        return steering.steer(job, "APPROVE", lambda name: control.approve(name, now=clock()))

    @router.post("/api/jobs/{job}/priority", responses=_NOT_DONE)
    def prioritise(job: str, body: models.PriorityBody) -> models.AnswerShape:
        """Give a job another priority."""
        return steering.steer(
            job, "PRIORITY", lambda name: control.prioritise(name, body.priority, now=clock())
        )

    @router.post("/api/jobs/{job}/place", responses=_NOT_DONE)
    def place(job: str, body: models.PlaceBody) -> models.AnswerShape:
        """Let a job start before all others, or right before or after another one: it gets a place
        there, and the priority that has that place."""
        other = body.before if body.before is not None else body.after
        named = None if other is None else services.views.job(other).job
        spot = Spot(named, is_after=body.after is not None)
        return steering.steer(job, "PLACE", lambda name: control.place(name, spot, now=clock()))

    return router


class _Steering:
    """Finds the job that is meant, and answers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def steer(self, job: str, verb: str, steer: Callable[[str], Answer]) -> models.AnswerShape:
        """Give what was said to it.

        Raises:
            Refusal: `not_done`, with why. VqdError: `unknown_job`, `ambiguous_job`.
        """
        name = self._services.views.job(job).job
        answer = steer(name)
        _log.info("steering.answered", job=name, verb=verb, done=answer.done, said=answer.said)
        if not answer.done:
            said = f"{name}: {answer.said}."
            raise Refusal(HTTPStatus.CONFLICT, "not_done", said)
        return models.AnswerShape(name, answer.said)

    def retry(self, job: str) -> models.AnswerShape:
        """Run again what has not succeeded.

        Raises:
            Refusal, VqdError: as `steer`; `at_home_elsewhere`, `name_taken`, `spool_away`.
        """
        services, found = self._services, self._services.views.job(job)
        if found.state not in CLOSED_STATES:
            return self.steer(
                found.job, "RETRY", lambda name: services.control.retry(name, now=services.clock())
            )
        services.views.require_here(found)
        services.bring_back(found.job)
        return models.AnswerShape(found.job, "moved back into the inbox")
