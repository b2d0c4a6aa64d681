"""What an output is, of every kind, and what it is not."""

import io
import json
import struct
import wave
import zipfile
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
from PIL import Image

from vqd.definitions.terms import OutputKind
from vqd.domain.kinds import INPUT_KINDS, KINDS, kind_of_name
from vqd.domain.outcome import OutputFile
from vqd.media import apart
from vqd.media.decoding import Undecodable, open_media
from vqd.media.frames import flat
from vqd.media.identify import identify

SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" {}><rect/></svg>\n'
TRIANGLE = (0.0, 0.0, 1.0) * 4


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def tensors(*names: str, cut: int = 0) -> bytes:
    """A safetensors file of tensors of 16 bytes each."""
    told = {
        name: {"dtype": "F32", "shape": [4], "data_offsets": [16 * at, 16 * at + 16]}
        for at, name in enumerate(names)
    }
    header = json.dumps({"__metadata__": {"prompt": "{}"}, **told}).encode()
    whole = len(header).to_bytes(8, "little") + header + b"\1" * (16 * len(names))
    return whole[: len(whole) - cut]


def glb(*, cut: int = 0) -> bytes:
    content = b'{"asset":{"version":"2.0"}} '
    chunk = struct.pack("<I4s", len(content), b"JSON") + content
    whole = struct.pack("<4sII", b"glTF", 2, 12 + len(chunk)) + chunk
    return whole[: len(whole) - cut]


def stl(*, cut: int = 0) -> bytes:
    whole = bytes(80) + (1).to_bytes(4, "little") + struct.pack("<12fH", *TRIANGLE, 0)
    return b"x" + whole[1 : len(whole) - cut]


def ply(lines: int, *, form: str = "ascii") -> bytes:
    header = f"ply\nformat {form} 1.0\nelement vertex 3\nproperty float x\nend_header\n"
    return header.encode() + b"0.5\n" * lines


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("a.txt", "hello")
    return held.getvalue()


def exr() -> bytes:
    codec = av.CodecContext.create("exr", "w")
    codec.width, codec.height, codec.pix_fmt = 32, 16, "gbrpf32le"
    codec.time_base = Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.full((16, 32, 3), 90, np.uint8), format="rgb24")
    frame = frame.reformat(format="gbrpf32le")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def refusal(path: Path, kind: str) -> str:
    with pytest.raises(Undecodable) as refused:
        identify(path, kind)
    return refused.value.message


def test_a_definition_may_name_every_kind_and_no_other() -> None:
    assert get_args(OutputKind) == (*KINDS,)
    assert {*INPUT_KINDS} < KINDS.keys()


def test_the_table_of_kinds_names_fields_that_there_are_and_no_extension_twice() -> None:
    fields = OutputFile.__dataclass_fields__
    assert all(fact in fields for kind in KINDS.values() for fact in kind.facts)
    named = [one for kind in KINDS.values() for one in (*kind.extensions, *kind.others)]
    assert len(named) == len({*named})
    assert all(
        kind_of_name(f"FOX{extension.upper()}") == name
        for name, kind in KINDS.items()
        for extension in kind.extensions
        if name != "file"
    )
    assert kind_of_name("png") is kind_of_name("fox.unheard-of") is None


@pytest.mark.parametrize(
    ("content", "chars"),
    [
        ("a fox", 5),
        ("héllo wörld\r\n", 13),
        (b"\xef\xbb\xbfa fox", 5),
        ("a fox".encode("utf-16"), 5),
        ("ä" * 1_500_001, 1_500_001),
        ('{"a": 1}', 8),
        ("<!doctype html>", 15),
        ("RIFF, raff and other words", 26),
        ("<?xml version='1.0'?><a/>", 25),
    ],
)
def test_a_text_is_read_with_its_characters(
    tmp_path: Path, content: bytes | str, chars: int
) -> None:
    name = "a.html" if "<!" in str(content)[:3] else "a.txt"
    path = put(tmp_path, name, content)
    media = identify(path, "text")
    assert (media.kind, media.chars, media.bytes) == ("text", chars, path.stat().st_size)
    assert media.sha256 == sha256(path.read_bytes()).hexdigest()
    assert media.extensions[0] == ".txt"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"fox\xff\xfe", "it is no UTF-8 text from byte 3 on"),
        (b"a" * (1 << 20) + b"\xe4", f"it is no UTF-8 text from byte {1 << 20} on"),
        (b"a\0fox", "it is no text: character 1 of it is NUL"),
        (bytes(3), "it holds only zero bytes"),
        (b"<html><body>Please log in", "it begins like an HTML page"),
        (glb(), "it is no text: character 5 of it is NUL"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert refusal(put(tmp_path, "a.txt", content), "text") == said


def test_a_latent_is_known_by_its_tensor(tmp_path: Path) -> None:
    path = put(tmp_path, "a.latent", tensors("latent_format_version_0", "latent_tensor"))
    media = identify(path, "latent")
    assert (media.kind, media.extensions[0]) == ("latent", ".latent")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (tensors("latent_tensor", cut=1), "it is cut off: "),
        (tensors("latent_tensor") + b"x", "it has more in it than it says: "),
        (tensors("lora_up"), "it holds no latent: none of its tensors is called latent_tensor"),
        (tensors(), "it holds no tensor"),
        (b"\xff" * 64, "it is no safetensors file, or its header is cut off"),
        (b"\2" + bytes(7) + b"no", "it is damaged: its header cannot be read"),
        (
            (21).to_bytes(8, "little") + b'{"latent_tensor": {} }',
            "it is damaged",
        ),
    ],
)
def test_a_latent_that_is_not_whole_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert refusal(put(tmp_path, "a.latent", content), "latent").startswith(said)


@pytest.mark.parametrize(
    ("name", "content", "extension"),
    [
        ("a.glb", glb(), ".glb"),
        ("a.obj", glb(), ".glb"),
        ("a.gltf", b'{"asset": {"version": "2.0"}}', ".gltf"),
        ("a.stl", stl(), ".stl"),
        ("a.stl", b"solid a\nfacet normal 0 0 1\nendsolid a\n", ".stl"),
        ("a.ply", ply(3), ".ply"),
        ("a.ply", ply(1, form="binary_little_endian"), ".ply"),
        ("a.obj", b"# a\nv 0 0 1\nf 1 1 1\n", ".obj"),
        ("a.usdz", archive(), ".usdz"),
        ("a.ksplat", b"splats", ".ksplat"),
    ],
)
def test_a_3d_model_is_known_by_its_bytes_else_by_its_name(
    tmp_path: Path, name: str, content: bytes, extension: str
) -> None:
    media = identify(put(tmp_path, name, content), "model3d")
    assert (media.kind, media.extensions) == ("model3d", (extension,))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.glb", glb(cut=1), "it is cut off: 47 of 48 bytes are there"),
        ("a.glb", b"no model", "it is no GLB"),
        ("a.gltf", b'{"asset": ', "it is no whole glTF"),
        ("a.gltf", b"[" * 200_000, "it is no whole glTF"),
        ("a.gltf", b"{}", "it is no glTF: it has no `asset`"),
        ("a.stl", stl(cut=1), "it is no whole STL"),
        ("a.ply", ply(2), "it is cut off: 2 of 3 lines are there"),
        ("a.ply", ply(0, form="binary_little_endian"), "it is cut off: "),
        ("a.obj", b"a fox\n", "it is no OBJ: it has no vertex"),
        ("a.usdz", archive()[:-10], "it is no whole archive"),
        ("a.fbx", b"", "it is empty"),
    ],
)
def test_a_3d_model_that_is_not_whole_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    assert refusal(put(tmp_path, name, content), "model3d").startswith(said)


@pytest.mark.parametrize(
    ("attributes", "sides"),
    [
        ('width="64" height="32px"', (64, 32)),
        ('viewBox="0 0 10.4 20"', (10, 20)),
        ('width="100%" height="50%"', (None, None)),
    ],
)
def test_a_drawing_has_the_size_that_it_asks_for(
    tmp_path: Path, attributes: str, sides: tuple[int | None, int | None]
) -> None:
    media = identify(put(tmp_path, "a.svg", SVG.format(attributes)), "vector")
    assert (media.kind, media.width, media.height) == ("vector", *sides)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<svg><rect></svg>", "it is no whole SVG: mismatched tag"),
        ("<svg><rect/>", "it is no whole SVG: no element found"),
        ("<fox/>", "it is no SVG: it begins with an element 'fox'"),
        (
            '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
            "it declares entities, which no drawing needs",
        ),
    ],
)
def test_what_is_no_drawing_is_refused(tmp_path: Path, content: str, said: str) -> None:
    assert refusal(put(tmp_path, "a.svg", content), "vector").startswith(said)


def test_a_drawing_is_no_picture_and_is_told_what_it_is(tmp_path: Path) -> None:
    path = put(tmp_path, "a.png", SVG.format(""))
    assert refusal(path, "image") == "it begins like a drawing (SVG)"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.zip", archive(), "file"),
        ("a.safetensors", tensors("lora_up"), "file"),
        ("a.safetensors", tensors("latent_tensor"), "latent"),
        ("a.glb", glb(), "model3d"),
        ("a.svg", SVG.format("").encode(), "vector"),
        ("a.json", b"{}", "text"),
        ("a.txt", b"caf\xe9", "file"),
        ("a", b"whatever", "file"),
    ],
)
def test_a_file_is_whatever_it_is(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    assert identify(put(tmp_path, name, content), "file").kind == kind


@pytest.mark.parametrize("name", ["a.dat", "a.mp4", "a.txt"])
def test_a_file_that_looks_like_a_picture_is_decoded(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (32, 20)).save(tmp_path / "a.webp")
    path = (tmp_path / "a.webp").rename(tmp_path / name)
    media = identify(path, "file")
    assert (media.kind, media.width, media.extensions) == ("image", 32, (".webp",))
    path.write_bytes(path.read_bytes()[:-20])
    assert refusal(path, "file").startswith("it is cut off")


def test_a_file_that_is_called_a_clip_is_one(tmp_path: Path) -> None:
    assert "could be read" in refusal(put(tmp_path, "a.mp4", b"whatever"), "file")


@pytest.mark.parametrize("content", [b"", bytes(9), b"<!DOCTYPE html><title>Login"])
def test_no_file_is_empty_or_a_login_page(tmp_path: Path, content: bytes) -> None:
    refusal(put(tmp_path, "a.zip", content), "file")


def test_an_exr_is_a_picture(tmp_path: Path) -> None:
    media = identify(put(tmp_path, "a.exr", exr()), "image")
    assert (media.kind, media.width, media.height, media.frames) == ("image", 32, 16, 1)
    assert (media.fps, media.seconds, media.extensions) == (None, None, (".exr",))
    assert refusal(put(tmp_path, "b.exr", exr()[:400]), "image").startswith("it is damaged")


def test_a_thumbnail_of_an_exr_is_as_light_as_it_is_seen(tmp_path: Path) -> None:
    path = put(tmp_path, "a.exr", exr())
    with open_media(path) as media:
        (picture,) = [flat(frame) for frame in media.frames()]
    linear = 90 / 255
    seen = 1.055 * linear ** (1 / 2.4) - 0.055
    assert np.abs(np.asarray(picture).mean() / 255 - seen) < 0.02


def test_a_sound_is_told_with_its_rate_and_channels(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as made:
        made.setnchannels(2)
        made.setsampwidth(2)
        made.setframerate(22_050)
        made.writeframes(b"\1\2" * 22_050)
    media = identify(tmp_path / "a.wav", "audio")
    assert (media.kind, media.sample_rate, media.channels) == ("audio", 22_050, 2)
    assert media.seconds == pytest.approx(0.5)


def test_a_link_is_no_output(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a fox")
    (tmp_path / "b.txt").symlink_to("a.txt")
    assert refusal(tmp_path / "b.txt", "text") == "it is a link, not a file"


@pytest.mark.parametrize(("name", "content"), [("a.svg", SVG.format("")), ("a.txt", "a fox")])
def test_another_process_says_the_same(tmp_path: Path, name: str, content: str) -> None:
    path, kind = put(tmp_path, name, content), kind_of_name(name) or ""
    assert apart.identify(path, kind) == identify(path, kind)
