"""What a file looks like from its bytes alone: its format, whether its end is there, what it is."""

import errno
import os
from typing import BinaryIO, Final, NamedTuple

_TAIL_BYTES: Final = 65_536
_BLOCK_BYTES: Final = 1 << 20


class PictureFormat(NamedTuple):
    """A format that Pillow reads: its name there, its module, the extensions that it goes by, the
    usual one first, and the bytes it ends with."""

    name: str
    plugin: str
    extensions: tuple[str, ...]
    end: bytes = b""


_PNG = PictureFormat("PNG", "PngImagePlugin", (".png", ".apng"), b"IEND\xaeB`\x82")
_JPEG = PictureFormat("JPEG", "JpegImagePlugin", (".jpg", ".jpeg", ".jfif"), b"\xff\xd9")
_GIF = PictureFormat("GIF", "GifImagePlugin", (".gif",), b"\x00;")
_WEBP = PictureFormat("WEBP", "WebPImagePlugin", (".webp",))
_AVIF = PictureFormat("AVIF", "AvifImagePlugin", (".avif",))
_TIFF = PictureFormat("TIFF", "TiffImagePlugin", (".tif", ".tiff"))
_BMP = PictureFormat("BMP", "BmpImagePlugin", (".bmp",))

_BEGINNINGS: Final = (
    (0, b"\x89PNG\r\n\x1a\n", _PNG),
    (0, b"\xff\xd8\xff", _JPEG),
    (0, b"GIF8", _GIF),
    (8, b"WEBP", _WEBP),
    (4, b"ftypavif", _AVIF),
    (4, b"ftypavis", _AVIF),
    (0, b"II*\x00", _TIFF),
    (0, b"MM\x00*", _TIFF),
    (0, b"BM", _BMP),
)


A_PAGE: Final = "it begins like an HTML page"
_LIKE: Final = (
    ((b"<!doctype html", b"<html", b"<head", b"<body"), A_PAGE),
    ((b"<?xml", b"<svg"), "it begins like a drawing (SVG)"),
    ((b"gltf",), "it begins like a 3D model (GLB)"),
)


def picture_format(file: BinaryIO) -> PictureFormat | None:
    """Give the picture format that `file` begins like, whatever its name."""
    head = _head(file)
    for offset, beginning, made_as in _BEGINNINGS:
        if head.startswith(beginning, offset):
            return made_as
    return None


def clip_format(file: BinaryIO) -> str | None:
    """Give the container that `file` begins like, of those that tell their own size."""
    head = _head(file)
    if head.startswith(b"RIFF"):
        return "RIFF"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "Matroska"
    return "MP4" if head[4:8] == b"ftyp" else None


def cut_off(file: BinaryIO, made_as: PictureFormat | None) -> str | None:
    """Say what of `file` is missing by its own account, or None where it gives none."""
    size_bytes = _size(file)
    promised = _promised_bytes(file, size_bytes)
    if promised is not None and promised > size_bytes:
        return f"{size_bytes} of {promised} bytes are there"
    if made_as is not None and made_as.end not in _tail(file, size_bytes):
        return f"the end of the {made_as.name} is missing"
    if (written := _written_bytes(file)) + _BLOCK_BYTES < size_bytes:
        return f"nothing was written after byte {written}"
    if made_as in (_JPEG, _WEBP) and (hole := _first_hole(file)) < size_bytes:
        return f"nothing was written at byte {hole}"
    return None


def likeness(file: BinaryIO) -> str | None:
    """Say what `file`, which is no known medium, is instead, if that can be told."""
    if (nothing := emptiness(file)) is not None:
        return nothing
    text = _head(file).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((said for beginnings, said in _LIKE if text.startswith(beginnings)), None)


def emptiness(file: BinaryIO) -> str | None:
    """Say why there is nothing in `file`; None if there is something."""
    head = _head(file)
    if not head:
        return "it is empty"
    return "it holds only zero bytes" if not head.strip(b"\0") and _only_zeros(file) else None


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    return head


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _tail(file: BinaryIO, size_bytes: int) -> bytes:
    file.seek(max(0, size_bytes - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    file.seek(0)
    return tail


def _first_hole(file: BinaryIO) -> int:
    """Give where a sparse file's first hole begins, or its size: an aborted copy may leave one.

    Decoders of JPEG and WebP take the zeros for pixels.
    """
    descriptor = file.fileno()
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
    os.lseek(descriptor, position, os.SEEK_SET)
    return hole


def _written_bytes(file: BinaryIO) -> int:
    """Give where the hole at the end of a sparse file begins, or its size if there is none.

    A copy gives a file its full size before the data: what is aborted ends with a hole.
    """
    descriptor, end = file.fileno(), 0
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        while True:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno != errno.ENXIO:  # there is no more data (lseek(2))
            return _size(file)
    finally:
        os.lseek(descriptor, position, os.SEEK_SET)
    return end


def _only_zeros(file: BinaryIO) -> bool:
    file.seek(0)
    left = _written_bytes(file)
    while left > 0 and (block := file.read(_BLOCK_BYTES)):
        if block.count(0) != len(block):
            return False
        left -= len(block)
    return True


def _promised_bytes(file: BinaryIO, size_bytes: int) -> int | None:
    match clip_format(file):
        case "RIFF":
            return _riff_bytes(_head(file))
        case "Matroska":
            return _matroska_bytes(_head(file), file)
        case "MP4":
            return _boxes_bytes(file, size_bytes)
    return None


def _riff_bytes(head: bytes) -> int | None:
    """Size of the RIFF chunk. Some writers count its 8-byte header in, so it is never added."""
    declared = int.from_bytes(head[4:8], "little")
    return None if declared == 0xFFFF_FFFF else declared


def _matroska_bytes(head: bytes, file: BinaryIO) -> int | None:
    """End of the segment (RFC 8794): an EBML header, then id 18538067, size, content."""
    header, width = _ebml_size(head[4:12])
    if header is None:
        return None
    start = 4 + width + header
    file.seek(start)
    segment = file.read(12)
    file.seek(0)
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


def _boxes_bytes(file: BinaryIO, size_bytes: int) -> int:
    """End of the last top-level box (ISO/IEC 14496-12, 4.2): size, type, perhaps a long size."""
    end = 0
    while end < size_bytes:
        file.seek(end)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8 or not header[4:8].isascii():
            break
        end += length
    file.seek(0)
    return end
