"""The websockets: who hears what, without waiting for anybody."""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from vqd.engine.wire import encoded

FEATURES: Mapping[str, Any] = {
    "supports_preview_metadata": True,
    "max_upload_size": 100 * 1024 * 1024,
}

TEXTS_LIMIT_BYTES = 16 << 20
"""What is kept for a client that does not read. Beyond it the client is hung up on."""

PREVIEWS_LIMIT_BYTES = 1 << 20
"""A client that lags so far gets no previews."""

_MOST_HEARD_BYTES = 1 << 20

Event = tuple[str, Mapping[str, Any]]
_Frame = tuple[WSMsgType, bytes]


class Socket:
    """One client's connection, with what it has not been sent yet."""

    def __init__(self, request: web.Request) -> None:
        self.response = web.WebSocketResponse(compress=False, max_msg_size=_MOST_HEARD_BYTES)
        self.wants_metadata = False
        self._request = request
        self._waiting: deque[_Frame] = deque()
        self._waiting_bytes = 0
        self._filled = asyncio.Event()

    def push(self, kind: WSMsgType, message: bytes) -> None:
        """Keep a message to be sent. The client that lags loses previews first, then its line."""
        would_wait = self._waiting_bytes + len(message)
        if kind is WSMsgType.BINARY and would_wait > PREVIEWS_LIMIT_BYTES:
            return
        if would_wait > TEXTS_LIMIT_BYTES:
            self._hang_up()
            return
        self._waiting.append((kind, message))
        self._waiting_bytes = would_wait
        self._filled.set()

    def tell(self, event: Event) -> None:
        """Keep an event to be sent."""
        self.push(WSMsgType.TEXT, _text(event))

    async def send_all(self) -> None:
        """Send what comes, until the connection ends."""
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._waiting:
                    kind, message = self._waiting.popleft()
                    self._waiting_bytes -= len(message)
                    await self.response.send_frame(message, kind)
        except ConnectionError:
            return

    def _hang_up(self) -> None:
        # Without a closing handshake: it would wait for somebody who does not read.
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._request.transport is not None:
            self._request.transport.abort()


class Sockets:
    """Every connection by client id. `tell` and `show` may be called from any thread."""

    def __init__(self) -> None:
        self._sockets: dict[str, Socket] = {}
        self._outbox: deque[tuple[bytes, bytes | None, str | None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_waking = False

    @property
    def has_listeners(self) -> bool:
        """Tell whether anybody is connected."""
        return bool(self._sockets)

    def tell(self, kind: str, data: Mapping[str, Any], client_id: str | None = None) -> None:
        """Send an event to one client, or to all."""
        if self._sockets:
            self._post(_text((kind, data)), None, client_id)

    def show(self, picture: bytes, metadata: Mapping[str, Any], client_id: str | None) -> None:
        """Send a JPEG preview: event 4 with metadata to those who asked for it, else event 1."""
        plain = (1).to_bytes(4) + (1).to_bytes(4) + picture
        about = encoded({**metadata, "image_type": "image/jpeg"})
        rich = (4).to_bytes(4) + len(about).to_bytes(4) + about + picture
        self._post(plain, rich, client_id)

    async def serve(
        self, request: web.Request, greeting: Callable[[str], Iterable[Event]]
    ) -> web.StreamResponse:
        """Carry one connection until it ends; `greeting` gives a client's first events."""
        self._loop = asyncio.get_running_loop()
        client_id = request.rel_url.query.get("clientId", "") or uuid.uuid4().hex
        socket = Socket(request)
        await socket.response.prepare(request)
        self._sockets[client_id] = socket
        for event in greeting(client_id):
            socket.tell(event)
        sending = asyncio.create_task(socket.send_all())
        try:
            await _hear(socket)
        finally:
            sending.cancel()
            # Only its own entry: a newer connection under the same id goes on hearing.
            if self._sockets.get(client_id) is socket:
                del self._sockets[client_id]
        return socket.response

    async def close(self) -> None:
        """Hang up on everybody."""
        await asyncio.gather(*(socket.response.close() for socket in self._sockets.values()))

    def _post(self, message: bytes, with_metadata: bytes | None, client_id: str | None) -> None:
        self._outbox.append((message, with_metadata, client_id))
        if self._loop is not None and not self._is_waking:
            self._is_waking = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._is_waking = False
        while self._outbox:
            message, with_metadata, client_id = self._outbox.popleft()
            for socket in self._meant(client_id):
                if with_metadata is None:
                    socket.push(WSMsgType.TEXT, message)
                else:
                    socket.push(
                        WSMsgType.BINARY, with_metadata if socket.wants_metadata else message
                    )

    def _meant(self, client_id: str | None) -> list[Socket]:
        if client_id is None:
            return list(self._sockets.values())
        socket = self._sockets.get(client_id)
        return [socket] if socket else []


async def _hear(socket: Socket) -> None:
    # The first message alone may name feature flags (ComfyUI 0.3.64, server.py).
    is_first = True
    async for message in socket.response:
        if message.type is WSMsgType.TEXT and is_first:
            flags = _flags(message.data)
            if flags is not None:
                socket.wants_metadata = bool(flags.get("supports_preview_metadata"))
                socket.tell(("feature_flags", FEATURES))
        is_first = False


def _flags(said: str) -> Mapping[str, Any] | None:
    try:
        told = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or told.get("type") != "feature_flags":
        return None
    flags = told.get("data")
    return flags if isinstance(flags, dict) else {}


def _text(event: Event) -> bytes:
    return encoded({"type": event[0], "data": event[1]})
