"""Requests to a daemon's API, and what is wrong with the answers; the only module of the command
line that speaks HTTP, imported where --url is given."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from pydantic import TypeAdapter, ValidationError
from requests.auth import AuthBase

from vqd.cli.outlasting import UNREACHABLE
from vqd.cli.parcel import Parcel
from vqd.documents.credentials import without_credentials
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.names import printable

T = TypeVar("T")
Query = Mapping[str, str | int | Sequence[str]]

_CONNECT_S, _ANSWER_S = 10, 60
_LONG_S = 1800
"""How long is waited for what is made of a job of very many prompts: it is taken, or its report."""
_PROBLEM = "application/problem+json"
_GATEWAY_STATUSES = (
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_TOO_LARGE = "A gateway takes nothing so large: nginx as its client_max_body_size says."
_NO_QUERY: Query = {}


class Client:
    """Asks one daemon."""

    def __init__(self, url: str, token: str | None) -> None:
        if not _is_of_daemon(url):
            hint = "It begins with http:// or https://, as in http://gpu-box:8640."
            raise VqdError(
                "bad_url",
                f"{printable(without_credentials(url))}: this is no URL of a daemon.",
                hint,
            )
        self._url = url.rstrip("/")
        self._shown = without_credentials(self._url)
        self._session = requests.Session()
        self._session.auth = _Bearer(token)

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def get(self, shape: type[T], path: str, query: Query = _NO_QUERY) -> T:
        """Give what is at a path, as a shape.

        Raises:
            VqdError: whatever the daemon says; `unreachable`; `not_vqd`.
        """
        return self._read(shape, self._ask("GET", path, params=query))

    def post(
        self,
        shape: type[T],
        path: str,
        query: Query = _NO_QUERY,
        *,
        body: Mapping[str, Any] | None = None,
        parcel: Parcel | None = None,
        takes_long: bool = False,
    ) -> T:
        """Send something, and give what is answered, as a shape.

        Raises:
            VqdError: as `get`.
        """
        if parcel is None:
            within_s = _LONG_S if takes_long else _ANSWER_S
            answer = self._ask("POST", path, within_s=within_s, params=query, json=body)
            return self._read(shape, answer)
        return self._read(shape, self._sent(path, query, parcel))

    def text(self, path: str, query: Query, parcel: Parcel) -> str:
        """Send a job, and give what is answered as it is.

        Raises:
            VqdError: as `get`.
        """
        return self._sent(path, query, parcel).content.decode(errors="replace")

    def part(self, path: str, first_byte: int, most_bytes: int) -> bytes:
        """Give what there is of a file from a byte on, so many bytes at most; nothing if there is
        no more.

        Raises:
            VqdError: as `get`.
        """
        end = first_byte + most_bytes
        headers = {"Range": f"bytes={first_byte}-{end - 1}"}
        answer = self._ask("GET", path, headers=headers, none=first_byte)
        if answer is None:
            return b""
        is_part = answer.status_code == HTTPStatus.PARTIAL_CONTENT
        return answer.content if is_part else answer.content[first_byte:end]

    def _sent(self, path: str, query: Query, parcel: Parcel) -> requests.Response:
        headers = {"Content-Type": parcel.content_type}
        answer = self._ask(
            "POST", path, within_s=_LONG_S, params=query, data=parcel, headers=headers
        )
        assert answer is not None
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        *,
        none: int | None = None,
        within_s: float | None = None,
        **given: Any,
    ) -> requests.Response | None:
        """Give an answer that is well; None where a file has no part from byte `none` on."""
        try:
            answer = self._session.request(
                method,
                f"{self._url}{path}",
                timeout=(_CONNECT_S, within_s or _ANSWER_S),
                allow_redirects=False,
                **given,
            )
        except requests.RequestException as error:
            raise self._unreachable(_reason_of(error)) from error
        if none is not None and answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        if not (HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES):
            raise self._refused(answer)
        return answer

    def _read(self, shape: type[T], answer: requests.Response | None) -> T:
        assert answer is not None
        try:
            return TypeAdapter(shape).validate_json(answer.content)
        except ValidationError as error:
            said = f"{self._shown}: what answers is no vqd, or one of another version."
            raise VqdError("not_vqd", said, f"This is vqd's {shape}.") from error

    def _unreachable(self, why: str) -> VqdError:
        hint = "Is the daemon running there, with `web` in its settings?"
        return VqdError(UNREACHABLE, f"{self._shown}: nobody answers ({why}).", hint)

    def _refused(self, answer: requests.Response) -> VqdError:
        """Give what the daemon says is wrong, as if it had been found here."""
        if answer.headers.get("content-type", "").partition(";")[0] != _PROBLEM:
            if answer.status_code in _GATEWAY_STATUSES:
                return self._unreachable(f"a gateway says {answer.status_code}")
            said = f"{self._shown}: what answers is no vqd ({answer.status_code})."
            is_too_large = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return VqdError("not_vqd", said, _TOO_LARGE if is_too_large else "Look at the URL.")
        told = answer.json()
        if told.get("problems"):
            return Faults(TypeAdapter(list[Problem]).validate_python(told["problems"]))
        hint = told.get("hint")
        if told.get("code") == "not_found":
            said = f"{self._shown}: what answers has no such route."
            return VqdError("not_vqd", said, "Is its URL too long, or is it of another version?")
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            hint = "Give --token-file, or set VQD_TOKEN_FILE: a file with the token."
        return VqdError(str(told.get("code")), printable(str(told.get("detail"))), hint)


def client_of(url: str, token_file: Path | None) -> Client:
    """Give the client for a URL, with the token in a file.

    Raises:
        VqdError: `bad_url`, `bad_token`.
    """
    return Client(url, _token_in(token_file) if token_file else None)


def _token_in(file: Path) -> str:
    """Give the token in a file.

    Raises:
        VqdError: `bad_token`; what is there is not told.
    """
    token = file.read_bytes().strip()
    if not token.isascii() or not token.decode("ascii").isprintable():
        raise VqdError("bad_token", f"{file}: this is no token.", "It is one line of text.")
    return token.decode("ascii")


def _is_of_daemon(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # half an address in brackets
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class _Bearer(AuthBase):
    """Sends the token, and nothing that a .netrc says."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def path_of(*parts: str | int) -> str:
    """Give the path of something below /api."""
    return "/".join(("/api", *(quote(str(part), safe="") for part in parts)))


def _reason_of(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "it takes too long"
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", inner)
    return printable(str(reason).rpartition(": ")[2])
