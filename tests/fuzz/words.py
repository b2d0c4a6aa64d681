"""Single words that people write: amounts, times, names of files."""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tests.builders import NOW
from tests.fuzz.lines import text_of
from tests.fuzz.mutation import any_bytes, either
from tests.fuzz.surface import Check, Surface
from vqd.documents.durations import Duration
from vqd.documents.sizes import size_bytes, size_told
from vqd.documents.tags import Tags
from vqd.documents.tree import Text
from vqd.domain.graph import Value
from vqd.domain.names import folded, is_text, pattern, printable, readable, safe_name
from vqd.domain.param import Misfit, Param, is_relative
from vqd.intake.awaited import Expect
from vqd.intake.scheduling import JobNames, Moment
from vqd.settings.farm import ServerKeys, WindowKeys
from vqd.settings.reserving import ReserveKey
from vqd.spool.requests import hold_back, is_held_back, is_steering, request_named, requests_in

_TYPES: Sequence[TypeAdapter[object]] = tuple(
    map(TypeAdapter, (Duration, Moment, Tags, JobNames, Expect, ReserveKey, ServerKeys))
)
_PARAMS = (
    *(Param("p", kind) for kind in ("text", "bool", "int", "float", "size", "seed", "lora")),
    Param("p", "int", min=5, max=161, multiple_of=4, plus=1),
    Param("p", "float", min=0, max=1, round=0.01),
    Param("p", "size", multiple_of=16, presets={"wide": "832x480"}),
    Param("p", "choice", choices={"low": 0.6, "high": 1.4}),
)
_LONGEST_BYTES = 100


@contextmanager
def _words(_: Path) -> Iterator[Check]:
    windows = TypeAdapter(WindowKeys)

    def check(data: bytes) -> None:
        text = data.decode(errors="surrogateescape")
        for one in _TYPES:
            with suppress(ValidationError):
                one.validate_python(_placed(text))
        with suppress(ValidationError):
            hours = {"from": _placed(text), "to": _placed("06:00"), "days": [_placed("mon")]}
            windows.validate_python(hours).window.span(NOW)
        for param in _PARAMS:
            with suppress(Misfit):
                _used(param, param.read(text))
        size = size_bytes(text)
        if size is not None:
            assert size >= 0
            size_told(size)

    yield check


def _used(param: Param, value: Value) -> None:
    """Use a value as a prompt of an input of 640x480 would."""
    if is_relative(value) and param.type == "size":
        value = param.size_of(str(value), 640, 480)
    param.edits(value)


def _placed(text: str) -> Text:
    placed = Text(text)
    placed.line = placed.column = 1
    placed.plain = True
    return placed


@contextmanager
def _names(_: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        text = data.decode(errors="surrogateescape")
        name = safe_name(text)
        assert 0 < len(name.encode()) <= _LONGEST_BYTES
        assert safe_name(name) == name
        assert not set(name) & set('<>:"/\\|?*\0')
        assert printable(text).isprintable() or "\u200d" in text or _has_spaces(text)
        assert is_text(readable(text))
        folded(text)
        pattern(text).fullmatch(text)

    yield check


def _has_spaces(text: str) -> bool:
    return any(unicodedata.category(char) == "Zs" for char in text)


@contextmanager
def _steering(folder: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        name = data.replace(b"/", b"").replace(b"\0", b"")[:255]
        if name in (b"", b".", b".."):
            return
        path = folder / name.decode(errors="surrogateescape")
        path.touch()
        try:
            requests = requests_in(folder)
            assert (path.name in requests) == (request_named(path.name) is not None)
            is_held_back(folder)
            for asked, request in requests.items():
                assert is_steering(asked)
                for answer in (request.done(NOW), request.refused(asked * 3)):
                    assert is_steering(answer)
                    assert request_named(answer) is None
                    (folder / answer).touch()
            hold_back(folder, NOW)
        finally:
            for left in folder.iterdir():
                left.unlink()

    yield check


_AMOUNTS = """
30s 45m 12h 30d 2G 5% 64x64 2026-12-01T22:00+01:00 22:00 wide low -7 0.25 +1e-2 mon builtin
"""
_PHRASES = ("scale 1.5", "fit 64x64", "12 h", "2026-12-01 22:00 Z")
_SPOKEN = "CANCEL PRIORITY priority Retry.TXT PAUSE RESUME APPROVE CANCEL.done-120000 .txt 80 x"
_NAMED = "beach CON.txt .hidden cafe\u0301 a\u200db x<>y \u202etxt ÅÄÖ _ nul COM\u00b2 \u1100\u1161"


def _seeds(words: str, *phrases: str) -> list[bytes]:
    return [text.encode() for text in (*words.split(), *phrases)]


AMOUNTS = Surface(
    "amounts",
    _words,
    lambda: _seeds(_AMOUNTS, *_PHRASES),
    either(text_of(_AMOUNTS, *_PHRASES), any_bytes),
)
NAMES = Surface(
    "names",
    _names,
    lambda: _seeds(_NAMED, "beach clips", "trail. ."),
    either(text_of(_NAMED), any_bytes),
)
STEERING = Surface(
    "steering-files",
    _steering,
    lambda: _seeds(_SPOKEN, "PRIORITY 80", "priority 5.txt"),
    either(text_of(_SPOKEN), any_bytes),
)
