"""HEAD (RFC 9110, 9.3.2): what GET would be answered with, without what it would give."""

from anyio import CancelScope
from anyio.lowlevel import checkpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Stands before an app that knows GET alone: of its answer the head is sent, and the rest is
    never made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        with CancelScope() as answering:

            async def send_head(message: Message) -> None:
                await send(message)
                await send({"type": "http.response.body"})
                answering.cancel()
                await checkpoint()  # from which the app does not come back

            await self._app({**scope, "method": "GET"}, receive, send_head)
