"""uvicorn in a thread, and what keeps it within bounds.

A connection that says nothing, says it too slowly, or takes nothing of what it is sent, is ended;
so is one beyond so many, whatever it wants: the daemon always has descriptors left for its own
files.
"""

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen

STOPPED_WITHIN_S = 4.0
_BACKLOG = 256
_GRACE_S = 1
_LONGEST_HEAD_BYTES = 32 << 10

_log = structlog.get_logger(__name__)


@frozen
class Bounds:
    """How many connections there may be; how long each may take to say what it asks, its body not
    counted, and how long it may take nothing of what it is answered."""

    connections: int = 256
    asked_within_s: float = 15.0
    taken_within_s: float = 30.0


_BOUNDS = Bounds()


class WebServer:
    """Serves an app on an address, or another in its place."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        on_end: Callable[[], None],
        bounds: Bounds = _BOUNDS,
    ) -> None:
        """Take what `listening` gave. `on_end` is called where it ends without being asked to."""
        self._listener = listener
        self._on_end = on_end
        self._current = _Current(app)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._current,
                http=partial(_Bounded, bounds),  # type: ignore[arg-type]  # it is only called
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=_GRACE_S,
                h11_max_incomplete_event_size=_LONGEST_HEAD_BYTES,
            )
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Give where it is."""
        host, port, *_ = self._listener.getsockname()
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def turn_to(self, app: ASGIApp) -> None:
        """Serve another app from the next request on. Any thread may."""
        self._current.app = app

    def listen_again(self) -> socket.socket:
        """Give another socket that listens where this one does, also when this one does no more."""
        return self._listener.dup()

    def start(self) -> None:
        """Begin to serve."""
        _log.info("web.started", url=self.url)
        self._thread.start()

    def stop(self) -> None:
        """End it: what is being answered has a second, and nobody waits much longer."""
        self._server.should_exit = True
        self._thread.join(STOPPED_WITHIN_S)

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except Exception:  # noqa: BLE001 - the top of a thread: said, then the daemon stops
            _log.exception("web.failed")
        finally:
            if not self._server.should_exit:
                self._on_end()


class _Current:
    """The app that answers the next request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def listening(host: str, port: int) -> socket.socket:
    """Give a socket that listens there.

    Raises:
        VqdError: `port_taken`, `not_listening`.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise _not_listening(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _not_listening(host, port, error) from error
    return listener


def _not_listening(host: str, port: int, error: OSError) -> VqdError:
    where = f"{f'[{host}]' if ':' in host else host}:{port}"
    if error.errno == errno.EADDRINUSE:
        said = f"{where}: something listens there already."
        return VqdError("port_taken", said, "Stop that, or name another port in `web.listen`.")
    said = f"{where}: cannot be listened on ({error.strerror or error})."
    return VqdError("not_listening", said, "Name an address of this machine in `web.listen`.")


class _Bounded(H11Protocol):
    """One connection, within the bounds."""

    def __init__(self, bounds: Bounds, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._bounds = bounds
        self._asking: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._bounds.connections:
            transport.abort()
        else:
            self._wait_for_asking()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        _cancel(self._asking)
        _cancel(self._taking)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            _cancel(self._asking)

    def on_response_complete(self) -> None:
        _cancel(self._asking)
        self._wait_for_asking()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        within_s = self._bounds.taken_within_s
        self._taking = self.loop.call_later(within_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._taking)

    def _wait_for_asking(self) -> None:
        within_s = self._bounds.asked_within_s
        self._asking = self.loop.call_later(within_s, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
