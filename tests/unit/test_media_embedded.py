"""What files carry beside their pixels: found in each kind, and bounded whatever they claim."""

import json
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vqd.media.embedded import Embedded, embedded_in

GRAPH = {"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "schöner Tag"}}}
JOB_FILE = {"vqd": 1, "workflow": "image-scale"}
SENT = {"1": {**GRAPH["1"], "_meta": {"vqd": JOB_FILE}}}
TEXTS = {"prompt": json.dumps(SENT), "workflow": json.dumps({"nodes": []})}
BOTH = Embedded(GRAPH, JOB_FILE)
NOTHING = Embedded()


def png(path: Path) -> None:
    info = PngInfo()
    for name, text in TEXTS.items():
        info.add_text(name, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)


def packed_png(path: Path) -> None:
    info = PngInfo()
    info.add_text("prompt", TEXTS["prompt"], zip=True)
    info.add_itxt("workflow", TEXTS["workflow"], zip=True)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)


def international_png(path: Path) -> None:
    info = PngInfo()
    for name, text in TEXTS.items():
        info.add_itxt(name, text, lang="de", tkey="x")
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)


def animated_png(path: Path) -> None:
    info = PngInfo()
    for name, text in TEXTS.items():
        info.add(b"comf", name.encode() + b"\0" + text.encode(), after_idat=True)
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:], pnginfo=info)


def webp(path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif[0x0110] = f"prompt:{TEXTS['prompt']}"
    exif[0x010F] = f"workflow:{TEXTS['workflow']}"
    image.save(path, exif=exif)


def clip(codec: str, **options: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with av.open(str(path), "w", options=options) as container:
            container.metadata.update(TEXTS)
            stream: Any = container.add_stream(codec, rate=5)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
            container.mux(stream.encode())

    return write


def flac(path: Path) -> None:
    with av.open(str(path), "w") as container:
        container.metadata.update(TEXTS)
        stream: Any = container.add_stream("flac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


TAGGED = {"movflags": "use_metadata_tags"}
WRITERS: dict[str, Callable[[Path], None]] = {
    "a.png": png,
    "packed.png": packed_png,
    "international.png": international_png,
    "animated.png": animated_png,
    "a.webp": webp,
    "a.mp4": clip("libx264", **TAGGED),
    "fast.mp4": clip("libx264", movflags="use_metadata_tags+faststart"),
    "a.mov": clip("libx264", **TAGGED),
    "a.mkv": clip("libx264"),
    "a.webm": clip("libvpx-vp9"),
    "a.flac": flac,
}


@pytest.mark.parametrize("name", list(WRITERS))
def test_graph_and_job_file_are_found_in_every_kind_that_comfyui_writes(
    tmp_path: Path, name: str
) -> None:
    WRITERS[name](tmp_path / name)
    assert embedded_in(tmp_path / name) == BOTH


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_file_that_ends_anywhere_is_no_harm(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        (tmp_path / name).write_bytes(whole[:end])
        found = embedded_in(tmp_path / name)
        assert found.graph in (None, GRAPH)
        assert found.job_file in (None, JOB_FILE)


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_file_with_any_bit_turned_is_no_harm(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    whole = bytearray((tmp_path / name).read_bytes())
    for at in range(0, len(whole), max(1, len(whole) // 120)):
        whole[at] ^= 0xFF
        (tmp_path / name).write_bytes(whole)
        embedded_in(tmp_path / name)
        whole[at] ^= 0xFF


def test_what_comfyui_notes_while_it_runs_is_no_part_of_the_graph(tmp_path: Path) -> None:
    noted = {"1": {**GRAPH["1"], "is_changed": [float("nan")]}}
    chunked(tmp_path / "a.png", text(b"prompt", json.dumps(noted).encode()))
    assert embedded_in(tmp_path / "a.png") == Embedded(GRAPH)


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", checksum)


def text(name: bytes, content: bytes) -> bytes:
    return chunk(b"tEXt", name + b"\0" + content)


def chunked(path: Path, *chunks: bytes) -> Path:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


ZEROS = zlib.compress(bytes(16 << 20))
HOSTILE = {
    "bombs": chunk(b"zTXt", b"prompt\0\0" + ZEROS) * 300,
    "bomb in another form": chunk(b"iTXt", b"vqd\0\1\0\0\0" + ZEROS),
    "broken packing": chunk(b"zTXt", b"prompt\0\0not packed"),
    "a text without an end": struct.pack(">I4s", 0x7FFF_FFFF, b"tEXt") + b"prompt\0{}",
    "a text too long": text(b"prompt", b'{"a": "' + b"x" * (5 << 20) + b'"}'),
    "deep": text(b"prompt", b'{"a":' * 100_000),
    "deep and whole": text(b"prompt", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "many parts": chunk(b"gAMA", b"") * 200_000,
    "many texts": text(b"other", b"x" * 100_000) * 100,
    "no JSON": text(b"prompt", b"\xff\xfe{"),
    "a list": text(b"prompt", b"[1, 2]"),
    "a number of many digits": text(b"prompt", b"1" * 100_000),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_texts_are_passed_over_within_a_second(tmp_path: Path, name: str) -> None:
    path = chunked(tmp_path / "a.png", HOSTILE[name])
    began_at = time.process_time()
    assert embedded_in(path) == NOTHING
    assert time.process_time() - began_at < 1


def test_of_two_texts_of_one_name_the_first_counts(tmp_path: Path) -> None:
    chunks = [text(b"prompt", json.dumps(one).encode()) for one in (SENT, {"2": GRAPH["1"]})]
    assert embedded_in(chunked(tmp_path / "a.png", *chunks)) == BOTH


@pytest.mark.parametrize("meta", [[], None, {"title": "Save"}, {}])
def test_what_others_note_in_a_node_is_no_job_file_and_stays(tmp_path: Path, meta: Any) -> None:
    graph = {"1": {**GRAPH["1"], "_meta": meta}, "2": "no node"}
    chunked(tmp_path / "a.png", text(b"prompt", json.dumps(graph).encode()))
    found = embedded_in(tmp_path / "a.png")
    assert found.job_file is None
    assert found.graph == graph


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\0ftyp", b"fLaC"])
def test_other_files_and_bare_beginnings_carry_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert embedded_in(tmp_path / "a") == NOTHING


def test_matroska_tags_in_tags_without_end_are_no_harm(tmp_path: Path) -> None:
    nested = b"\x73\x73\x01\xff\xff\xff\xff\xff\xff\xff" * 100_000
    segment = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x12\x54\xc3\x67" + (
        b"\x01\xff\xff\xff\xff\xff\xff\xff" + nested
    )
    (tmp_path / "a.mkv").write_bytes(b"\x1a\x45\xdf\xa3\x80" + segment)
    assert embedded_in(tmp_path / "a.mkv") == NOTHING


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    png(tmp_path / "a.png")
    (tmp_path / "link.png").symlink_to("a.png")
    with pytest.raises(OSError, match="link"):
        embedded_in(tmp_path / "link.png")
