"""What a gateway before ComfyUI answers in its place: excuses, demands for a login, and pages."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from vqd.comfy.faults import NotComfy, Unreachable

_LOGIN_STATUSES = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    }
)
_GATEWAY_STATUSES = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]+)", re.IGNORECASE)
_READ_FOR_TITLE_BYTES = 4000


def require_server(status: int, headers: Mapping[str, str], said: str) -> None:
    """Let ComfyUI's own answers through; `said` is what was asked.

    Raises:
        Unreachable: a gateway's excuse (429, 502, 503, 504).
        NotComfy: a redirect, or a demand for a login (401, 403, 407).
    """
    if status in _GATEWAY_STATUSES:
        raise Unreachable(f"{said} answered {status}: the gateway is there, ComfyUI is not.")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotComfy(
            f"{said} answered {status}, a redirect{_target(headers)}.",
            "Give the URL it leads to, or the headers that its login wants.",
        )
    if status in _LOGIN_STATUSES:
        raise NotComfy(
            f"{said} answered {status}: a gateway wants a login.",
            "Put what it wants into the server's headers.",
        )


def require_no_page(status: int, said: str, title: str) -> None:
    """Raise what it means that a page came where ComfyUI gives data; 4xx tell for themselves.

    Raises:
        NotComfy: 200, as if all were well: most often a login. Unreachable: 500 and above.
    """
    if status == HTTPStatus.OK:
        raise NotComfy(
            f"{said} answered with {title} instead of data.",
            "Is it ComfyUI's URL, and does a gateway before it want a login?",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(
            f"{said} answered {status} with {title}.",
            "That is the gateway before ComfyUI; its log says why.",
        )


def is_page(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer is HTML."""
    return (headers.get("Content-Type") or "").lower().startswith("text/html")


def page_title(content: bytes) -> str:
    """Give what a page calls itself, in words: `a page ("Sign in")`."""
    titled = _TITLE.search(content[:_READ_FOR_TITLE_BYTES])
    if titled is None:
        return "a page"
    return f'a page ("{" ".join(titled[1].decode(errors="replace").split())[:80]}")'


def _target(headers: Mapping[str, str]) -> str:
    """Say where a redirect leads, without what its query may tell."""
    location = next((text for name, text in headers.items() if name.lower() == "location"), "")
    where = urlsplit(location)._replace(query="", fragment="").geturl()
    return f" to {where}" if where else ""
