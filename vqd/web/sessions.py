"""Who may ask: by the token itself, or by a cookie that was given for it.

A cookie holds when it ends and a signature of that by a key that is made of the token. So it
outlives a restart of the daemon, ends when the token is changed, and nothing of it is kept here. A
ticket is the same for the files of one job, in a URL: for pages that are shown without any rights.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from vqd.documents.digits import number_of
from vqd.documents.secrets import secret_place
from vqd.domain.errors import VqdError

COOKIE = "vqd_session"
LASTS_S = 30 * 86400
TICKET_LASTS_S = 12 * 3600
_SHORTEST = 16
_LONGEST = 4096


class Sessions:
    """Knows the token. Without one everybody may ask who can reach the door."""

    def __init__(self, token: str | None, *, clock: Callable[[], float] = time.time) -> None:
        self._token = None if token is None else token.encode()
        secret = secrets.token_bytes(32) if self._token is None else self._token
        self._key = hashlib.sha256(b"vqd session\0" + secret).digest()
        self._clock = clock

    @property
    def is_open(self) -> bool:
        """Tell whether no token is needed."""
        return self._token is None

    def admits(self, authorization: str, cookies: str) -> bool:
        """Tell whether a request with these headers may be done."""
        if self._token is None:
            return True
        kind, _, token = authorization.partition(" ")
        if kind.lower() == "bearer" and self.is_token(token.strip()):
            return True
        return self._is_session(_cookie_in(cookies))

    def is_token(self, given: str) -> bool:
        """Tell whether it is the token, in a time that tells nothing of it."""
        expected = hashlib.sha256(self._token or b"").digest()
        is_same = hmac.compare_digest(hashlib.sha256(given.encode()).digest(), expected)
        return self._token is not None and is_same

    def begin(self) -> str:
        """Give the value of a cookie that admits from now on, for `LASTS_S`."""
        until = str(int(self._clock() + LASTS_S))
        return f"{until}.{self._signature(until)}"

    def ticket(self, job: str) -> str:
        """Give what admits to the files of a job without a cookie, for `TICKET_LASTS_S`."""
        until = str(int(self._clock() + TICKET_LASTS_S))
        return f"{until}.{self._signature(f'{until} {job}')}"

    def admits_ticket(self, ticket: str, job: str) -> bool:
        """Tell whether a ticket is one for this job, and still holds."""
        until, _, signature = ticket.partition(".")
        expected = self._signature(f"{until} {job}")
        return self._is_before(until) and hmac.compare_digest(signature.encode(), expected.encode())

    def _is_before(self, until: str) -> bool:
        until_at = number_of(until)
        return until_at is not None and until_at > self._clock()

    def _is_session(self, value: str) -> bool:
        until, _, signature = value.partition(".")
        is_signed = hmac.compare_digest(signature.encode(), self._signature(until).encode())
        return is_signed and self._is_before(until)

    def _signature(self, until: str) -> str:
        return hmac.new(self._key, until.encode(), hashlib.sha256).hexdigest()


def token_in(path: Path) -> str:
    """Read a token from its file.

    Raises:
        VqdError: `token_unreadable`, `token_unfit`.
    """
    try:
        with secret_place(path).open("rb") as file:
            token = file.read(_LONGEST).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        hint = "Let the daemon's user read it."
        raise VqdError("token_unreadable", f"{path}: cannot be read ({why}).", hint) from error
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        said = f"{path}: is no token: one line of {_SHORTEST} letters and digits or more."
        raise VqdError("token_unfit", said, "Make one: openssl rand -hex 32")
    return token


def _cookie_in(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
