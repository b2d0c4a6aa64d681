"""Sizes of files as people write and read them: 20k, 4G; 3.1 GB."""

import re

SIZE = r"\d{1,12}\s*([kKMGT](i?B)?|B)?"
"""The form of a size, which an editor is told too."""

_PARTS = re.compile(r"(?P<number>\d+)\s*(?P<prefix>[kKMGT]?)(?P<unit>.*)")
_PREFIXES = ("", "K", "M", "G", "T")
_TOLD_IN = ("bytes", "kB", "MB", "GB", "TB")


def size_bytes(text: str) -> int | None:
    """Give a size in bytes; None for a text that is none.

    `k` and `KiB` are 1,024 bytes, `kB` is 1,000, as in GNU's tools (info coreutils, "Block size").
    """
    size = text.strip()
    parts = _PARTS.fullmatch(size) if re.fullmatch(SIZE, size) else None
    if parts is None:
        return None
    step = 1000 if parts["unit"] == "B" else 1024
    in_bytes: int = step ** _PREFIXES.index(parts["prefix"].upper())
    return int(parts["number"]) * in_bytes


def size_told(size: float) -> str:
    """Give a size of so many bytes in words."""
    for unit in _TOLD_IN:
        if size < 999.5 or unit == _TOLD_IN[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == _TOLD_IN[0] else f"{size:.1f} {unit}"
