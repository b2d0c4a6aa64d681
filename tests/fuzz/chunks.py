"""Pictures, clips and sounds changed chunk by chunk."""

import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.fuzz.mutation import NUMBERS, any_bytes


def chunks(chance: Random, data: bytes) -> bytes:
    """Change a picture, clip or sound chunk by chunk: lengths, kinds, contents, order."""
    split = _SPLITS.get(data[:4]) or (_boxes if data[4:8] == b"ftyp" else None)
    if split is None or chance.random() < 0.2:
        return any_bytes(chance, data)
    parts = split(data)
    at = chance.randrange(len(parts))
    match chance.randrange(6):
        case 0:
            del parts[at]
        case 1:
            parts.insert(chance.randrange(len(parts)), parts[at])
        case 2:
            parts[at:at] = [parts[at]] * chance.choice((2, 20, 200))
        case 3:
            parts.insert(chance.randrange(len(parts) + 1), parts.pop(at))
        case 4:
            parts[at] = _resized(chance, parts[at])
        case _:
            parts[at] = _summed(any_bytes(chance, parts[at]), is_png=data[:4] == _PNG[:4])
    return b"".join(parts)


_PNG = b"\x89PNG\r\n\x1a\n"


def _png(data: bytes) -> list[bytes]:
    return [data[:8], *_cut(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big"))]


def _riff(data: bytes) -> list[bytes]:
    def length(at: int) -> int:
        content = int.from_bytes(data[at + 4 : at + 8], "little")
        return 8 + content + content % 2

    return [data[:12], *_cut(data, 12, length)]


def _boxes(data: bytes) -> list[bytes]:
    """Part boxes, and the heads of those on the way to the texts from what they hold."""

    def length(at: int) -> int:
        if data[at + 4 : at + 8] in (b"moov", b"udta"):
            return 8
        return int.from_bytes(data[at : at + 4], "big")

    return _cut(data, 0, length)


def _elements(data: bytes) -> list[bytes]:
    """Part EBML's elements, and the heads of segment, tags and tag from what they hold."""

    def length(at: int) -> int:
        width = 9 - data[at].bit_length()
        size_at = at + width
        if size_at >= len(data) or not data[size_at]:
            return len(data)
        size_width = 9 - data[size_at].bit_length()
        mask = (1 << 7 * size_width) - 1
        content = int.from_bytes(data[size_at : size_at + size_width], "big") & mask
        is_opened = data[at:size_at] in (b"\x18\x53\x80\x67", b"\x12\x54\xc3\x67", b"\x73\x73")
        return width + size_width + (0 if is_opened else content)

    return _cut(data, 0, length)


def _blocks(data: bytes) -> list[bytes]:
    return [data[:4], *_cut(data, 4, lambda at: 4 + int.from_bytes(data[at + 1 : at + 4], "big"))]


_SPLITS: dict[bytes, Callable[[bytes], list[bytes]]] = {
    b"\x89PNG": _png,
    b"RIFF": _riff,
    b"\x1a\x45\xdf\xa3": _elements,
    b"fLaC": _blocks,
}


def _cut(data: bytes, start: int, length: Callable[[int], int]) -> list[bytes]:
    parts = []
    while start < len(data):
        end = start + max(1, length(start))
        parts.append(data[start:end])
        start = end
    return parts or [b""]


def _resized(chance: Random, part: bytes) -> bytes:
    """Let a part say of itself that it is longer or shorter than it is."""
    number = chance.choice((*NUMBERS, len(part) - 1, len(part) + 1, len(part) + 4096))
    order = chance.choice((">I", "<I"))
    at = chance.choice((0, 0, 4))
    return part[:at] + struct.pack(order, number & 0xFFFF_FFFF) + part[at + 4 :]


def _summed(part: bytes, *, is_png: bool) -> bytes:
    """Give a chunk of a PNG the checksum that it has now."""
    if not is_png or len(part) < 12:
        return part
    content = part[4:-4]
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
