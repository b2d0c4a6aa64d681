"""Thumbnails are small, upright, true to the picture, and move where the file does."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.unit.test_media_probe import a_clip, a_moving_picture, a_picture, a_sound
from vqd.media.probe import Undecodable
from vqd.media.samples import draw_clip
from vqd.media.thumbnail import Size, Thumbnail, thumbnails


def thumbnail(
    path: Path, *, longest_px: int = 256, quality: int = 70, as_is_bytes: int = 0
) -> Thumbnail:
    """The one that moves, where the file does."""
    still = Size("still", longest_px, quality, as_is_bytes=as_is_bytes)
    return thumbnails(path, sizes=[still, Size("moving", longest_px, quality, moves=True)])[-1]


def seen(made: Thumbnail) -> Image.Image:
    picture = Image.open(BytesIO(made.data))
    assert made.mime == f"image/{(picture.format or '').lower()}"
    assert picture.size == (made.width, made.height)
    return picture


def colour(made: Thumbnail, x: int, y: int) -> tuple[int, ...]:
    found = seen(made).convert("RGBA").getpixel((x, y))
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_picture_becomes_a_small_picture_of_the_same_shape(tmp_path: Path, suffix: str) -> None:
    path = a_picture(tmp_path / f"p.{suffix}", Image.effect_noise((1000, 500), 50).convert("RGB"))
    made = thumbnail(path, longest_px=128)
    assert seen(made).size == (128, 64)
    assert len(made.data) < 10_000


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    assert seen(thumbnail(a_picture(tmp_path / "p.png"))).size == (48, 32)


def test_lower_quality_makes_less_bytes(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.png", Image.effect_noise((256, 256), 50))
    assert len(thumbnail(path, quality=10).data) < len(thumbnail(path, quality=90).data) / 2


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is on the right
    picture = Image.new("RGB", (400, 200), "blue")
    picture.paste("red", (0, 0, 200, 200))
    made = thumbnail(a_picture(tmp_path / "p.jpg", picture, exif=exif), longest_px=100)
    assert seen(made).size == (50, 100)
    red, _, blue, _ = colour(made, 25, 20)
    assert red > 200 > 50 > blue


@pytest.mark.parametrize(
    ("mode", "grey", "suffix"),
    [
        ("I;16", 0x8080, "png"),
        ("I", 0x8080, "tif"),
        ("F", 0.5, "tif"),
        ("L", 128, "png"),
        ("LA", (128, 255), "png"),
        ("CMYK", (0, 0, 0, 127), "tif"),
        ("P", 1, "png"),
        ("1", 1, "png"),
    ],
)
def test_a_grey_of_any_mode_is_that_grey(
    tmp_path: Path, mode: str, grey: float | tuple[int, ...], suffix: str
) -> None:
    picture = Image.new(mode, (64, 64), grey)
    if mode == "P":
        picture.putpalette([0, 0, 0, 128, 128, 128])
    expected = 255 if mode == "1" else 128
    red, green, blue, alpha = colour(thumbnail(a_picture(tmp_path / f"p.{suffix}", picture)), 5, 5)
    assert (red, green, blue, alpha) == pytest.approx((expected, expected, expected, 255), abs=3)


def test_transparency_is_kept(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.png", Image.new("RGBA", (64, 64), (255, 0, 0, 100)))
    assert colour(thumbnail(path), 5, 5)[3] == 100


def test_a_clip_becomes_at_most_12_moving_pictures(tmp_path: Path) -> None:
    draw_clip(tmp_path / "c.mp4", frames=14)
    made = thumbnail(tmp_path / "c.mp4")
    assert 6 <= getattr(seen(made), "n_frames", 1) <= 12
    assert (made.width, made.height) == (256, 160)
    assert len(made.data) <= 60_000


def test_a_restless_clip_stays_below_60_kb(tmp_path: Path) -> None:
    noise = [Image.effect_noise((256, 256), 90).convert("RGB") for _ in range(12)]
    path = a_picture(tmp_path / "p.webp", noise[0], save_all=True, append_images=noise[1:])
    made = thumbnail(path)
    assert len(made.data) <= 60_000
    assert getattr(seen(made), "n_frames", 1) > 1


def test_one_decoding_gives_every_size_and_for_a_clip_stills_and_one_that_moves(
    tmp_path: Path,
) -> None:
    draw_clip(tmp_path / "c.mp4", frames=6)
    clip = {one.size: one for one in thumbnails(tmp_path / "c.mp4")}
    assert {size: one.width for size, one in clip.items()} == {
        "large": 640,
        "medium": 352,
        "small": 208,
        "tiny": 96,
        "moving": 320,
    }
    assert [getattr(seen(one), "n_frames", 1) for one in clip.values()] == [1, 1, 1, 1, 6]
    still = thumbnails(a_picture(tmp_path / "p.png"))
    assert [one.size for one in still] == ["large", "medium", "small", "tiny"]


def test_the_poster_of_a_clip_that_begins_in_black_is_not_black(tmp_path: Path) -> None:
    black, *others = [Image.new("RGB", (64, 64), c) for c in ("black", "white", "white", "white")]
    path = a_picture(tmp_path / "p.webp", black, save_all=True, append_images=others)
    assert colour(thumbnails(path)[0], 32, 32)[0] > 200


def test_a_moving_gif_moves(tmp_path: Path) -> None:
    made = thumbnail(a_moving_picture(tmp_path / "p.gif", frames=3))
    assert getattr(seen(made), "n_frames", 1) == 3


def test_a_clip_of_one_frame_is_a_still_picture(tmp_path: Path) -> None:
    made = thumbnail(a_clip(tmp_path / "c.mp4", frames=1))
    assert getattr(seen(made), "n_frames", 1) == 1


def test_a_sound_becomes_its_waveform(tmp_path: Path) -> None:
    made = thumbnail(a_sound(tmp_path / "s.flac", "flac"))
    assert seen(made).size == (256, 64)
    assert colour(made, 129, 32)[3] > 200
    assert colour(made, 129, 2)[3] == 0


@pytest.mark.parametrize(("size", "expected"), [((256, 200), True), ((257, 200), False)])
def test_it_is_whole_unless_it_was_shrunk(
    tmp_path: Path, size: tuple[int, int], expected: bool
) -> None:
    for suffix in ("png", "webp"):
        path = a_picture(tmp_path / f"p.{suffix}", Image.new("RGB", size))
        assert thumbnail(path, longest_px=256).is_whole is expected


def test_a_clip_and_a_turned_photograph_are_whole_too(tmp_path: Path) -> None:
    draw_clip(tmp_path / "c.mp4", frames=2)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = a_picture(tmp_path / "p.jpg", Image.new("RGB", (80, 40)), exif=exif)
    assert thumbnail(tmp_path / "c.mp4", longest_px=640).is_whole
    assert not thumbnail(tmp_path / "c.mp4", longest_px=320).is_whole
    assert thumbnail(turned).is_whole
    assert not thumbnail(a_sound(tmp_path / "s.flac", "flac")).is_whole


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_small_png_keeps_its_very_pixels_but_not_its_texts(tmp_path: Path, mode: str) -> None:
    texts = PngInfo()
    texts.add_text("workflow", "SECRET" * 2000)
    texts.add_itxt("prompt", "SECRET")
    picture = Image.effect_noise((32, 20), 80).convert(mode)
    path = a_picture(tmp_path / "p.png", picture, pnginfo=texts)
    made = thumbnail(path, as_is_bytes=5000)
    assert made.mime == "image/png"
    assert b"SECRET" not in made.data
    assert seen(made).convert("RGBA").tobytes() == picture.convert("RGBA").tobytes()


def test_a_png_too_large_moving_or_turned_is_not_taken_as_it_is(tmp_path: Path) -> None:
    noise = Image.effect_noise((100, 100), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    large = thumbnail(a_picture(tmp_path / "l.png", noise), as_is_bytes=5000)
    wide = thumbnail(a_picture(tmp_path / "w.png", noise), longest_px=90, as_is_bytes=99_000)
    turned = thumbnail(a_picture(tmp_path / "t.png", noise, exif=exif), as_is_bytes=99_000)
    moving = thumbnail(a_moving_picture(tmp_path / "m.png", frames=3), as_is_bytes=99_000)
    assert "image/png" not in {made.mime for made in (large, wide, turned, moving)}


def test_an_opaque_still_picture_is_jpeg_where_bytes_need_not_be_saved(tmp_path: Path) -> None:
    opaque = a_picture(tmp_path / "o.png", Image.new("RGB", (64, 64), "teal"))
    clear = a_picture(tmp_path / "c.png", Image.new("RGBA", (64, 64), (0, 0, 0, 9)))
    assert thumbnail(opaque, quality=70).mime == "image/jpeg"
    assert thumbnail(opaque, quality=50).mime == "image/webp"
    assert thumbnail(clear, quality=70).mime == "image/webp"


def test_what_a_photograph_says_of_itself_is_left_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    path = a_picture(tmp_path / "p.jpg", Image.new("RGB", (64, 64)), exif=exif, comment=b"SECRET")
    assert b"SECRET" in path.read_bytes()
    assert b"SECRET" not in thumbnail(path).data


def test_what_cannot_be_decoded_has_no_thumbnail(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "p.png")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(Undecodable, match="cut off"):
        thumbnail(path)
