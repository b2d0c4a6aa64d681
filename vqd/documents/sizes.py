"""Sizes of files as people write and read them: 20k, 4G; 3.1 GB."""

import re

_UNITS_BYTES = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_TOLD_IN = ("bytes", "kB", "MB", "GB", "TB")
_SIZE = re.compile(r"(\d{1,12})\s*([kMGT]?)")


def size_bytes(text: str) -> int | None:
    """Give a size in bytes; None for a text that is none. `k` is 1,024 bytes."""
    match = _SIZE.fullmatch(text.strip())
    return None if match is None else int(match[1]) * _UNITS_BYTES[match[2]]


def size_told(size: float) -> str:
    """Give a size of so many bytes in words."""
    for unit in _TOLD_IN:
        if size < 999.5 or unit == _TOLD_IN[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == _TOLD_IN[0] else f"{size:.1f} {unit}"
