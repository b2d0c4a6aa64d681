"""Pictures by themselves, which may carry the graph that made them."""

import os
import struct
import zlib
from pathlib import Path

from tests.hostile import Case, Make, failed, waits
from tests.samples import picture

MIB = b"x" * (1 << 20)
NO_RECORD = "without a record"
LOADS = """{
    "1": {"class_type": "LoadImage", "inputs": {"image": "FILE"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
}"""


def png(*chunks: bytes) -> Make:
    """Make a PNG with these chunks behind its header."""

    def make(path: Path, secret: Path) -> None:
        whole = picture(path).read_bytes()
        path.write_bytes(whole[:33] + b"".join(chunks) + whole[33:])

    return make


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def carrying(prompt: str) -> Make:
    return png(chunk(b"tEXt", b"prompt\0" + prompt.encode()))


def bomb() -> bytes:
    """Give a text of 1 GiB that takes a megabyte compressed."""
    deflate = zlib.compressobj(9)
    text = b"".join(deflate.compress(MIB) for _ in range(1024)) + deflate.flush()
    return chunk(b"zTXt", b"prompt\0\0" + text)


def large(path: Path, secret: Path) -> None:
    picture(path)
    os.truncate(path, 50 << 30)


def bombed(path: Path, secret: Path) -> None:
    png(bomb())(path, secret)


def lying(path: Path, secret: Path) -> None:
    """Make a PNG that promises 2 GiB of text and ends there."""
    whole = picture(path).read_bytes()
    path.write_bytes(whole[:33] + struct.pack(">I", 0x7FFF_FFFF) + b"tEXtprompt\0")


CASES: dict[str, Case] = {
    "picture-with-a-text-bomb": waits("bomb.png", bombed, NO_RECORD),
    "picture-with-100000-levels-of-json": waits(
        "levels.png", carrying('{"a":' * 100_000 + "1" + "}" * 100_000), NO_RECORD
    ),
    "picture-with-no-json": waits("no-json.png", carrying("hello"), NO_RECORD),
    "picture-cut-off-in-its-text": waits("lying.png", lying, NO_RECORD),
    "picture-of-50-gb-by-itself": waits("large.png", large, NO_RECORD),
    "picture-whose-graph-loads-etc-shadow": failed(
        "shadow.png", carrying(LOADS.replace("FILE", "/etc/shadow")), "outside_folder"
    ),
    "picture-whose-graph-loads-from-above": failed(
        "up.png", carrying(LOADS.replace("FILE", "..\\\\..\\\\secret.png")), "outside_folder"
    ),
    "picture-with-a-graph-in-a-circle": failed(
        "circle.png",
        carrying('{"1": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}}'),
        "no_output",
    ),
}
