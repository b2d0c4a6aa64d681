"""Texts, links and amounts as they stand in the report's markup."""

import json
import re
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from urllib.parse import quote

from vqd.domain.graph import Value

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def text(value: object) -> str:
    """Give any text as markup, in an element or between double quotes."""
    return escape(_clean(str(value), backslash="\\"))


def data(value: Any) -> str:
    """Give a value as JSON for an attribute between single quotes."""
    told = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return escape(_clean(told, backslash=r"\\"), quote=False).replace("'", "&#39;")


def _clean(told: str, *, backslash: str) -> str:
    """Give a text with what UTF-8 cannot hold (lone surrogates) replaced, and those marks written
    out that turn the direction of writing, and with it what a name says."""
    if told.isascii():
        return told
    told = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", told)
    return _TURNING.sub(lambda mark: f"{backslash}u{ord(mark[0]):04x}", told)


def shown(value: Value, longest: int = 4000) -> str:
    """Give a parameter's value as people read it; a very long one is cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return "(empty)"
    return cut(f"{value:.10g}" if isinstance(value, float) else str(value), longest)


def cut(told: str, longest: int) -> str:
    """Give a text, and of a longer one the beginning."""
    return told if len(told) <= longest else f"{told[:longest]} …"


def link(path: str) -> str | None:
    """Give a relative link, percent-encoded; None if the path leaves the folder or is no path."""
    if not path or path.startswith("/") or {".", ".."} & {*path.split("/")}:
        return None
    try:
        return quote(path, errors="surrogateescape")
    except UnicodeEncodeError:
        return None


def duration(seconds: float) -> str:
    """Give a length of time: `8 ms`, `0.4 s`, `41 s`, `2 min 05 s`, `3 h 20 min`."""
    if seconds < 0.095:
        return f"{1000 * seconds:.0f} ms" if seconds >= 0.0005 else "< 1 ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def clock(seconds: float) -> str:
    """Give a clip's length as players show it: `0:05`, `12:30`, `1:02:03`."""
    minutes, left = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def moment(at: float) -> str:
    """Give a time (UTC seconds) as markup; the page's script turns it into local time."""
    when = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{when:%Y-%m-%dT%H:%M:%SZ}">{when:%Y-%m-%d %H:%M:%S} UTC</time>'
