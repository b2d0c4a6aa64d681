"""From values to YAML that a person reads, and that reads back as what it was."""

from collections.abc import Mapping
from typing import Any

import yaml

_LINE_BREAK = "\x85"
"""YAML 1.1 takes it for one and PyYAML writes it plainly: read back, it would be a space."""


def written(told: Mapping[str, Any]) -> bytes:
    """Give a mapping of plain values as YAML, in UTF-8.

    Raises:
        RecursionError: it is nested too deep.
    """
    text = _dumped(told, readable=True)
    return (text if _LINE_BREAK not in text else _dumped(told, readable=False)).encode()


def _dumped(told: Mapping[str, Any], *, readable: bool) -> str:
    return yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=readable, width=100)
