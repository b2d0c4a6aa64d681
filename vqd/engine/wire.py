"""JSON as it goes over the wire."""

import json
from typing import Any

import orjson


def encoded(value: Any) -> bytes:
    """Give a value as JSON.

    Clients may have sent what orjson refuses: integers beyond 64 bits, lone surrogates, deep
    nesting. Python's own encoder takes those.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value).encode()
