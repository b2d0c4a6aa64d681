"""The keys of an output's `accept`: what it must be to be published."""

import re
from collections.abc import Collection
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from vqd.definitions import forms
from vqd.documents.durations import Duration
from vqd.documents.json_schema import size_in_bytes
from vqd.documents.schema import Keys, fault, shown_kind
from vqd.documents.sizes import size_bytes
from vqd.documents.tree import Text
from vqd.domain.accept import Accept
from vqd.domain.nearest import nearest
from vqd.domain.param import Misfit

_COUNT = re.compile(r"(\d{1,6})(?:\s*-\s*(\d{1,6}))?")
_SIDES = re.compile(r"([1-9]\d{0,5})\s*[xX]\s*([1-9]\d{0,5})")


def _bytes(given: Any) -> int:
    size = size_bytes(given) if isinstance(given, Text) else None
    if size is None:
        allowed = "a number, or one with k, M, G or T: 20k"
        raise fault("wrong_type", f"{shown_kind(given)} is not a size in bytes.", allowed=allowed)
    return size


def _count(given: Any) -> tuple[int, int]:
    match = _COUNT.fullmatch(given.strip()) if isinstance(given, Text) else None
    least = int(match[1]) if match else 0
    most = int(match[2] or least) if match else 0
    if not 1 <= least <= most:
        allowed = "how many files a prompt makes, 1 or more: 4, or 2-16"
        raise fault("wrong_type", f"{shown_kind(given)} is not a count.", allowed=allowed)
    return least, most


def _size(given: Any) -> str:
    if not isinstance(given, Text):
        raise fault("wrong_type", f"{shown_kind(given)} is not a size.", allowed=_SIZE)
    sides = _SIDES.fullmatch(given.strip())
    return f"{int(sides[1])}x{int(sides[2])}" if sides else str(given).strip()


_SIZE = "WIDTHxHEIGHT in pixels, or the name of a parameter that is a size"
Bytes = Annotated[int, BeforeValidator(_bytes), WithJsonSchema(size_in_bytes())]
Count = Annotated[tuple[int, int], BeforeValidator(_count), WithJsonSchema(forms.COUNT)]
Size = Annotated[str, BeforeValidator(_size), WithJsonSchema(forms.SCALAR)]


class AcceptKeys(Keys):
    """What an output must be to be published."""

    count: Count | None = Field(
        default=None, description="How many files of it each prompt makes: 1, or 2-16."
    )
    min_frames: int | None = Field(default=None, ge=1, description="The fewest frames of a clip.")
    max_frames: int | None = Field(default=None, ge=1, description="The most frames of a clip.")
    min_bytes: Bytes | None = Field(default=None, description="The least size of its file.")
    size: Size | None = Field(
        default=None,
        description="Its pixels: WIDTHxHEIGHT, or the parameter that holds them.",
        examples=["1024x1024", "size"],
    )
    max_black: float | None = Field(
        default=None, ge=0, le=1, description="The most of it that may be black, 0 to 1."
    )
    min_seconds: float | None = Field(
        default=None,
        gt=0,
        description="The least time that a server takes for it, if it has nothing of it cached.",
    )
    min_duration: Duration | None = Field(
        default=None, description="The least length of a clip or sound: 2.5s."
    )
    max_duration: Duration | None = Field(
        default=None, description="The greatest length of a clip or sound: 1m."
    )
    min_chars: int | None = Field(
        default=None, ge=1, description="The fewest characters of a text."
    )
    max_chars: int | None = Field(default=None, ge=1, description="The most characters of a text.")

    @model_validator(mode="after")
    def _leaves_something(self) -> "AcceptKeys":
        for name in ("frames", "duration", "chars"):
            least, most = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if least is not None and most is not None and least > most:
                raise fault("wrong_value", f"min_{name} {least} is above max_{name} {most}.")
        return self


def accept_of(given: AcceptKeys, sizes: Collection[str]) -> Accept:
    """Give what is asked of an output; `sizes` are the names of the parameters that are sizes.

    Raises:
        Misfit: `size` is neither pixels nor one of these.
    """
    size = given.size
    if size is not None and size not in sizes and not _SIDES.fullmatch(size):
        raise Misfit("wrong_value", f"{size[:60]!r} is no size.", _SIZE, nearest(size, sizes))
    least, most = given.count or (1, None)
    return Accept(
        min_count=least,
        max_count=most,
        min_frames=given.min_frames,
        max_frames=given.max_frames,
        min_bytes=given.min_bytes,
        size=size,
        max_black=given.max_black,
        min_seconds=given.min_seconds,
        min_duration_s=given.min_duration,
        max_duration_s=given.max_duration,
        min_chars=given.min_chars,
        max_chars=given.max_chars,
    )
