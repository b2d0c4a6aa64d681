"""The routes by which prompts come in, are followed and are stopped.

Bodies and codes are those of ComfyUI 0.3.64's server.py.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from vqd.engine.execute import Executor
from vqd.engine.nodes.signature import Folders, NodeClass
from vqd.engine.queue import PromptQueue, Queued
from vqd.engine.replies import Route, answer
from vqd.engine.sockets import Sockets
from vqd.engine.validate import headline, validate

_SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


class Prompts:
    """The handlers. What they raise beside aiohttp's own exceptions is answered with 500."""

    def __init__(
        self,
        queue: PromptQueue,
        executor: Executor,
        sockets: Sockets,
        classes: Mapping[str, NodeClass],
        folders: Folders,
    ) -> None:
        self._queue = queue
        self._executor = executor
        self._sockets = sockets
        self._classes = classes
        self._folders = folders
        self._number = 0

    def routes(self) -> Iterator[Route]:
        """Give method, path and handler of each."""
        yield "GET", "/prompt", self._get_prompt
        yield "POST", "/prompt", self._post_prompt
        yield "GET", "/queue", self._get_queue
        yield "POST", "/queue", self._post_queue
        yield "GET", "/history", self._get_histories
        yield "POST", "/history", self._post_history
        yield "GET", "/history/{prompt_id}", self._get_history
        yield "POST", "/interrupt", self._post_interrupt
        yield "POST", "/free", self._post_free
        yield "GET", "/ws", self._get_ws

    async def _get_prompt(self, _: web.Request) -> web.Response:
        return answer({"exec_info": {"queue_remaining": self._queue.remaining}})

    async def _post_prompt(self, request: web.Request) -> web.Response:
        posted = _json(await request.read())
        if "prompt" not in posted:
            error = headline("no_prompt", "No prompt provided", "No prompt provided")
            return answer({"error": error, "node_errors": {}}, 400)
        number = self._take_number(posted)
        extra_data = _extra_data(posted)
        targets = posted.get("partial_execution_targets")
        verdict = validate(posted["prompt"], self._classes, self._folders, targets)
        if verdict.error is not None:
            return answer({"error": verdict.error, "node_errors": verdict.node_errors}, 400)
        prompt_id = str(posted.get("prompt_id", uuid.uuid4()))
        queued = Queued(number, prompt_id, posted["prompt"], extra_data, verdict.outputs)
        self._queue.put(queued, tell=self._executor.tell_status)
        told = {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}
        return answer(told)

    def _take_number(self, posted: Mapping[str, Any]) -> float:
        if "number" in posted:
            return float(posted["number"])
        number = self._number
        self._number += 1
        return -number if posted.get("front") else number

    async def _get_queue(self, _: web.Request) -> web.Response:
        return answer(self._queue.snapshot())

    async def _post_queue(self, request: web.Request) -> web.Response:
        posted = _json(await request.read())
        if _asks(posted, "clear"):
            self._queue.clear()
        if "delete" in posted:
            self._queue.delete(posted["delete"])
        self._executor.tell_status()
        return web.Response()

    async def _get_histories(self, request: web.Request) -> web.Response:
        query = request.rel_url.query
        most = int(query["max_items"]) if "max_items" in query else None
        return answer(self._queue.histories(most, int(query.get("offset", -1))))

    async def _get_history(self, request: web.Request) -> web.Response:
        return answer(self._queue.history(request.match_info["prompt_id"]))

    async def _post_history(self, request: web.Request) -> web.Response:
        posted = _json(await request.read())
        if _asks(posted, "clear"):
            self._queue.forget_all()
        if "delete" in posted:
            self._queue.forget(posted["delete"])
        return web.Response()

    async def _post_interrupt(self, request: web.Request) -> web.Response:
        # No JSON, and no id, mean whichever prompt runs.
        try:
            posted = _json(await request.read())
        except ValueError:
            posted = {}
        self._queue.interrupt(posted.get("prompt_id") or None)
        return web.Response()

    async def _post_free(self, request: web.Request) -> web.Response:
        posted = _json(await request.read())
        if posted.get("free_memory"):
            self._executor.forget()
        return web.Response()

    async def _get_ws(self, request: web.Request) -> web.StreamResponse:
        return await self._sockets.serve(request, self._executor.greeting)


def _json(body: bytes) -> Any:
    # Python's own parser: a client may send NaN and integers beyond 64 bits.
    return json.loads(body)


def _asks(posted: Any, name: str) -> bool:
    return name in posted and bool(posted[name])


def _extra_data(posted: Mapping[str, Any]) -> Mapping[str, Any]:
    extra_data = posted.get("extra_data", {})
    client_id = posted.get("client_id")
    if not isinstance(extra_data, dict):
        raise TypeError("extra_data is no object")
    kept = {name: value for name, value in extra_data.items() if name not in _SECRETS}
    if client_id is not None:
        kept["client_id"] = client_id
    if not isinstance(kept.get("client_id"), str | None):
        raise TypeError("client_id is no string")
    return kept
