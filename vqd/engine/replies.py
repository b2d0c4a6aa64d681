"""How requests are answered, and which are not."""

import ipaddress
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from vqd.engine.wire import encoded

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]

_log = logging.getLogger("vqd.engine")


def answer(value: Any, status: int = 200) -> web.Response:
    """Give a JSON response."""
    return web.Response(
        body=encoded(value), status=status, content_type="application/json", charset="utf-8"
    )


@web.middleware
async def troubles(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 500 in plain text where a handler raises, as aiohttp does, and log one line."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - a bad request must not end the connection's task
        _log.info("%s %s: %r", request.method, request.path, error)
        said = "500 Internal Server Error\n\nServer got itself in trouble"
        return web.Response(status=500, text=said)


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to a page of another origin that a browser lets call a loopback address."""
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin", "")
    if origin and _is_foreign(host.lower(), origin.lower()):
        return web.Response(status=403)
    return await handler(request)


def _is_foreign(host: str, origin: str) -> bool:
    called, calling = urlsplit(f"//{host}"), urlsplit(origin)
    if not _is_loopback(called.hostname) or not calling.netloc:
        return False
    # Ports are compared only where the origin names one (ComfyUI 0.3.64, server.py).
    return calling.netloc != (called.hostname if calling.port is None else called.netloc)


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
