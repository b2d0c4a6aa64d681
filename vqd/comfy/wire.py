"""HTTP to one server: kept connections, bounded answers, and every failure under its name."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import Any
from urllib.parse import urlencode

import orjson

from vqd.comfy.address import Address
from vqd.comfy.faults import NotComfy, Oversized, Truncated, Unreachable
from vqd.comfy.gateway import is_page, page_title, require_no_page, require_server
from vqd.comfy.lane import Lane
from vqd.comfy.reply import CutShort, NoAnswer, Reply
from vqd.domain.frozen import frozen

MIB = 1 << 20
_CONNECT_S = 5.0


@frozen
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


@frozen
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
        self._lane = Lane(address, connect_s=min(timeout_s, _CONNECT_S), silence_s=timeout_s)

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
        with self.answering(method, path, body, query=query) as reply:
            try:
                content = _gathered(reply, most_bytes)
            except NoAnswer as error:
                raise Unreachable(f"{said} broke off: {error}.") from error
        if content is None:
            raise Oversized(f"{said} answered with more than {most_bytes // MIB} MiB.")
        answer = Answer(reply.status, content, said, reply.headers)
        if is_page(reply.headers):
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
    ) -> Iterator[Reply]:
        """Give an answer before its content is read; raises what `ask` does, but for size and
        pages."""
        reply = self._sent(method, path, body, query, headers or {})
        try:
            said = f"{method} {self.address}{path}"
            require_server(reply.status, reply.headers, said)
            yield reply
        finally:
            reply.close()

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
    ) -> Reply:
        target = self.address.base_path + path + (f"?{urlencode(query)}" if query else "")
        headers = {"User-Agent": "vqd", **self.address.headers, **more_headers}
        chunks: Iterable[bytes] = ()
        if body is not None:
            chunks = [body.chunks] if isinstance(body.chunks, bytes) else body.chunks
            headers["Content-Type"] = body.content_type
            headers["Content-Length"] = str(body.length_bytes)
        try:
            return self._lane.send(method, target, headers, chunks)
        except NoAnswer as error:
            raise Unreachable(
                f"{method} {self.address}{path} got no answer: {error}.",
                "Is ComfyUI running there?",
                is_refused=error.is_refused,
            ) from error


def pour(reply: Reply, write: Callable[[bytes], object], said: str) -> int:
    """Pass an answer's content on to `write`, chunk by chunk; give its length in bytes.

    Raises:
        Truncated: fewer bytes came than Content-Length promised, or the connection broke.
        Unreachable: the server fell silent.
    """
    written = 0
    try:
        for chunk in reply.chunks():
            write(chunk)
            written += len(chunk)
    except CutShort as error:
        promised = reply.headers.get("Content-Length", "an unknown number of")
        raise Truncated(f"{said} ended after {written} of {promised} bytes.") from error
    except NoAnswer as error:
        raise Unreachable(f"{said} fell silent: {error}.") from error
    return written


def _gathered(reply: Reply, most_bytes: int) -> bytes | None:
    """Read the content into memory; None if there is more than `most_bytes` of it."""
    chunks = []
    length_bytes = 0
    for chunk in reply.chunks():
        chunks.append(chunk)
        length_bytes += len(chunk)
        if length_bytes > most_bytes:
            return None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _parsed_leniently(text: bytes) -> Any:
    try:
        found = json.loads(text)
        if not _MAY_BE_SURROGATE.search(text):
            return found
        return json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ValueError("nested too deep") from None


_MAY_BE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed")
