"""The built-in engine: ComfyUI's HTTP and websocket protocol for graphs that need no model.

What a client may see is ComfyUI 0.3.64's: paths, bodies, codes, the order of events. What takes
its worker thread or its process down there is refused here instead.

ComfyUI 0.24.0 does some things otherwise, and this does not follow it: an unknown class is a
`missing_node_type` and a cycle a `dependency_cycle`; a graph that is no object is 500; choices like
SaveVideo's format are checked when a graph is posted; a prompt id must be a UUID; sound keeps its
one channel; a prompt that is cached whole and was sent without client_id names no files; results
of many prompts are kept, and not of the last alone; there are /api/jobs, and more inputs and
outputs of some nodes.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from PIL import ImageFile

from vqd.engine.about import About
from vqd.engine.execute import Executor
from vqd.engine.files import Files
from vqd.engine.nodes import NODES
from vqd.engine.nodes.signature import Folders
from vqd.engine.prompts import Prompts
from vqd.engine.queue import PromptQueue
from vqd.engine.replies import same_origin, troubles
from vqd.engine.sockets import FEATURES, Sockets

_CLOSING_S = 0.3


def serve(
    host: str,
    port: int,
    data_dir: Path,
    *,
    announce: Callable[[str], None],
    stop_on_stdin_eof: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told the URL; port 0 takes a free one.

    `data_dir` gets input/, output/ and temp/; temp/ is emptied. With `stop_on_stdin_eof` it also
    ends when whoever holds the other end of its standard input is gone.
    """
    # LoadImage takes a picture that ends too early, as in ComfyUI.
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    asyncio.run(_serve(host, port, data_dir, announce, stop_on_stdin_eof))


class Engine:
    """One server: its queue, its thread, its routes."""

    def __init__(self, data_dir: Path) -> None:
        folders = _folders(data_dir.absolute())
        queue = PromptQueue()
        self.sockets = Sockets()
        self._executor = Executor(queue, self.sockets, NODES, folders)
        self._about = About(NODES, folders)
        self._files = Files(folders)
        self._prompts = Prompts(queue, self._executor, self.sockets, NODES, folders)

    def start(self) -> None:
        """Begin to carry prompts out."""
        logger = logging.getLogger("vqd.engine")
        logger.setLevel(logging.INFO)
        logger.addHandler(self._about)
        self._executor.start()

    def stop(self) -> None:
        """Carry no more prompts out; the one that runs gets a moment to stop."""
        self._executor.stop()
        self._executor.join(_CLOSING_S)

    def app(self) -> web.Application:
        """Give the application: every route also below /api, and every GET also as HEAD."""
        app = web.Application(
            client_max_size=FEATURES["max_upload_size"], middlewares=[same_origin, troubles]
        )
        for routes in (self._prompts.routes(), self._about.routes(), self._files.routes()):
            for method, path, handler in routes:
                for one in ("GET", "HEAD") if method == "GET" else (method,):
                    app.router.add_route(one, path, handler)
                    app.router.add_route(one, f"/api{path}", handler)
        return app


async def _serve(
    host: str, port: int, data_dir: Path, announce: Callable[[str], None], stop_on_stdin_eof: bool
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if stop_on_stdin_eof:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end, sys.stdin.fileno(), stopping)
    engine = Engine(data_dir)
    runner = web.AppRunner(engine.app(), access_log=None, shutdown_timeout=_CLOSING_S)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    engine.start()
    announce(f"http://{host}:{runner.addresses[0][1]}")
    await stopping.wait()
    engine.stop()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(engine.sockets.close(), _CLOSING_S)
    await runner.cleanup()


def _stop_at_end(descriptor: int, stopping: asyncio.Event) -> None:
    if not os.read(descriptor, 4096):
        stopping.set()


def _folders(data_dir: Path) -> Folders:
    temp = data_dir / "temp"
    shutil.rmtree(temp, ignore_errors=True)
    for folder in (data_dir / "input", data_dir / "output", temp):
        folder.mkdir(parents=True, exist_ok=True)
    return Folders(data_dir / "input", data_dir / "output", temp)
