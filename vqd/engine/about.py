"""The routes that tell what the server is and has."""

import logging
import os
import platform
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from aiohttp import web

from vqd import __version__
from vqd.engine.nodes.signature import Folders, NodeClass
from vqd.engine.replies import Route, answer
from vqd.engine.sockets import FEATURES

COMFYUI_VERSION = "0.3.64"
"""The version whose protocol this speaks."""

_MODEL_FOLDERS = (
    "checkpoints",
    "configs",
    "loras",
    "vae",
    "text_encoders",
    "diffusion_models",
    "clip_vision",
    "style_models",
    "embeddings",
    "diffusers",
    "vae_approx",
    "controlnet",
    "gligen",
    "upscale_models",
    "custom_nodes",
    "hypernetworks",
    "photomaker",
    "classifiers",
    "model_patches",
    "audio_encoders",
)
_LOG_ENTRIES = 300


class About(logging.Handler):
    """The handlers. As a handler of log records, too, it keeps the last of them for one."""

    def __init__(self, classes: Mapping[str, NodeClass], folders: Folders) -> None:
        super().__init__()
        self._classes = classes
        self._folders = folders
        self._entries: deque[Mapping[str, str]] = deque(maxlen=_LOG_ENTRIES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        self._entries.append({"t": stamp, "m": f"{record.getMessage()}\n"})

    def routes(self) -> Iterator[Route]:
        """Give method, path and handler of each."""
        yield "GET", "/object_info", self._get_object_info
        yield "GET", "/object_info/{name}", self._get_class_info
        yield "GET", "/system_stats", self._get_system_stats
        yield "GET", "/features", self._get_features
        yield "GET", "/models", self._get_models
        yield "GET", "/models/{folder}", self._get_model_names
        yield "GET", "/embeddings", self._get_embeddings
        yield "GET", "/internal/logs/raw", self._get_log

    async def _get_object_info(self, _: web.Request) -> web.Response:
        return answer({name: node.info(self._folders) for name, node in self._classes.items()})

    async def _get_class_info(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        node = self._classes.get(name)
        return answer({name: node.info(self._folders)} if node else {})

    async def _get_system_stats(self, _: web.Request) -> web.Response:
        total_bytes, free_bytes = _memory_bytes()
        system = {
            "os": os.name,
            "ram_total": total_bytes,
            "ram_free": free_bytes,
            "comfyui_version": f"{COMFYUI_VERSION}+vqd.{__version__}",
            "python_version": sys.version,
            "pytorch_version": "none",
            "embedded_python": False,
            "argv": [],
        }
        device = {
            "name": platform.machine() or "cpu",
            "type": "cpu",
            "index": None,
            "vram_total": total_bytes,
            "vram_free": free_bytes,
            "torch_vram_total": total_bytes,
            "torch_vram_free": free_bytes,
        }
        return answer({"system": system, "devices": [device]})

    async def _get_features(self, _: web.Request) -> web.Response:
        return answer(FEATURES)

    async def _get_models(self, _: web.Request) -> web.Response:
        return answer(_MODEL_FOLDERS)

    async def _get_model_names(self, request: web.Request) -> web.Response:
        if request.match_info["folder"] not in _MODEL_FOLDERS:
            return web.Response(status=404)
        return answer([])

    async def _get_embeddings(self, _: web.Request) -> web.Response:
        return answer([])

    async def _get_log(self, _: web.Request) -> web.Response:
        return answer({"entries": list(self._entries), "size": {"cols": 80, "rows": 24}})


def _memory_bytes() -> tuple[int, int]:
    """Give how much memory there is, and how much of it a process may still get."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    found = {
        name: int(rest.split()[0]) * 1024 for name, _, rest in (x.partition(":") for x in lines)
    }
    return found["MemTotal"], found["MemAvailable"]
