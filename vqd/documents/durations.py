"""Durations as people write them: 30s, 45m, 12h, 30d."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import text_like
from vqd.documents.schema import fault, shown_kind

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhd])")


def _duration_s(given: Any) -> float:
    match = _DURATION.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        allowed = "a number and s, m, h or d: 30s, 45m, 12h, 30d"
        raise fault("wrong_type", f"{shown_kind(given)} is not a duration.", allowed=allowed)
    if not float(match[1]):
        hint = "Leave the key out where there is to be no such time."
        raise fault("out_of_range", f"{given} is no time at all.", allowed="more than 0", hint=hint)
    return float(match[1]) * _UNITS_S[match[2]]


Duration = Annotated[
    float,
    BeforeValidator(_duration_s),
    WithJsonSchema(
        text_like(
            r"^\s*(?=.*[1-9])\d{1,9}(\.\d{1,9})?\s*[smhd]\s*$",
            "a duration: 30s, 45m, 12h or 30d",
            examples=["30s", "45m", "12h", "30d"],
        )
    ),
]
"""A duration in seconds, more than 0."""
