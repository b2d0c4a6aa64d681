"""Who is let in: before anything is read of a request, and around everything that is answered.

1. The Host must be this machine: no other site's name may lead here (DNS rebinding).
2. What a browser sends from another site is refused, whatever it is (CSRF).
3. Beyond the page and its sign-in a token or a session is needed, where there is a token.
4. What is sent is bounded, and so is how long nothing of it comes.
5. Everything that is answered says what a browser may do with it.
"""

import asyncio
import ipaddress
from collections.abc import Collection, Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqd.documents.digits import number_of
from vqd.web.problems import Refusal, unforeseen
from vqd.web.sessions import Sessions

SILENT_S = 30.0
"""How long nothing may come of what a request sends."""
SMALL_BYTES = 4 << 20
"""How large a request may be that sends no job."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_GUARDED = ("/api/", "/metrics")
_OPEN = frozenset({"/api/session"})
_TICKETED = "/shared/"
"""Below it a ticket in the path admits, also where no cookie is sent."""
_LARGE = frozenset({"/api/jobs", "/api/check"})

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": PAGE_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-cache",
    }
)
"""What every answer says that does not say otherwise."""

_CLOSE = {"Connection": "close"}
"""Said where the rest of what is sent is not read."""

_log = structlog.get_logger(__name__)


class Guard:
    """Stands before the whole app."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: Sessions,
        hosts: Collection[str],
        upload_limit: int,
        silent_s: float = SILENT_S,
    ) -> None:
        self._app = app
        self._silent_s = silent_s
        self._sessions = sessions
        self._hosts = frozenset(hosts)
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, is_kept=not scope["path"].startswith(_GUARDED))
        try:
            self._judge(scope)
            await self._app(scope, self._bounded(scope, receive), answer)
        except Refusal as refusal:
            await refusal.response()(scope, receive, answer)
        except ClientDisconnect:
            return  # who asked is gone, and hears no answer
        except Exception:
            _log.exception("web.failed", method=scope["method"], path=scope["path"][:200])
            if answer.is_begun:
                raise
            await unforeseen()(scope, receive, answer)

    def _judge(self, scope: Scope) -> None:
        """Do nothing if the request may be done.

        Raises:
            Refusal: it may not.
        """
        headers = {name.decode(): text.decode("latin-1") for name, text in scope["headers"]}
        self._judge_host(headers.get("host", ""))
        path = scope["path"]
        if not path.startswith(_TICKETED):
            self._judge_origin(scope["method"], headers)
        if path.startswith(_GUARDED) and path not in _OPEN:
            is_in = self._sessions.admits(
                headers.get("authorization", ""), headers.get("cookie", "")
            )
            if not is_in:
                raise _unauthorized()
        length_bytes = number_of(headers.get("content-length", "")) or 0
        if length_bytes > self._limit(path):
            raise _too_large(self._limit(path))

    def _judge_host(self, host: str) -> None:
        name = _name_of(host)
        if name is None or not (_is_address(name) or name in self._hosts):
            hint = "Ask by an address of this machine, or add the name to web.allowed_hosts."
            said = "The request is for another host than this one."
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, "foreign_host", said, hint)

    def _judge_origin(self, method: str, headers: Mapping[str, str]) -> None:
        origin = headers.get("origin")
        is_own = origin is None or self._is_own(origin, headers.get("host", ""))
        is_visit = method in _SAFE and headers.get("sec-fetch-mode") == "navigate"
        is_foreign = headers.get("sec-fetch-site") == "cross-site" and not is_visit
        if not is_own or is_foreign:
            said = "The request comes from another site."
            raise Refusal(HTTPStatus.FORBIDDEN, "foreign_origin", said)

    def _is_own(self, origin: str, host: str) -> bool:
        address = urlsplit(origin)
        if address.scheme not in ("http", "https"):
            return False
        if address.netloc.lower() == host.lower():
            return True
        name = _name_of(address.netloc)  # a proxy in between may have changed the Host
        return name == address.netloc.lower() and name in self._hosts and not _is_address(name)

    def _limit(self, path: str) -> int:
        return self._upload_limit if path in _LARGE else SMALL_BYTES

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        limit, read, is_whole = self._limit(scope["path"]), 0, False

        async def bounded() -> Message:
            nonlocal read, is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout(self._silent_s):
                    message = await receive()
            except TimeoutError:
                said = f"Nothing came of the request for {self._silent_s:g} s."
                raise Refusal(
                    HTTPStatus.REQUEST_TIMEOUT, "too_slow", said, headers=_CLOSE
                ) from None
            read += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if read > limit:
                raise _too_large(limit)
            return message

        return bounded


class _Answer:
    """Sends an answer, with the headers that each has. What of it is of the page may be kept, and
    is asked for again all the same."""

    def __init__(self, send: Send, *, is_kept: bool) -> None:
        self._send = send
        self._headers = _HEADERS if is_kept else {**_HEADERS, "cache-control": "no-store"}
        self.is_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_begun = True
            given = message.setdefault("headers", [])
            named = {name.lower() for name, _ in given}
            added = [(name.encode(), text.encode()) for name, text in self._headers.items()]
            message["headers"] = [*given, *(one for one in added if one[0] not in named)]
        await self._send(message)


def _name_of(host: str) -> str | None:
    """Give the name or address of a Host, without its port; None for what is none."""
    try:
        address = urlsplit(f"//{host}")
        _ = address.port  # which is read only now
    except ValueError:
        return None
    return address.hostname if address.netloc == host and "@" not in host else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _unauthorized() -> Refusal:
    hint = "Send the token as `Authorization: Bearer …`, or sign in."
    headers = {"WWW-Authenticate": 'Bearer realm="vqd"'}
    said = "A token is needed."
    return Refusal(HTTPStatus.UNAUTHORIZED, "token_needed", said, hint, headers=headers)


def _too_large(limit: int) -> Refusal:
    said = f"The request is larger than {limit:,} bytes."
    hint = "Send less at once, or drop it into the inbox; web.upload_limit is the bound for jobs."
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return Refusal(status, "too_large", said, hint, headers=_CLOSE)
