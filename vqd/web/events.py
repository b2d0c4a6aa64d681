"""/api/events: what changes, as it changes (server-sent events, WHATWG HTML 9.2).

One look at the queue serves all who look on, twice a second while there are any. Everything told is
a hint: who missed something, or was too slow to be told, asks for the state again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Any

import orjson
import structlog
from anyio import to_thread
from fastapi import APIRouter, Header
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from vqd.documents.digits import number_of
from vqd.service.changes import Changed
from vqd.service.shapes.farm import server_shape
from vqd.service.shapes.hosts import host_shape
from vqd.service.shapes.jobs import job_shape
from vqd.service.shapes.prompts import prompt_shape
from vqd.web.problems import Refusal, responses
from vqd.web.running import running_of
from vqd.web.services import Services

MOST_CLIENTS = 64
EVERY_S = 0.5
STILL_HERE_S = 15.0
MOST_UNREAD = 100
"""So many looks a client may be behind; then it is cut off, and comes back by itself."""
_AGAIN_MS = 2000
_LONGEST_KEY = 18

_log = structlog.get_logger(__name__)


def routes(feed: "Feed") -> APIRouter:
    """Give the route of the events."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/api/events",
        responses={
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **responses(HTTPStatus.SERVICE_UNAVAILABLE),
        },
        response_class=StreamingResponse,
    )
    async def events(last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """Tell of jobs, prompts, what runs, and servers, as they change."""
        return _Stream(feed, await feed.join(), last_event_id)

    return router


@dataclass(slots=True, eq=False)
class _Client:
    """One who looks on: what it was not sent yet; None is the end."""

    unread: asyncio.Queue[bytes | None]


class _Stream(StreamingResponse):
    """What one who looks on is sent, who leaves at the end, however that comes: before the first
    part of it, too."""

    def __init__(self, feed: "Feed", client: _Client, last_id: str | None) -> None:
        self._feed = feed
        self._client = client
        headers = {"x-accel-buffering": "no"}
        told = feed.follow(client, last_id)
        super().__init__(told, headers=headers, media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.leave(self._client)


class Feed:
    """Looks at the queue while anybody looks on. Everything but its looks is in the loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clients: set[_Client] = set()
        self._looking: asyncio.Task[None] | None = None
        self._key = 0
        self._farm: object = None
        self._told: Mapping[str, bytes] = {}

    async def join(self) -> _Client:
        """Give a place to look on.

        Raises:
            Refusal: `busy`, too many look on. VqdError: the queue cannot be read.
        """
        key = await to_thread.run_sync(self._services.changes.newest_key)
        if len(self._clients) >= MOST_CLIENTS:
            said = f"{MOST_CLIENTS} look on already."
            headers = {"Retry-After": "30"}
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", said, headers=headers)
        client = _Client(asyncio.Queue(MOST_UNREAD))
        self._clients.add(client)
        if self._looking is None or self._looking.done():
            self._key, self._farm, self._told = key, None, {}
            self._looking = asyncio.create_task(self._look_on())
        return client

    def leave(self, client: _Client) -> None:
        """Look on no more."""
        self._clients.discard(client)

    async def follow(self, client: _Client, last_id: str | None) -> AsyncIterator[bytes]:
        """Give what is to be sent to a client, from the event on that it was told of last."""
        yield await to_thread.run_sync(self._first, last_id)
        while (part := await _next(client)) is not None:
            yield part

    def _first(self, last_id: str | None) -> bytes:
        """Give what a client is told at once: what it missed, or that it is to ask for all."""
        missed, key = b"", self._key
        if last_id is not None:
            changed = self._since(last_id)
            missed = _event("reload", {}) if changed is None else b"".join(_changed(changed))
            key = key if changed is None else changed.key
        begin, ready = f"retry: {_AGAIN_MS}\n\n".encode(), _event("ready", {}, key)
        return b"".join([begin, missed, *self._told.values(), ready])

    def _since(self, last_id: str) -> Changed | None:
        key = number_of(last_id, _LONGEST_KEY)
        return (
            None if key is None else self._services.changes.since(key, now=self._services.clock())
        )

    async def _look_on(self) -> None:
        while self._clients:
            try:
                told = await to_thread.run_sync(self._look)
            except Exception:  # noqa: BLE001 - the top of one look: it is told, and the next comes
                _log.exception("web.failed", path="/api/events")
                told = _event("reload", {})
            if told:
                self._tell(told)
            await asyncio.sleep(EVERY_S)

    def _tell(self, told: bytes) -> None:
        for client in list(self._clients):
            try:
                client.unread.put_nowait(told)
            except asyncio.QueueFull:
                self._clients.discard(client)
                client.unread.get_nowait()
                client.unread.put_nowait(None)

    def _look(self) -> bytes:
        services, now = self._services, self._services.clock()
        changed = services.changes.since(self._key, now=now)
        if changed is None:
            self._key = services.changes.newest_key()
            return _event("reload", {}, self._key)
        self._key = changed.key
        return b"".join([*_changed(changed), *self._beside()])

    def _beside(self) -> Iterator[bytes]:
        """Tell of what leaves no event in the queue: PAUSE, settings, what runs, and servers."""
        services = self._services
        live, changes, standing = services.live, services.changes, services.switch.standing()
        running = running_of(live, changes.names(sorted({key.job_key for key in live.prompts()})))
        system = {
            "paused": standing.is_paused,
            "away": standing.away,
            "settings_said": services.settings_said(),
        }
        told = {
            "system": _event("system", system),
            "running": _event("running", {"running": [asdict(one) for one in running]}),
        }
        farm = changes.farm()
        if farm != self._farm or "servers" not in self._told:
            told["servers"] = self._servers()
        before, self._farm, self._told = self._told, farm, {**self._told, **told}
        return (event for kind, event in told.items() if before.get(kind) != event)

    def _servers(self) -> bytes:
        now = self._services.clock()
        farm = self._services.farm.servers(now)
        servers = [asdict(server_shape(view)) for view in farm.servers]
        hosts = [asdict(host_shape(host, now)) for host in farm.hosts]
        return _event("servers", {"servers": servers, "hosts": hosts})


async def _next(client: _Client) -> bytes | None:
    try:
        return await asyncio.wait_for(client.unread.get(), STILL_HERE_S)
    except TimeoutError:
        return b": still here\n\n"


def _changed(changed: Changed) -> Iterator[bytes]:
    for job in changed.jobs:
        yield _event("job", asdict(job_shape(job, changed.finishes.get(job.job_key))))
    of_jobs: dict[str, list[dict[str, Any]]] = {}
    for name, prompt in changed.prompts:
        of_jobs.setdefault(name, []).append(asdict(prompt_shape(prompt)))
    for name, prompts in of_jobs.items():
        told = {"job": name, "prompts": prompts, "whole": changed.is_whole}
        yield _event("prompts", told)
    if changed.jobs:
        yield f"id: {changed.key}\n\n".encode()


def _event(kind: str, data: dict[str, Any], key: int | None = None) -> bytes:
    number = "" if key is None else f"id: {key}\n"
    return f"{number}event: {kind}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
