"""Texts and drawings, read from the first byte to the last."""

import codecs
import re
from codecs import IncrementalDecoder
from collections.abc import Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from vqd.media.decoding import Undecodable

_PIECE_BYTES: Final = 1 << 20
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIXELS: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{1,9})?)\s*(?:px)?\s*")


def chars_in(file: BinaryIO) -> int:
    """Give how many characters a text has: UTF-8, or UTF-16 that begins with its mark.

    Raises:
        Undecodable: it is no text; it says from which byte on.
    """
    decoder = codecs.getincrementaldecoder(encoding_of(file.read(2)))()
    file.seek(0)
    count = 0
    for start, piece in _pieces(file):
        text = _decoded(decoder, piece, start)
        if (at := text.find("\0")) >= 0:
            raise Undecodable(f"it is no text: character {count + at} of it is NUL")
        count += len(text)
    return count


def encoding_of(start: bytes) -> str:
    """Give the encoding of a text that begins so: UTF-8, unless it has the mark of UTF-16."""
    return "utf-16" if start[:2] in _UTF16_MARKS else "utf-8-sig"


def drawing_size(file: BinaryIO) -> tuple[int | None, int | None]:
    """Give width and height that an SVG asks for, in pixels; None where it asks for none.

    Raises:
        Undecodable: it is no SVG, or not whole, or one that declares entities.
    """
    reader = _Drawing()
    file.seek(0)
    try:
        for _, piece in _pieces(file):
            reader.parser.Parse(piece, False)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Undecodable(f"it is no whole SVG: {error}") from error
    return reader.size


class _Drawing:
    """Reads the root of an SVG; all that it holds must be well-formed XML."""

    def __init__(self) -> None:
        self.size: tuple[int | None, int | None] = (None, None)
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._root
        self.parser.EntityDeclHandler = self._refuse

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        self.parser.StartElementHandler = None
        if name.rpartition(" ")[2] != "svg":
            raise Undecodable(f"it is no SVG: it begins with an element {name[:60]!r}")
        width, height = (_pixels(attributes.get(side, "")) for side in ("width", "height"))
        if width is None or height is None:
            box = attributes.get("viewBox", "").replace(",", " ").split()
            width, height = map(_pixels, box[2:]) if len(box) == 4 else (None, None)
        self.size = width, height

    def _refuse(self, *_: object) -> None:
        raise Undecodable("it declares entities, which no drawing needs")


def _pixels(text: str) -> int | None:
    match = _PIXELS.fullmatch(text)
    return round(float(match[1])) if match else None


def _pieces(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give a file piece by piece, each with its offset; at the end an empty one."""
    start, piece = 0, b"\n"
    while piece:
        piece = file.read(_PIECE_BYTES)
        yield start, piece
        start += len(piece)


def _decoded(decoder: IncrementalDecoder, piece: bytes, start: int) -> str:
    held = len(decoder.getstate()[0])
    try:
        return decoder.decode(piece, final=not piece)
    except UnicodeDecodeError as error:
        at = start - held + error.start
        raise Undecodable(f"it is no UTF-8 text from byte {at} on") from error
