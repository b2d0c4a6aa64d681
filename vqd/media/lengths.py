"""How long clips and sounds are by their own account."""

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

_HEAD_BYTES: Final = 12
_BEGINNINGS: Final = (
    (b"RIFF", "RIFF"),
    (b"\x1a\x45\xdf\xa3", "Matroska"),
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"\xff\xf2", "MP3"),
)
_XING_WITHIN_BYTES: Final = 256
_XING_HAS_FRAMES: Final = 1
_XING_HAS_BYTES: Final = 2
_OGG_PAGE_BYTES: Final = 27 + 255 + 255 * 255


def clip_format(file: BinaryIO) -> str | None:
    """Give the container that `file` begins like, of those that a beginning tells."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if head[4:8] == b"ftyp":
        return "MP4"
    return next((name for beginning, name in _BEGINNINGS if head.startswith(beginning)), None)


def promised_bytes(file: BinaryIO) -> int | None:
    """Give how long `file` is by its own account; None where it gives none."""
    length = _LENGTHS.get(clip_format(file) or "")
    promised = length(file) if length else None
    file.seek(0)
    return promised


def _riff_bytes(file: BinaryIO) -> int | None:
    """Size of the RIFF chunk. Some writers count its 8-byte header in, so it is never added."""
    declared = int.from_bytes(file.read(8)[4:], "little")
    return None if declared == 0xFFFF_FFFF else declared


def _matroska_bytes(file: BinaryIO) -> int | None:
    """End of the segment (RFC 8794): an EBML header, then id 18538067, size, content."""
    header, width = _ebml_size(file.read(12)[4:])
    if header is None:
        return None
    start = 4 + width + header
    file.seek(start)
    segment = file.read(12)
    if not segment.startswith(b"\x18\x53\x80\x67"):
        return None
    content, width = _ebml_size(segment[4:])
    return None if content is None else start + 4 + width + content


def _ebml_size(data: bytes) -> tuple[int | None, int]:
    """Give a variable-length size and its own width in bytes; None for the size 'unknown'."""
    if not data or not data[0]:
        return None, 0
    width = 9 - data[0].bit_length()
    mask = (1 << 7 * width) - 1
    declared = int.from_bytes(data[:width], "big") & mask
    return (None if declared == mask else declared), width


def _boxes_bytes(file: BinaryIO) -> int:
    """End of the last top-level box (ISO/IEC 14496-12, 4.2): size, type, perhaps a long size."""
    end, size_bytes = 0, _size(file)
    while end < size_bytes:
        file.seek(end)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8 or not header[4:8].isascii():
            break
        end += length
    return end


def _mp3_bytes(file: BinaryIO) -> int | None:
    """End of the frames that the first of them counts, if it does: encoders write a Xing header
    there, which LAME and FFmpeg call Info where the bit rate is constant."""
    start = _id3_bytes(file.read(10))
    file.seek(start)
    frame = file.read(_XING_WITHIN_BYTES)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if at < 0 or not flags & _XING_HAS_BYTES:
        return None
    field = at + 8 + (4 if flags & _XING_HAS_FRAMES else 0)
    return start + int.from_bytes(frame[field : field + 4], "big")


def _id3_bytes(head: bytes) -> int:
    """Length of the tag before the frames (ID3v2.4, 3.1): seven bits a byte, without its header."""
    if not head.startswith(b"ID3"):
        return 0
    return 10 + sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:10])))


def _ogg_bytes(file: BinaryIO) -> int | None:
    """End of the last page that begins (RFC 3533, 6): its segments' lengths follow its header."""
    start = max(0, _size(file) - _OGG_PAGE_BYTES)
    file.seek(start)
    tail = file.read(_OGG_PAGE_BYTES)
    at = tail.rfind(b"OggS")
    if at < 0:
        return None
    segments = tail[at + 26 : at + 27]
    lengths = tail[at + 27 : at + 27 + int.from_bytes(segments, "big")]
    return start + at + 27 + len(lengths) + sum(lengths)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


_LENGTHS: Final[Mapping[str, Callable[[BinaryIO], int | None]]] = {
    "RIFF": _riff_bytes,
    "Matroska": _matroska_bytes,
    "MP4": _boxes_bytes,
    "MP3": _mp3_bytes,
    "Ogg": _ogg_bytes,
}
