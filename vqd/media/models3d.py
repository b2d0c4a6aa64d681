"""3D models: as far as a format says how long it is and what it holds, all of that is there."""

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from vqd.media.decoding import Undecodable
from vqd.media.texts import chars_in

_MOST_READ_BYTES: Final = 64 << 20
_TAIL_BYTES: Final = 1 << 16
_TRIANGLE_BYTES: Final = 50
_STL_HEAD_BYTES: Final = 84
_VERTEX: Final = re.compile(rb"^v\s", re.MULTILINE)
_ELEMENT: Final = re.compile(rb"^element\s+\S+\s+(\d{1,12})\s*$", re.MULTILINE)
_BEGINNINGS: Final = ((b"glTF", ".glb"), (b"ply", ".ply"), (b"Kaydara FBX Binary", ".fbx"))


def model_extension(file: BinaryIO, named: str) -> str:
    """Give the extension of a 3D model's format: by its bytes, where they tell, else as `named`.

    Raises:
        Undecodable: it is none, or not whole by its own account.
    """
    head = file.read(32)
    told = next((one for beginning, one in _BEGINNINGS if head.startswith(beginning)), named)
    file.seek(0)
    if told in _CHECKS:
        _CHECKS[told](file)
    return told


def _glb(file: BinaryIO) -> None:
    """Source: glTF 2.0, 4.4: magic, version, length of all; chunks of length, type, content."""
    size_bytes = _size(file)
    head = file.read(12)
    _require(head[:4] == b"glTF" and len(head) == 12, "it is no GLB")
    promised = int.from_bytes(head[8:12], "little")
    _require(promised == size_bytes, f"it is cut off: {size_bytes} of {promised} bytes are there")
    end = 12
    while end < size_bytes:
        file.seek(end)
        chunk = file.read(8)
        end += 8 + int.from_bytes(chunk[:4], "little")
    _require(end == size_bytes and size_bytes > 12, "it is damaged: its chunks do not fill it")


def _gltf(file: BinaryIO) -> None:
    try:
        told = json.loads(file.read(_MOST_READ_BYTES))
    except (ValueError, RecursionError) as error:
        raise Undecodable("it is no whole glTF: it cannot be read as JSON") from error
    _require(isinstance(told, dict) and "asset" in told, "it is no glTF: it has no `asset`")


def _ply(file: BinaryIO) -> None:
    """Each vertex and face takes a byte at least, and in a text a line."""
    head = file.read(_TAIL_BYTES)
    header, end, _ = head.partition(b"end_header")
    _require(head.startswith(b"ply") and bool(end), "it is no PLY, or its header is cut off")
    wanted = sum(int(match[1]) for match in _ELEMENT.finditer(header))
    file.seek(len(header) + len(end))
    if b"format ascii" in header:
        there = sum(1 for line in file if line.strip())
        _require(there >= wanted, f"it is cut off: {there} of {wanted} lines are there")
    else:
        there = _size(file) - file.tell()
        _require(there >= wanted, f"it is cut off: {there} bytes of {wanted} elements are there")


def _stl(file: BinaryIO) -> None:
    head = file.read(_STL_HEAD_BYTES)
    size_bytes = _size(file)
    promised = _STL_HEAD_BYTES + _TRIANGLE_BYTES * int.from_bytes(head[80:], "little")
    if promised == size_bytes:
        return
    is_text = head.lstrip().startswith(b"solid") and b"endsolid" in _tail(file, size_bytes)
    _require(is_text, f"it is no whole STL: {size_bytes} of {promised} bytes are there")


def _obj(file: BinaryIO) -> None:
    chars_in(file)
    file.seek(0)
    _require(bool(_VERTEX.search(file.read(_MOST_READ_BYTES))), "it is no OBJ: it has no vertex")


def _zip(file: BinaryIO) -> None:
    """Source: PKWARE's APPNOTE, 4.3.16: the end of the central directory comes last."""
    is_archive = file.read(2) == b"PK"
    _, _, end = _tail(file, _size(file)).rpartition(b"PK\x05\x06")
    comment_bytes = int.from_bytes(end[16:18], "little")
    is_whole = is_archive and len(end) == 18 + comment_bytes
    _require(is_whole, "it is no whole archive: the end of its directory is missing")


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _tail(file: BinaryIO, size_bytes: int) -> bytes:
    file.seek(max(0, size_bytes - _TAIL_BYTES))
    return file.read()


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Undecodable(otherwise)


_CHECKS: Mapping[str, Callable[[BinaryIO], None]] = {
    ".glb": _glb,
    ".gltf": _gltf,
    ".ply": _ply,
    ".stl": _stl,
    ".obj": _obj,
    ".usdz": _zip,
    ".3mf": _zip,
}
