"""What a file looks like from its bytes alone: its format, whether its end is there, what it is."""

import errno
import os
from typing import BinaryIO, Final, NamedTuple

from vqd.media.lengths import promised_bytes

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


def cut_off(file: BinaryIO, made_as: PictureFormat | None) -> str | None:
    """Say what of `file` is missing by its own account, or None where it gives none."""
    size_bytes = _size(file)
    promised = promised_bytes(file)
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
