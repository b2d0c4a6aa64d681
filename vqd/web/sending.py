"""/api/jobs and /api/check, POST: jobs that are sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response

from vqd.documents.digits import number_of
from vqd.domain.names import LONGEST_GIVEN_NAME
from vqd.service.shapes.check import CheckShape, check_shape
from vqd.service.uploads import Submitted, Upload
from vqd.web import models, multipart
from vqd.web.problems import Refusal, responses
from vqd.web.services import Services

T = TypeVar("T")

AT_ONCE = 4
"""So many jobs are received at once; each may keep a disk busy."""
_MOST_POINTS = 100

_log = structlog.get_logger(__name__)

_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "job": {"type": "string", "description": "The job file, YAML or JSON."},
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "Its files; each one's name is its path.",
                        },
                    },
                }
            },
            "application/json": {"schema": {"description": "The job itself."}},
            "application/yaml": {},
        },
    }
}
_NOT_TAKEN = responses(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.INSUFFICIENT_STORAGE,
)
_JSON = "application/json"
_GRAPH = {
    **_NOT_TAKEN,
    **responses(HTTPStatus.NOT_FOUND),
    HTTPStatus.OK: {"content": {_JSON: {"schema": {"type": "object"}}}, "description": "The graph"},
}

Name = Annotated[
    str, Query(max_length=LONGEST_GIVEN_NAME, description="The job's, where its file has none.")
]


def routes(services: Services) -> APIRouter:
    """Give the routes that take a job."""
    router = APIRouter(tags=["jobs"])
    receiving = _Receiving(services)

    @router.post(
        "/api/jobs",
        status_code=HTTPStatus.CREATED,
        responses=_NOT_TAKEN,
        openapi_extra=_SENT,
    )
    async def submit(
        request: Request, response: Response, name: Name = "job"
    ) -> models.SubmittedShape:
        """Submit a job: with its files, or alone if they lie below one of the input_roots."""

        def submitted(upload: Upload) -> Submitted:
            return upload.submit(now=services.clock())

        taken = await receiving.receive(request, name, submitted)
        _log.info("upload.taken", job=taken.job, prompts=taken.prompts)
        response.headers["location"] = f"/api/jobs/{quote(taken.job)}"
        return models.SubmittedShape(taken.job, taken.prompts)

    @router.post("/api/check", responses=_NOT_TAKEN, openapi_extra=_SENT)
    async def check(
        request: Request,
        name: Name = "job",
        points: Annotated[int, Query(ge=0, le=_MOST_POINTS)] = 5,
    ) -> CheckShape:
        """Say what a job would be, or everything that is wrong with it. Nothing runs."""

        def checked(upload: Upload) -> CheckShape:
            preview = upload.check(now=services.clock())
            return check_shape(preview, points=points, disks=services.uploads.disks())

        return await receiving.receive(request, name, checked, takes_names=True)

    @router.post("/api/check/graph", responses=_GRAPH, openapi_extra=_SENT, response_class=Response)
    async def check_graph(
        request: Request,
        prompt: Annotated[int, Query(ge=1, le=1_000_000_000, description="From 1.")],
        name: Name = "job",
    ) -> Response:
        """Give the graph of one prompt of a job as it would be sent. Nothing runs."""

        def graph(upload: Upload) -> str:
            return upload.check(now=services.clock()).graph_text(prompt)

        told = await receiving.receive(request, name, graph, takes_names=True)
        return Response(told, media_type=_JSON)

    return router


class _Receiving:
    """Receives some jobs at once."""

    def __init__(self, services: Services) -> None:
        self._uploads = services.uploads
        self._places = asyncio.Semaphore(AT_ONCE)
        self._threads = CapacityLimiter(AT_ONCE)  # of their own: a disk may be slow, or silent

    async def receive(
        self, request: Request, name: str, act: Callable[[Upload], T], *, takes_names: bool = False
    ) -> T:
        """Give what `act` gives of a job that was received whole.

        Raises:
            Refusal, VqdError, OSError: it cannot be received, or whatever `act` raises.
        """
        if self._places.locked():
            raise _busy()
        length_bytes = number_of(request.headers.get("content-length", "")) or 0
        begun = self._uploads.begun(name, length_bytes)
        async with self._places, self._aside(begun) as upload:
            await multipart.receive(request, upload, self._threads, takes_names=takes_names)
            return await to_thread.run_sync(act, upload, limiter=self._threads)

    @asynccontextmanager
    async def _aside(self, context: AbstractContextManager[T]) -> AsyncIterator[T]:
        """Enter and leave a context that waits for disks, in a thread."""
        entered = await to_thread.run_sync(context.__enter__, limiter=self._threads)
        try:
            yield entered
        finally:
            left = partial(context.__exit__, None, None, None)
            await to_thread.run_sync(left, limiter=self._threads)


def _busy() -> Refusal:
    said = f"{AT_ONCE} jobs are being sent already."
    headers = {"Retry-After": "5", "Connection": "close"}
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", said, "Try it again.", headers=headers)
