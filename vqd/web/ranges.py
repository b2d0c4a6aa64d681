"""Which part of a file a request asks for, if it still asks for this one (RFC 9110, 13 and 14)."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from vqd.domain.frozen import frozen

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


@frozen
class Part:
    """What is answered: with which status, and so many bytes from the `first` on."""

    status: HTTPStatus
    first: int = 0
    bytes: int = 0


def part_asked(headers: Mapping[str, str], tag: str, modified_at: float, total: int) -> Part:
    """Give the part that is asked for of a file of so many bytes; several are answered whole."""
    if _is_known(headers, tag, modified_at):
        return Part(HTTPStatus.NOT_MODIFIED)
    match = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if match is None or not _is_same(headers.get("if-range"), tag, modified_at):
        return Part(HTTPStatus.OK, 0, total)
    if match[3] is not None:
        first, last = max(0, total - int(match[3])), total - 1
    else:
        first, last = int(match[1]), min(int(match[2] or total - 1), total - 1)
    if match[3] is None and match[2] and int(match[2]) < first:
        return Part(HTTPStatus.OK, 0, total)  # it is no range at all
    if first > last:
        return Part(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    return Part(HTTPStatus.PARTIAL_CONTENT, first, last - first + 1)


def _is_known(headers: Mapping[str, str], tag: str, modified_at: float) -> bool:
    """Tell whether the client has it as it is."""
    tags = headers.get("if-none-match")
    if tags is not None:
        named = {one.strip().removeprefix("W/") for one in tags.split(",")}
        return not named.isdisjoint({"*", f'"{tag}"'})
    since = _date(headers.get("if-modified-since"))
    return since is not None and int(modified_at) <= since


def _is_same(condition: str | None, tag: str, modified_at: float) -> bool:
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == f'"{tag}"'
    return _date(condition) == int(modified_at)


def _date(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
