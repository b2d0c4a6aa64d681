"""ComfyUI servers whose prompts only take time, many in one process, which tell when each ran.

    python -m tests.bench.timed_servers COUNT SECONDS

Prints where they are, as JSON on one line, and serves until its standard input ends. What they say
and in which order is ComfyUI 0.3.64's, as far as vqd asks; every output is the same small picture.
"""

import asyncio
import io
import json
import sys
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from aiohttp import web
from PIL import Image

NODE_INFO: Mapping[str, Any] = {
    "EmptyImage": {
        "input": {
            "required": {
                "width": ["INT", {"default": 512, "max": 16384, "min": 1}],
                "height": ["INT", {"default": 512, "max": 16384, "min": 1}],
                "batch_size": ["INT", {"default": 1, "max": 4096, "min": 1}],
                "color": ["INT", {"default": 0, "max": 16777215, "min": 0}],
            }
        },
        "output": ["IMAGE"],
        "name": "EmptyImage",
        "output_node": False,
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {}]}},
        "output": [],
        "name": "SaveImage",
        "output_node": True,
    },
}
STATS: Mapping[str, Any] = {
    "system": {"os": "posix", "comfyui_version": "0.3.64", "python_version": "3.11"},
    "devices": [{"name": "timer", "type": "cpu", "vram_total": 0, "vram_free": 0}],
}
STEPS = 5

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Posted:
    """A prompt as it was posted."""

    number: int
    prompt_id: str
    graph: Mapping[str, Any]
    client_id: str


class TimedServer:
    """One server: a queue, a worker that waits `seconds` for each prompt, and who listens.

    `runs` has, for each prompt that ran, its id and when it began and ended (CLOCK_MONOTONIC), and
    `posts` when each was received, with its graph.
    """

    def __init__(self, seconds: float, picture: bytes) -> None:
        self.runs: list[tuple[str, float, float]] = []
        self.posts: list[tuple[float, Mapping[str, Any]]] = []
        self._seconds = seconds
        self._picture = picture
        self._pending: deque[Posted] = deque()
        self._running: Posted | None = None
        self._filled = asyncio.Event()
        self._history: dict[str, Mapping[str, Any]] = {}
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._requests: dict[str, web.Request] = {}
        self._kept: set[str] = set()
        self._posted = 0

    def app(self) -> web.Application:
        """Give the routes."""
        app = web.Application()
        routes: Mapping[tuple[str, str], Handler] = {
            ("GET", "/ws"): self._serve_socket,
            ("GET", "/prompt"): self._get_prompt,
            ("POST", "/prompt"): self._post_prompt,
            ("GET", "/queue"): self._get_queue,
            ("POST", "/queue"): self._post_queue,
            ("GET", "/history/{prompt_id}"): self._get_history,
            ("POST", "/interrupt"): self._do_nothing,
            ("POST", "/free"): self._do_nothing,
            ("POST", "/upload/image"): self._upload,
            ("*", "/view"): self._view,
            ("GET", "/system_stats"): partial(_say, STATS),
            ("GET", "/object_info"): partial(_say, NODE_INFO),
            ("GET", "/internal/logs/raw"): partial(_say, {"entries": []}),
        }
        for (method, path), handler in routes.items():
            app.router.add_route(method, path, handler)
        return app

    def hang_up(self) -> None:
        """Break off every websocket, without a farewell."""
        for request in self._requests.values():
            if request.transport is not None:
                request.transport.abort()

    async def work(self) -> None:
        """Carry the prompts out, one after the other."""
        while True:
            while not self._pending:
                self._filled.clear()
                await self._filled.wait()
            self._running = self._pending.popleft()
            await self._carry_out(self._running)

    async def _carry_out(self, posted: Posted) -> None:
        began, began_at = time.monotonic(), _now_ms()
        tell = partial(self._tell, posted.client_id, prompt_id=posted.prompt_id)
        await tell("execution_start", timestamp=began_at)
        await tell("execution_cached", nodes=[], timestamp=began_at)
        await tell("executing", node="1", display_node="1")
        for step in range(1, STEPS + 1):
            await asyncio.sleep(began + self._seconds * step / STEPS - time.monotonic())
            await tell("progress", node="1", value=step, max=STEPS)
        file = {"filename": f"{posted.prompt_id}.png", "subfolder": "", "type": "output"}
        output = {"images": [file]}
        await tell("executed", node="2", display_node="2", output=output)
        await tell("execution_success", timestamp=_now_ms())
        self._history[posted.prompt_id] = _entry(posted, output, began_at)
        self._running = None
        self.runs.append((posted.prompt_id, began, time.monotonic()))
        await tell("executing", node=None)
        await self._tell_status()

    async def _tell(self, client_id: str, kind: str, **data: Any) -> None:
        socket = self._sockets.get(client_id)
        if socket is not None:
            with suppress(ConnectionError):
                await socket.send_str(json.dumps({"type": kind, "data": data}))

    async def _tell_status(self) -> None:
        for client_id in tuple(self._sockets):
            await self._tell(client_id, "status", status=self._status())

    def _status(self) -> Mapping[str, Any]:
        return {"exec_info": {"queue_remaining": len(self._queued())}}

    def _queued(self) -> list[Posted]:
        running = [] if self._running is None else [self._running]
        return [*running, *self._pending]

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        client_id = request.query.get("clientId") or uuid.uuid4().hex
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._sockets[client_id], self._requests[client_id] = socket, request
        await self._tell(client_id, "status", status=self._status(), sid=client_id)
        try:
            async for _ in socket:
                pass
        finally:
            del self._sockets[client_id], self._requests[client_id]
        return socket

    async def _get_prompt(self, request: web.Request) -> web.Response:
        return await _say(self._status(), request)

    async def _post_prompt(self, request: web.Request) -> web.Response:
        said = orjson.loads(await request.read())
        self.posts.append((time.monotonic(), said["prompt"]))
        self._posted += 1
        posted = Posted(self._posted, said["prompt_id"], said["prompt"], said["client_id"])
        self._pending.append(posted)
        self._filled.set()
        await self._tell_status()
        told = {"prompt_id": posted.prompt_id, "number": posted.number, "node_errors": {}}
        return await _say(told, request)

    async def _get_queue(self, request: web.Request) -> web.Response:
        running = [] if self._running is None else [_in_queue(self._running)]
        pending = [_in_queue(posted) for posted in self._pending]
        return await _say({"queue_running": running, "queue_pending": pending}, request)

    async def _post_queue(self, request: web.Request) -> web.Response:
        deleted = orjson.loads(await request.read()).get("delete", [])
        self._pending = deque(one for one in self._pending if one.prompt_id not in deleted)
        return web.Response()

    async def _get_history(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info["prompt_id"]
        entry = self._history.get(prompt_id)
        return await _say({} if entry is None else {prompt_id: entry}, request)

    async def _do_nothing(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _upload(self, request: web.Request) -> web.Response:
        file = (await request.post())["image"]
        assert isinstance(file, web.FileField)
        self._kept.add(file.filename)
        return await _say({"name": file.filename, "subfolder": "", "type": "temp"}, request)

    async def _view(self, request: web.Request) -> web.Response:
        name = request.query["filename"]
        if name.removesuffix(".png") in self._history:
            return web.Response(body=self._picture, content_type="image/png")
        return web.Response(status=200 if name in self._kept else 404)


async def _say(document: object, _: web.Request) -> web.Response:
    return web.Response(body=orjson.dumps(document), content_type="application/json")


def _entry(posted: Posted, output: Mapping[str, Any], began_at: int) -> Mapping[str, Any]:
    """Give the history entry of a prompt that went well."""
    about = {"prompt_id": posted.prompt_id}
    messages = [
        ["execution_start", {**about, "timestamp": began_at}],
        ["execution_cached", {**about, "nodes": [], "timestamp": began_at}],
        ["execution_success", {**about, "timestamp": _now_ms()}],
    ]
    return {
        "prompt": _in_queue(posted),
        "outputs": {"2": output},
        "status": {"status_str": "success", "completed": True, "messages": messages},
        "meta": {"2": {"node_id": "2", "display_node": "2"}},
    }


def _in_queue(posted: Posted) -> list[Any]:
    about = {"client_id": posted.client_id}
    return [posted.number, posted.prompt_id, posted.graph, about, ["2"]]


def _now_ms() -> int:
    return int(time.time() * 1000)


def _picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (32, 32), (90, 120, 150)).save(written, "PNG")
    return written.getvalue()


def _control(servers: list[TimedServer]) -> web.Application:
    """Give what the bench asks: GET /runs and /posts, all since they were last asked for; POST
    /hang-up."""

    async def take_runs(request: web.Request) -> web.Response:
        told = [server.runs for server in servers]
        for server in servers:
            server.runs = []
        return await _say(told, request)

    async def take_posts(request: web.Request) -> web.Response:
        told = [server.posts for server in servers]
        for server in servers:
            server.posts = []
        return await _say(told, request)

    async def hang_up(_: web.Request) -> web.Response:
        for server in servers:
            server.hang_up()
        return web.Response()

    app = web.Application()
    app.router.add_get("/runs", take_runs)
    app.router.add_get("/posts", take_posts)
    app.router.add_post("/hang-up", hang_up)
    return app


async def _listen(app: web.Application) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _serve(count: int, seconds: float) -> None:
    picture = _picture()
    servers = [TimedServer(seconds, picture) for _ in range(count)]
    workers = [asyncio.create_task(server.work()) for server in servers]
    urls = [await _listen(server.app()) for server in servers]
    control = await _listen(_control(servers))
    sys.stdout.write(json.dumps({"control": control, "servers": urls}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for worker in workers:
        worker.cancel()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
