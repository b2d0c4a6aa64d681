"""The texts that pictures, clips and sounds carry beside what they show, by name.

Only headers are read, and of what they announce no more than a bound: a file may say anything of
itself. What cannot be followed ends the reading. Names are in lower case.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO, Final

MOST_TEXT_BYTES: Final = 4 << 20
"""Longer texts are passed over, also those that are longer only when they are unpacked."""
_MOST_TEXTS: Final = 32
_MOST_PARTS: Final = 10_000

Texts = Iterator[tuple[str, bytes]]
"""Name and text, each as the file has it."""


def texts_in(file: BinaryIO) -> Texts:
    """Give the first texts of a PNG, WebP, MP4, Matroska or FLAC file; none of any other.

    A text that was passed over is an empty one here.
    """
    file.seek(0)
    head = file.read(12)
    for beginning, offset, read in _FORMATS:
        if head.startswith(beginning, offset):
            yield from islice(read(file), _MOST_TEXTS)


def _png(file: BinaryIO) -> Texts:
    """Source: PNG (third edition), 11.3.3; `comf` is ComfyUI's own, of animated pictures."""
    file.seek(8)
    for _ in range(_MOST_PARTS):
        header = file.read(8)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        if kind == b"IEND":
            return
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"comf") and length <= MOST_TEXT_BYTES:
            yield from _png_text(kind, file.read(length))
            file.seek(4, os.SEEK_CUR)
        else:
            file.seek(length + 4, os.SEEK_CUR)


def _png_text(kind: bytes, content: bytes) -> Texts:
    name, _, rest = content.partition(b"\0")
    text = rest
    if kind == b"zTXt":
        text = _unpacked(rest[1:])
    elif kind == b"iTXt":
        text = rest[2:].split(b"\0", 2)[-1]
        text = _unpacked(text) if rest[:1] == b"\1" else text
    yield _name(name), text


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, MOST_TEXT_BYTES)
    except zlib.error:
        return b""
    return b"" if unpacking.unconsumed_tail else text


def _webp(file: BinaryIO) -> Texts:
    file.seek(12)
    for _ in range(_MOST_PARTS):
        header = file.read(8)
        if len(header) < 8:
            return
        kind, length = struct.unpack("<4sI", header)
        if kind == b"EXIF" and length <= MOST_TEXT_BYTES:
            yield from _exif(file.read(length))
            return
        file.seek(length + length % 2, os.SEEK_CUR)


def _exif(content: bytes) -> Texts:
    """Give the texts `NAME:TEXT` of the first directory (TIFF 6.0, section 2): ComfyUI's way."""
    tiff = content.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    entries = tiff[start + 2 : start + 2 + 12 * count]
    for _, form, length, value in struct.iter_unpack(
        f"{order}HHII", entries[: len(entries) // 12 * 12]
    ):
        if form == _TIFF_TEXT and 4 < length <= MOST_TEXT_BYTES:
            name, _, text = tiff[value : value + length].rstrip(b"\0").partition(b":")
            yield _name(name), text


def _mp4(file: BinaryIO) -> Texts:
    """Source: ISO/IEC 14496-12; QuickTime File Format, "Metadata"."""
    file.seek(0, os.SEEK_END)
    end = file.tell()
    for start, stop in _boxes_on_the_way(file, 0, end, (b"moov", b"udta", b"meta")):
        yield from _mp4_texts(file, start, stop)
    for start, stop in _boxes_on_the_way(file, 0, end, (b"moov", b"meta")):
        yield from _mp4_texts(file, start, stop)


def _mp4_texts(file: BinaryIO, start: int, end: int) -> Texts:
    first = start if _looks_like_a_box(file, start) else start + 4
    parts = {kind: (at, stop) for kind, at, stop in _boxes(file, first, end)}
    names = dict(enumerate(_mp4_names(_at(file, *parts.get(b"keys", (0, 0)))), 1))
    for item, inner, last in _boxes(file, *parts.get(b"ilst", (0, 0))):
        name = names.get(int.from_bytes(item, "big"))
        if name is not None:
            data = _at(file, inner, last)
            yield _name(name), data[16:] if data[4:8] == b"data" else b""


def _mp4_names(content: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if length < 8:
            return
        yield content[at + 8 : at + length]
        at += length


def _looks_like_a_box(file: BinaryIO, start: int) -> bool:
    """Tell a QuickTime `meta`, which is a plain box, from an ISO one, which has a version first."""
    return _at(file, start + 4, start + 8) == b"hdlr"


def _boxes_on_the_way(
    file: BinaryIO, start: int, end: int, way: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    if not way:
        yield start, end
        return
    for kind, at, stop in _boxes(file, start, end):
        if kind == way[0]:
            yield from _boxes_on_the_way(file, at, stop, way[1:])
            return


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give type, begin and end of the content of each box."""
    for _ in range(_MOST_PARTS):
        header = _at(file, start, min(end, start + 16))
        if len(header) < 8:
            return
        length, inner = int.from_bytes(header[:4], "big"), start + 8
        if length == 1:
            length, inner = int.from_bytes(header[8:16], "big"), start + 16
        elif length == 0:
            length = end - start
        if length < inner - start or start + length > end:
            return
        yield header[4:8], inner, start + length
        start += length


def _matroska(file: BinaryIO) -> Texts:
    """Source: RFC 9559, section 5.1.8; the tags stand before the clusters."""
    file.seek(0, os.SEEK_END)
    end = file.tell()
    for element, at, stop in _elements(file, 0, end):
        if element == _SEGMENT:
            for inner, first, last in _elements(file, at, stop):
                if inner == _CLUSTER:
                    return
                if inner == _TAGS:
                    yield from _tags(file, first, last)
                    return


def _tags(file: BinaryIO, start: int, end: int) -> Texts:
    for tag, first, last in _elements(file, start, end):
        for element, at, stop in _elements(file, first, last) if tag == _TAG else ():
            if element == _SIMPLE_TAG:
                parts = {part: place for part, *place in _elements(file, at, stop)}
                name = _at(file, *parts.get(_TAG_NAME, (0, 0)))
                text = _at(file, *parts.get(_TAG_STRING, (0, 0)))
                yield _name(name), text.rstrip(b"\0")


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give id, begin and end of the content of each element (RFC 8794)."""
    for _ in range(_MOST_PARTS):
        head = _at(file, start, min(end, start + 12))
        width = 9 - head[0].bit_length() if head else 9
        size_width = 9 - head[width].bit_length() if width < len(head) else 9
        if width > 4 or size_width > 8:
            return
        mask = (1 << 7 * size_width) - 1
        length = int.from_bytes(head[width : width + size_width], "big") & mask
        inner = start + width + size_width
        stop = end if length == mask else inner + length
        if stop > end:
            return
        yield int.from_bytes(head[:width], "big"), inner, stop
        start = stop


def _flac(file: BinaryIO) -> Texts:
    """Source: RFC 9639, section 8; the texts are a Vorbis comment."""
    file.seek(4)
    for _ in range(_MOST_PARTS):
        header = file.read(4)
        if len(header) < 4:
            return
        length = int.from_bytes(header[1:], "big")
        if header[0] & 0x7F == _VORBIS_COMMENT and length <= MOST_TEXT_BYTES:
            yield from _vorbis_comment(file.read(length))
            return
        if header[0] & 0x80:
            return
        file.seek(length, os.SEEK_CUR)


def _vorbis_comment(content: bytes) -> Texts:
    at = 4 + int.from_bytes(content[:4], "little") + 4
    while 0 < (length := int.from_bytes(content[at : at + 4], "little")) <= len(content) - at - 4:
        name, _, text = content[at + 4 : at + 4 + length].partition(b"=")
        yield _name(name), text
        at += 4 + length


def _at(file: BinaryIO, start: int, end: int) -> bytes:
    if not start < end <= start + MOST_TEXT_BYTES:
        return b""
    file.seek(start)
    return file.read(end - start)


def _name(name: bytes) -> str:
    return name.decode("latin-1").lower()


_TIFF_TEXT: Final = 2
_VORBIS_COMMENT: Final = 4
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_TAGS: Final = 0x1254C367
_TAG: Final = 0x7373
_SIMPLE_TAG: Final = 0x67C8
_TAG_NAME: Final = 0x45A3
_TAG_STRING: Final = 0x4487
_FORMATS: Final[tuple[tuple[bytes, int, Callable[[BinaryIO], Texts]], ...]] = (
    (b"\x89PNG\r\n\x1a\n", 0, _png),
    (b"WEBP", 8, _webp),
    (b"ftyp", 4, _mp4),
    (b"\x1a\x45\xdf\xa3", 0, _matroska),
    (b"fLaC", 0, _flac),
)
