"""Nodes for plain values."""

import json
from collections.abc import Sequence
from typing import Any

from vqd.engine.nodes.signature import Context, NodeClass, Shown

_FAR = 2**63 - 1


def _same(_: Context, value: Any) -> Sequence[Any]:
    return (value,)


def _join(_: Context, string_a: str, string_b: str, delimiter: str) -> Sequence[str]:
    return (delimiter.join([string_a, string_b]),)


def _preview(_: Context, source: Any = None) -> Shown:
    return Shown({"text": [_text(source)]})


def _text(value: Any) -> str:
    if isinstance(value, str | int | float) or value is None:
        return str(value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return str(value)


def _primitive(name: str, kind: str, shown: str, facts: dict[str, Any]) -> NodeClass:
    return NodeClass(
        name,
        "utils/primitive",
        {"value": (kind, facts)},
        (kind,),
        _same,
        is_newer=True,
        display_name=shown,
    )


PLAIN: tuple[NodeClass, ...] = (
    _primitive(
        "PrimitiveInt",
        "INT",
        "Int",
        {"min": -_FAR, "max": _FAR, "control_after_generate": True},
    ),
    _primitive("PrimitiveFloat", "FLOAT", "Float", {"min": -_FAR, "max": _FAR}),
    _primitive("PrimitiveString", "STRING", "String", {"multiline": False}),
    _primitive("PrimitiveStringMultiline", "STRING", "String (Multiline)", {"multiline": True}),
    _primitive("PrimitiveBoolean", "BOOLEAN", "Boolean", {}),
    NodeClass(
        "StringConcatenate",
        "utils/string",
        {
            "string_a": ("STRING", {"multiline": True}),
            "string_b": ("STRING", {"multiline": True}),
            "delimiter": ("STRING", {"default": "", "multiline": False}),
        },
        ("STRING",),
        _join,
        is_newer=True,
        display_name="Concatenate",
    ),
    NodeClass(
        "PreviewAny",
        "utils",
        {"source": ("*", {})},
        (),
        _preview,
        is_output=True,
        display_name="Preview Any",
    ),
)
