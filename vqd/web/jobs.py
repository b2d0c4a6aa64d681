"""/api/jobs: listed and shown."""

from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import Field

from vqd.domain.lifecycle import CLOSED_STATES, JobState, PromptState
from vqd.domain.listing import JobFilter, Order
from vqd.service.shapes.jobs import job_shape
from vqd.service.shapes.prompts import (
    JobDetailShape,
    PromptDetailShape,
    event_shape,
    job_detail_shape,
    output_shape,
    prompt_detail_shape,
    prompt_shape,
)
from vqd.service.shapes.shape import Shape
from vqd.web import models
from vqd.web.problems import responses
from vqd.web.running import running_of
from vqd.web.services import Services

_FEW_EVENTS = 200

_ORDERS = "newest first; `turn`: those that wait or run, as they start; `ended`: the latest first."
_AGAIN = "May be given again."
_NO_JOB = responses(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
_LISTED = responses(HTTPStatus.BAD_REQUEST)

Label = Annotated[str, Field(max_length=500, description="name=value")]


def routes(services: Services) -> APIRouter:
    """Give the routes of jobs."""
    router = APIRouter(tags=["jobs"])
    _add_lists(router, services)
    _add_views(router, services)
    return router


def _add_lists(router: APIRouter, services: Services) -> None:
    @router.get("/api/jobs", responses=_LISTED, response_model=models.JobsPage)
    def list_jobs(
        state: Annotated[list[JobState], Query(default_factory=list, description=_AGAIN)],
        label: Annotated[list[Label], Query(default_factory=list, description=_AGAIN)],
        workflow: Annotated[str | models.Absent, Query(max_length=200)] = None,
        q: Annotated[str, Query(max_length=200, description="A part of the name.")] = "",
        order: Annotated[Order, Query(description=_ORDERS)] = Order.NEWEST,
        cursor: models.Cursor = None,
        limit: models.Limit = 50,
    ) -> Response:
        """List jobs, in the order that is asked for."""
        asked = JobFilter(frozenset(state), workflow, _labels(label), q, order)
        page = services.pages.jobs(asked, cursor, limit=limit)
        is_halted = bool(services.switch.standing().stops)
        open_jobs = [job for job in page.rows if job.state not in CLOSED_STATES]
        finishes = {} if is_halted else services.views.finishes(open_jobs, services.clock())
        jobs = [job_shape(job, finishes.get(job.job_key)) for job in page.rows]
        return _told(models.JobsPage(jobs, page.next))

    @router.get("/api/jobs/{job}/prompts", responses=_NO_JOB)
    def list_prompts(
        job: str,
        state: PromptState | models.Absent = None,
        cursor: models.Cursor = None,
        limit: models.Limit = 100,
    ) -> models.PromptsPage:
        """List the prompts of a job, by number."""
        page = services.pages.prompts(services.views.job(job), state, cursor, limit=limit)
        return models.PromptsPage([prompt_shape(prompt) for prompt in page.rows], page.next)

    @router.get("/api/jobs/{job}/outputs", responses=_NO_JOB)
    def list_outputs(
        job: str, cursor: models.Cursor = None, limit: models.Limit = 100
    ) -> models.OutputsPage:
        """List what a job made, by path."""
        page = services.pages.outputs(services.views.job(job), cursor, limit=limit)
        return models.OutputsPage([output_shape(*one) for one in page.rows], page.next)

    @router.get("/api/jobs/{job}/events", responses=_NO_JOB)
    def list_events(
        job: str, cursor: models.Cursor = None, limit: models.Limit = _FEW_EVENTS
    ) -> models.EventsPage:
        """List what happened to a job and its prompts, oldest first."""
        page = services.pages.events(services.views.job(job), cursor, limit=limit)
        return models.EventsPage([event_shape(event) for event in page.rows], page.next)


def _add_views(router: APIRouter, services: Services) -> None:
    @router.get("/api/jobs/{job}", responses=_NO_JOB, response_model=JobDetailShape)
    def show_job(job: str) -> Response:
        """Show a job: what runs of it, and why it is where it is."""
        now, stops = services.clock(), services.switch.standing().stops
        found, reasons = services.views.explain(job, stops, now=now)
        finishes = {} if stops else services.views.finishes([found], now)
        shape = job_shape(found, finishes.get(found.job_key))
        running = running_of(services.live, {found.job_key: found.job})
        return _told(job_detail_shape(shape, running, reasons))

    @router.get("/api/jobs/{job}/prompts/{number}", responses=_NO_JOB)
    def show_prompt(job: str, number: models.Number) -> PromptDetailShape:
        """Show a prompt, and every attempt at it."""
        return prompt_detail_shape(services.views.prompt(job, number))


def _told(shape: Shape) -> Response:
    """Answer with what is asked for all the time: FastAPI would have another thread look whether it
    is what the route says, for which it waits while prompts run."""
    return Response(orjson.dumps(shape), media_type="application/json")


def _labels(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    return {name: value for name, _, value in pairs}
