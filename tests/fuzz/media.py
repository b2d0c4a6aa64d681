"""What files carry and what they are: pictures, clips, sounds, texts, models."""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.chunks import chunks
from tests.fuzz.jobs import told
from tests.fuzz.lines import text_of
from tests.fuzz.mutation import any_bytes, either
from tests.fuzz.surface import Check, Surface
from tests.fuzz.trees import json_of
from tests.samples import picture
from tests.unit.test_media_embedded import GRAPH, JOB_FILE, WRITERS
from vqd.domain.errors import Faults
from vqd.domain.names import printable
from vqd.media.decoding import Undecodable
from vqd.media.embedded import embedded_in
from vqd.media.identify import identify
from vqd.media.lengths import clip_format, promised_bytes
from vqd.media.looks import cut_off, emptiness, likeness, picture_format
from vqd.media.models3d import model_extension
from vqd.service.carried import carried_in, read_job

_NO_DECODER = ("text", "latent", "model3d", "vector")
"""Kinds that need no library of others' to be told."""
_MODELS = (".glb", ".gltf", ".ply", ".stl", ".obj", ".usdz", ".fbx", "")


@contextmanager
def _carried(folder: Path) -> Iterator[Check]:
    paths = [folder / f"a{ending}" for ending in (".png", ".mp4")]

    def check(data: bytes) -> None:
        for path in paths:
            path.write_bytes(data)
        _read(paths[0])
        with suppress(Faults):
            read_job(paths[1], data)

    yield check


def _read(path: Path) -> None:
    embedded_in(path)
    carried = carried_in(path)
    if carried is not None:
        assert all("/" not in name for name in carried.beside)
    try:
        read_job(path, path.read_bytes())
    except Faults as faults:
        told(faults)


@contextmanager
def _graphs(folder: Path) -> Iterator[Check]:
    path = folder / "a.png"

    def check(data: bytes) -> None:
        text = b"prompt\0" + data
        chunk = struct.pack(">I4s", len(text), b"tEXt") + text + struct.pack(">I", zlib.crc32(text))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
        _read(path)

    yield check


@contextmanager
def _looks(folder: Path) -> Iterator[Check]:
    path = folder / "a.bin"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        with path.open("rb") as file:
            made_as = picture_format(file)
            for said in (
                cut_off(file, made_as),
                likeness(file),
                emptiness(file),
                clip_format(file),
            ):
                assert said is None or printable(said) == said
            promised = promised_bytes(file)
            assert promised is None or promised >= 0

    yield check


@contextmanager
def _kinds(folder: Path) -> Iterator[Check]:
    path = folder / "a.bin"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        for kind in _NO_DECODER:
            try:
                media = identify(path, kind)
            except Undecodable as error:
                told(error)
                str(error).encode()
            else:
                assert media.bytes == len(data)
        for named in _MODELS:
            with path.open("rb") as file, suppress(Undecodable):
                model_extension(file, named)

    yield check


@contextmanager
def _pictures(folder: Path) -> Iterator[Check]:
    path = folder / "a.png"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        with path.open("rb") as file:
            if picture_format(file) is None:
                return
        try:
            media = identify(path, "image")
        except Undecodable as error:
            told(error)
        else:
            assert media.kind == "image"
            assert media.frames

    yield check


@cache
def _carrying() -> Sequence[bytes]:
    with TemporaryDirectory() as folder:
        return [_written(Path(folder) / name, name) for name in WRITERS]


def _written(path: Path, name: str) -> bytes:
    WRITERS[name](path)
    return path.read_bytes()


@cache
def _picture_seeds() -> Sequence[bytes]:
    with TemporaryDirectory() as folder:
        names = [f"a.{ending}" for ending in ("png", "jpg", "gif", "webp", "bmp", "tiff")]
        still = [picture(Path(folder) / name).read_bytes() for name in names]
        return [*still, _written(Path(folder) / "animated.png", "animated.png")]


def _look_seeds() -> Sequence[bytes]:
    ogg = b"OggS\0\2" + bytes(20) + b"\1\x04abcd"
    mp3 = (
        b"ID3\4\0\0\0\0\0\0\xff\xfb\x90\0"
        + bytes(32)
        + b"Xing\0\0\0\3\0\0\0\1\0\0\0\x50"
        + bytes(40)
    )
    return [*_carrying(), *_picture_seeds(), ogg, mp3, b"RIFF\x0c\0\0\0WAVEfmt \0\0\0\0"]


def _kind_seeds() -> Sequence[bytes]:
    tensor = {"latent_tensor": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    header = json.dumps(tensor).encode()
    chunk = b"\4\0\0\0JSON{}  "
    glb = b"glTF\2\0\0\0" + struct.pack("<I", 12 + len(chunk)) + chunk
    return [
        struct.pack("<Q", len(header)) + header + bytes(4),
        glb,
        b'{"asset": {"version": "2.0"}}',
        b"ply\nformat ascii 1.0\nelement vertex 2\nend_header\n0 0 0\n1 1 1\n",
        b"ply\nformat binary_little_endian 1.0\nelement vertex 2\nend_header\n" + bytes(24),
        bytes(80) + b"\1\0\0\0" + bytes(50),
        b"solid a\nendsolid a\n",
        b"v 0 0 0\nf 1 1 1\n",
        b"PK\3\4" + bytes(26) + b"PK\5\6" + bytes(18),
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10px" height="5"/>',
        b'<svg viewBox="0 0 10.5 20"><g/></svg>',
        "schöner Text\n".encode(),
        "ein Text".encode("utf-16"),
    ]


def _graph_seeds() -> Sequence[bytes]:
    job_file = {**JOB_FILE, "inputs": {"image": "a.png"}, "record": {}}
    sent = {"1": {**GRAPH["1"], "_meta": {"vqd": job_file}}}
    return [json.dumps(sent).encode(), json.dumps(GRAPH).encode()]


CARRIED = Surface("carried-jobs", _carried, _carrying, chunks)
CARRIED_GRAPHS = Surface(
    "carried-graphs",
    _graphs,
    _graph_seeds,
    json_of("_meta vqd workflow inputs record name is_changed", "a.png [input]"),
)
LOOKS = Surface("looks", _looks, _look_seeds, either(chunks, any_bytes))
KINDS = Surface(
    "kinds",
    _kinds,
    _kind_seeds,
    either(any_bytes, text_of("viewBox width", "element x 5", "<!ENTITY a 'b'>")),
)
PICTURES = Surface("pictures", _pictures, _picture_seeds, chunks, examples=100)
