"""HTTP to one server: kept connections, bounded answers, and every failure under its name."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, RequestException

from vqd.comfy.address import Address
from vqd.comfy.faults import NotComfy, Oversized, Truncated, Unreachable
from vqd.comfy.gateway import is_page, page_title, require_no_page, require_server

MIB = 1 << 20
_CONNECT_S = 5.0
_CHUNK_BYTES = 256 * 1024
_KEPT_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Body:
    """What a request sends: bytes, or chunks whose total length is known."""

    chunks: bytes | Iterable[bytes]
    length_bytes: int
    content_type: str = "application/json"

    @classmethod
    def of_json(cls, document: object) -> "Body":
        """Encode a document; what orjson cannot (huge integers, lone surrogates) json can."""
        try:
            text = orjson.dumps(document)
        except orjson.JSONEncodeError:
            text = json.dumps(document).encode()
        return cls(text, len(text))


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer that was read into memory. `said` is what was asked, for messages."""

    status: int
    content: bytes
    said: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        """Tell whether it says of itself that it is JSON."""
        return (self.headers.get("Content-Type") or "").startswith("application/json")

    def json(self) -> Any:
        """Parse the content; literal NaN and Infinity, which ComfyUI may write, are read too.

        Raises:
            NotComfy: it is not JSON.
        """
        try:
            return parsed(self.content)
        except ValueError:
            raise NotComfy(
                f"{self.said} answered {self.status} with {self.excerpt}, which is not JSON.",
                "Is it ComfyUI's URL, and does a gateway before it want a login?",
            ) from None

    @property
    def excerpt(self) -> str:
        """Give the beginning of the content, for people; of a page its title."""
        if is_page(self.headers):
            return page_title(self.content)
        text = " ".join(self.content[:400].decode(errors="replace").split())
        return repr(text[:120]) if text else "nothing"


def parsed(text: bytes) -> Any:
    """Parse JSON, with literal NaN and Infinity as floats and `?` for a lone surrogate.

    Python escapes a lone surrogate for each byte of a file name that is not UTF-8; nothing here
    could store or send one.

    Raises:
        ValueError: it is not JSON, or nests too deep.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parsed_leniently(text)


class Wire:
    """Requests to one server, from any thread. Redirects, cookies and proxies have no part in it.

    `timeout_s` is the longest silence allowed in an answer.
    """

    def __init__(self, address: Address, timeout_s: float) -> None:
        self.address = address
        self._timeout = (min(timeout_s, _CONNECT_S), timeout_s)
        self._lane = _Lane(address)

    def ask(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Mapping[str, str] | None = None,
        most_bytes: int = 4 * MIB,
    ) -> Answer:
        """Give the whole answer, whatever its status.

        Raises:
            Unreachable: no answer, or a gateway's excuse (429, 502, 503, 504, 500 with a page).
            NotComfy: a redirect, a demand for a login (401, 403, 407), or a page as if all were
                well.
            Oversized: more than `most_bytes`.
        """
        said = f"{method} {self.address}{path}"
        with self.answering(method, path, body, query=query) as response:
            try:
                content = _gathered(response, most_bytes)
            except RequestException as error:
                raise Unreachable(f"{said} broke off: {_reason(error)}.") from error
        if content is None:
            raise Oversized(f"{said} answered with more than {most_bytes // MIB} MiB.")
        answer = Answer(response.status_code, content, said, response.headers)
        if is_page(response.headers):
            require_no_page(answer.status, said, answer.excerpt)
        return answer

    @contextmanager
    def answering(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Response]:
        """Give an answer before its content is read; raises what `ask` does, but for size and
        pages."""
        response = self._sent(method, path, body, query, headers or {})
        try:
            said = f"{method} {self.address}{path}"
            require_server(response.status_code, response.headers, said)
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._lane.close()

    def _sent(
        self,
        method: str,
        path: str,
        body: Body | None,
        query: Mapping[str, str] | None,
        more_headers: Mapping[str, str],
    ) -> Response:
        request = PreparedRequest()
        request.method = method
        request.url = self.address.base_path + path
        if query:
            request.url += f"?{urlencode(query)}"
        headers = {"User-Agent": "vqd", **self.address.headers, **more_headers}
        if body is not None:
            request.body = body.chunks  # type: ignore[assignment]  # the stub leaves out iterables
            headers["Content-Type"] = body.content_type
            headers["Content-Length"] = str(body.length_bytes)
        request.headers = headers  # type: ignore[assignment]  # any mapping does
        try:
            return self._lane.send(request, stream=True, timeout=self._timeout)
        except RequestException as error:
            raise Unreachable(
                f"{method} {self.address}{path} got no answer: {_reason(error)}.",
                "Is ComfyUI running there?",
                is_refused=isinstance(_innermost(error), ConnectionRefusedError),
            ) from error


def pour(response: Response, write: Callable[[bytes], object], said: str) -> int:
    """Pass an answer's content on to `write`, chunk by chunk; give its length in bytes.

    Raises:
        Truncated: fewer bytes came than Content-Length promised, or the connection broke.
        Unreachable: the server fell silent.
    """
    written = 0
    try:
        for chunk in response.iter_content(_CHUNK_BYTES):
            write(chunk)
            written += len(chunk)
    except ChunkedEncodingError as error:
        promised = response.headers.get("Content-Length", "an unknown number of")
        raise Truncated(f"{said} ended after {written} of {promised} bytes.") from error
    except RequestException as error:
        raise Unreachable(f"{said} fell silent: {_reason(error)}.") from error
    return written


def _gathered(response: Response, most_bytes: int) -> bytes | None:
    """Read the content into memory; None if there is more than `most_bytes` of it."""
    chunks = []
    length_bytes = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        chunks.append(chunk)
        length_bytes += len(chunk)
        if length_bytes > most_bytes:
            return None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _reason(error: BaseException) -> str:
    """Give the innermost cause, in the operating system's words where it has some."""
    error = _innermost(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _parsed_leniently(text: bytes) -> Any:
    try:
        found = json.loads(text)
        if not _MAY_BE_SURROGATE.search(text):
            return found
        return json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ValueError("nested too deep") from None


_MAY_BE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed")


class _Lane(HTTPAdapter):
    """An adapter for one origin, without what only a browser needs.

    A requests.Session takes twice the CPU: for each request it finds the pool again, rebuilds the
    URL, and gathers headers and cookies. TCP_NODELAY is urllib3's default.
    """

    def __init__(self, address: Address) -> None:
        super().__init__(pool_maxsize=_KEPT_CONNECTIONS)
        self._pool = self.poolmanager.connection_from_url(
            address.origin, pool_kwargs={"ssl_context": address.tls} if address.tls else None
        )

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        return self._pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Leave the pool as it is: it trusts whom the address names."""

    def request_url(self, request: PreparedRequest, _: Any) -> str:
        return request.url or "/"

    def build_response(self, _: PreparedRequest, answer: Any) -> Response:
        response = Response()
        response.status_code = answer.status
        response.headers = answer.headers
        response.raw = answer
        return response

    def close(self) -> None:
        self._pool.close()
        super().close()
