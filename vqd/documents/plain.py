"""A document as plain values: what has no quotes may be a number, a truth or nothing."""

import re
from typing import Any

from vqd.documents.tree import Mapping, Node, Text

_WORDS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}([eE][-+]?[0-9]{1,3})?")


def plain(node: Node) -> Any:
    """Give what stands there, as `writer.written` wrote it (YAML 1.2, 10.3.2)."""
    if isinstance(node, Mapping):
        return {str(key): plain(below) for key, below in node.items()}
    if isinstance(node, Text):
        return _scalar(node) if node.plain else str(node)
    return [plain(below) for below in node]


def _scalar(text: Text) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else str(text)
