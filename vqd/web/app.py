"""The app: every route, what stands before them, and how faults are answered."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from vqd.domain.errors import VqdError
from vqd.web import (
    editing,
    events,
    files,
    health,
    jobs,
    metrics,
    problems,
    sending,
    session,
    steering,
    system,
    workflows,
)
from vqd.web.head import Heads
from vqd.web.security import Guard
from vqd.web.services import Services
from vqd.web.sessions import Sessions
from vqd.web.share import Share

STATIC = Path(__file__).parent / "static"
THREADS = 8
"""How many requests are carried out at once that ask the queue alone; each may hold a connection to
the database. Whatever waits for the share has threads of its own."""

_ANYWHERE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""How any route may answer."""
_ABOUT = "The queue of vqd: what the inbox and the command line can do, over HTTP."


def made(
    services: Services, sessions: Sessions, *, hosts: Collection[str], upload_limit: int
) -> FastAPI:
    """Make the app.

    `hosts` are the names that lead here, beside addresses; `upload_limit` is how many bytes a job
    may be that is sent.
    """
    app = _App(
        title="vqd",
        summary=_ABOUT,
        version=services.version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        responses=problems.responses(*_ANYWHERE),
    )
    share = Share(services.of_share)
    routers = (
        session.routes(sessions),
        jobs.routes(services),
        sending.routes(services),
        steering.routes(services, share),
        editing.routes(services, share),
        files.routes(services, sessions, share),
        workflows.routes(services),
        events.routes(events.Feed(services)),
        system.routes(services),
        health.routes(services),
        metrics.routes(services),
    )
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    app.mount("/", StaticFiles(directory=STATIC, html=True))
    app.add_exception_handler(VqdError, problems.of_error)
    app.add_exception_handler(OSError, problems.of_os_error)
    app.add_exception_handler(HTTPException, problems.of_http)
    app.add_exception_handler(RequestValidationError, problems.of_invalid)
    app.add_middleware(Guard, sessions=sessions, hosts=hosts, upload_limit=upload_limit)
    app.add_middleware(Heads)
    return app


class _App(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Give what the API says of itself, problems included."""
        schema = super().openapi()
        schema["components"]["schemas"].update(problems.described())
        return schema


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
