"""A file is what its content says, and only when all of it can be decoded."""

import os
import struct
import zlib
from array import array
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from vqd.media.probe import Media, Undecodable, blackness, probe

SIZE = (48, 32)
PICTURE = Image.effect_noise(SIZE, 60).convert("RGB")


def a_picture(path: Path, picture: Image.Image = PICTURE, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def a_moving_picture(path: Path, frames: int) -> Path:
    pictures = [PICTURE.rotate(90 * number) for number in range(frames)]
    return a_picture(path, pictures[0], save_all=True, append_images=pictures[1:], duration=100)


def a_clip(
    path: Path, *, frames: int = 10, sound: bool = False, black: int = 0, faststart: bool = False
) -> Path:
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as clip:
        pictures = clip.add_stream("libx264", rate=10)
        pictures.width, pictures.height = SIZE
        pictures.pix_fmt = "yuv420p"
        if sound:
            _add_sound(clip, "aac", seconds=frames / 10)
        for number in range(frames):
            picture = Image.new("RGB", SIZE) if number < black else PICTURE
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            clip.mux(pictures.encode(frame))
        clip.mux(pictures.encode(None))
    return path


def a_sound(path: Path, codec: str) -> Path:
    with av.open(str(path), "w") as container:
        _add_sound(container, codec, seconds=1.0)
    return path


def _add_sound(container: av.container.OutputContainer, codec: str, *, seconds: float) -> None:
    stream = container.add_stream(codec, rate=48_000, layout="mono")
    assert isinstance(stream, av.AudioStream)
    for number in range(round(seconds * 50)):
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.rate, frame.pts = 48_000, 960 * number
        frame.planes[0].update(array("h", [0, 9000] * 480).tobytes())
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def a_png_header(path: Path, width: int, height: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def said_of(path: Path) -> str:
    with pytest.raises(Undecodable) as refused:
        probe(path)
    assert refused.value.code == "undecodable"
    assert path.name not in refused.value.message
    return refused.value.message


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tif", "bmp", "avif"])
def test_a_still_picture_is_an_image_of_one_frame(tmp_path: Path, suffix: str) -> None:
    path = a_picture(tmp_path / f"p.{suffix}")
    content = path.read_bytes()
    extensions = probe(path).extensions
    assert probe(path) == Media(
        sha256(content).hexdigest(), len(content), "image", *SIZE, 1, extensions=extensions
    )
    assert extensions[0] == f".{suffix}"


def test_the_content_counts_and_not_the_extension(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.png").rename(tmp_path / "p.mp4")
    assert probe(path).kind == "image"


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_a_moving_picture_is_an_image_with_its_frames_and_rate(tmp_path: Path, suffix: str) -> None:
    media = probe(a_moving_picture(tmp_path / f"p.{suffix}", frames=3))
    assert (media.kind, media.frames, media.channels) == ("image", 3, None)
    assert media.fps == pytest.approx(10)
    assert media.seconds == pytest.approx(0.3)


def test_a_16_bit_png_is_an_image(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.png", Image.new("I;16", SIZE, 40_000))
    assert (probe(path).kind, probe(path).width) == ("image", 48)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("sound", [True, False])
def test_a_clip_is_a_video_with_or_without_sound(tmp_path: Path, suffix: str, sound: bool) -> None:
    media = probe(a_clip(tmp_path / f"c.{suffix}", sound=sound))
    assert (media.kind, media.width, media.height, media.frames) == ("video", *SIZE, 10)
    assert media.fps == pytest.approx(10)
    assert media.seconds == pytest.approx(1.0, abs=0.05)
    assert (media.channels is not None) is sound


@pytest.mark.parametrize(
    ("suffix", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame")]
)
def test_a_sound_is_audio_of_its_length(tmp_path: Path, suffix: str, codec: str) -> None:
    media = probe(a_sound(tmp_path / f"s.{suffix}", codec))
    assert media.kind == "audio"
    assert media.seconds == pytest.approx(1.0, abs=0.05)
    assert (media.width, media.height, media.frames, media.fps) == (None, None, None, None)
    assert media.channels


def test_a_sound_with_a_cover_is_audio(tmp_path: Path) -> None:
    path = tmp_path / "s.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height = SIZE
        cover.pix_fmt = "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        _add_sound(container, "aac", seconds=0.5)
        frame = av.VideoFrame.from_image(PICTURE)  # type: ignore[no-untyped-call]
        container.mux(cover.encode(frame))
    assert probe(path).kind == "audio"


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "avif"])
@pytest.mark.parametrize("share", [0.4, 0.99])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = a_picture(tmp_path / f"p.{suffix}")
    os.truncate(path, int(path.stat().st_size * share))
    assert said_of(path).startswith("it is cut off: ")


def test_a_moving_picture_without_its_last_frames_is_refused(tmp_path: Path) -> None:
    path = a_moving_picture(tmp_path / "p.gif", frames=3)
    os.truncate(path, path.stat().st_size * 2 // 3)
    assert said_of(path) == "it is cut off: the end of the GIF is missing"


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("share", [0.4, 0.99])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_truncated_clip_is_refused(
    tmp_path: Path, suffix: str, share: float, faststart: bool
) -> None:
    path = a_clip(tmp_path / f"c.{suffix}", faststart=faststart)
    os.truncate(path, int(path.stat().st_size * share))
    assert said_of(path).startswith("it is cut off: ")


@pytest.mark.parametrize("share", [0.4, 0.99])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("flac", "flac"),
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("opus", "libopus"),
        ("m4a", "aac"),
    ],
)
def test_a_truncated_sound_is_refused(
    tmp_path: Path, suffix: str, codec: str, share: float
) -> None:
    path = a_sound(tmp_path / f"s.{suffix}", codec)
    assert probe(path).extensions[0] in (f".{suffix}", ".ogg")
    os.truncate(path, int(path.stat().st_size * share))
    assert said_of(path).startswith(("it is cut off: ", "it is damaged: "))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "mp4", "mkv"])
def test_a_copy_that_was_never_finished_is_refused_at_its_full_size(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"p.{suffix}"
    if suffix in ("mp4", "mkv"):
        a_clip(path, frames=40)
    else:
        a_picture(path, Image.effect_noise((256, 256), 60).convert("RGB"))
    size_bytes = path.stat().st_size
    os.truncate(path, size_bytes // 2)
    os.truncate(path, size_bytes)
    assert said_of(path).startswith(("it is cut off: ", "it is damaged: "))


def test_a_png_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.png")
    content = bytearray(path.read_bytes())
    content[-14] ^= 1  # before the 12 bytes of IEND stands the checksum of the pixels
    path.write_bytes(content)
    assert said_of(path).startswith("it is damaged: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (bytes(3_000_000), "it holds only zero bytes"),
        (b"\n<!DOCTYPE html><html>", "it begins like an HTML page"),
        (b"GIMME a picture", "no picture, clip or sound could be read from it"),
        (bytes(100) + b"\1", "no picture, clip or sound could be read from it"),
        (b"#EXTM3U\n#EXTINF:1,\nother.ts\n", "no picture, clip or sound could be read from it"),
    ],
)
def test_what_is_no_picture_is_named_for_what_it_looks_like(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(content)
    assert said_of(path) == said


@pytest.mark.parametrize("side", [24_000, 100_000])
def test_a_picture_that_claims_too_many_pixels_is_refused(tmp_path: Path, side: int) -> None:
    path = a_png_header(tmp_path / "p.png", side, side)
    assert said_of(path) == "it claims more than 500 megapixels; make it smaller"


def test_a_later_page_that_claims_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.tif", save_all=True, append_images=[PICTURE])
    content = path.read_bytes()
    for tag, side in zip((256, 257), SIZE, strict=True):  # ImageWidth, ImageLength
        first, second, third = content.split(struct.pack("<HHLL", tag, 4, 1, side))
        small, large = (struct.pack("<HHLL", tag, 4, 1, claimed) for claimed in (side, 24_000))
        content = first + small + second + large + third
    path.write_bytes(content)
    assert said_of(path) == "it claims more than 500 megapixels; make it smaller"


def test_pillow_switches_set_by_others_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 4)
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    assert probe(a_picture(tmp_path / "whole.png")).kind == "image"
    cut = a_picture(tmp_path / "cut.bmp")
    os.truncate(cut, 2000)
    assert said_of(cut).startswith("it is cut off: ")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(a_picture(tmp_path / "p.png"))
    assert said_of(link) == "it is a link, not a file"


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    assert said_of(pipe) == "it is a fifo, not a file"


def test_a_file_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "p.png")


def test_blackness_is_the_share_of_black_pixels(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 40), (7, 7, 7))
    picture.paste((0, 0, 8), (0, 0, 40, 10))
    assert blackness(a_picture(tmp_path / "p.png", picture)) == pytest.approx(0.75)


@pytest.mark.parametrize("mode", ["I;16", "F", "L", "LA", "P", "CMYK"])
def test_blackness_knows_every_mode(tmp_path: Path, mode: str) -> None:
    bright = {"I;16": 60_000, "F": 0.9, "L": 230, "LA": (230, 90), "P": 1, "CMYK": (0, 0, 0, 0)}
    picture = Image.new(mode, SIZE, bright[mode])  # type: ignore[arg-type]
    if mode == "P":
        picture.putpalette([0, 0, 0, 255, 255, 255])
    assert blackness(a_picture(tmp_path / "p.tif", picture)) == 0.0


def test_blackness_of_a_clip_is_the_mean_over_its_frames(tmp_path: Path) -> None:
    path = a_clip(tmp_path / "c.mp4", frames=40, black=20)
    assert blackness(path) == pytest.approx(0.5, abs=0.06)


def test_a_sound_is_not_black(tmp_path: Path) -> None:
    assert blackness(a_sound(tmp_path / "s.wav", "pcm_s16le")) == 0.0


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        (b"", "it holds only zero bytes"),
        (b"\x89PNG\r\n\x1a\n", "it is cut off: the end of the PNG is missing"),
        (b"fLaC", "it is cut off: nothing was written after byte 4096"),
        (b"ID3\x04", "it is cut off: nothing was written after byte 4096"),
    ],
)
def test_a_file_of_50_gb_that_ends_with_a_hole_is_not_read_to_its_end(
    tmp_path: Path, begins: bytes, said: str
) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.write(begins)
        file.truncate(50 << 30)
    assert said_of(tmp_path / "large") == said
