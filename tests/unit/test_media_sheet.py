import random
from io import BytesIO

import pytest
from PIL import Image

from vqd.media.sheet import MOST_PICTURES, sheet
from vqd.media.thumbnail import Thumbnail

GREY = (236, 236, 233)


def a_thumbnail(width: int, height: int, colour: tuple[int, ...] = (200, 30, 30)) -> Thumbnail:
    mode = "RGBA" if len(colour) == 4 else "RGB"
    data = BytesIO()
    Image.new(mode, (width, height), colour).save(data, "PNG")
    return Thumbnail("medium", "image/png", data.getvalue(), width, height)


def noise(width: int, height: int) -> Thumbnail:
    data = BytesIO()
    pixels = random.Random(7).randbytes(3 * width * height)
    Image.frombytes("RGB", (width, height), pixels).save(data, "PNG")
    return Thumbnail("medium", "image/png", data.getvalue(), width, height)


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    assert picture.format == "JPEG"
    return picture


def is_near(one: object, other: tuple[int, ...]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) < 8 for a, b in zip(one, other, strict=True))


def test_one_picture_is_shown_alone_as_large_as_it_is_within_bounds() -> None:
    assert opened(sheet([a_thumbnail(640, 400)], most_bytes=1_000_000)).size == (640, 400)
    assert opened(sheet([a_thumbnail(32, 20)], most_bytes=1_000_000)).size == (32, 20)


def test_several_lie_in_rows_each_in_the_middle_of_its_cell() -> None:
    red, blue = a_thumbnail(100, 60), a_thumbnail(60, 100, (30, 30, 200))
    made = opened(sheet([red, blue, red], most_bytes=1_000_000))
    assert made.size == (2 * 106 + 6, 2 * 106 + 6)
    assert is_near(made.getpixel((56, 56)), (200, 30, 30))
    assert is_near(made.getpixel((162, 56)), (30, 30, 200))
    assert is_near(made.getpixel((56, 162)), (200, 30, 30))
    assert is_near(made.getpixel((162, 162)), GREY)


def test_nine_fit_into_a_message() -> None:
    made = opened(sheet([a_thumbnail(352, 352)] * MOST_PICTURES, most_bytes=1_000_000))
    assert made.size == (3 * 262 + 6, 3 * 262 + 6)


def test_what_is_transparent_shows_the_ground() -> None:
    made = opened(sheet([a_thumbnail(64, 64, (0, 0, 0, 0))], most_bytes=1_000_000))
    assert is_near(made.getpixel((32, 32)), GREY)


@pytest.mark.parametrize("most_bytes", [4_000, 64_000, 200_000])
def test_no_sheet_is_larger_than_it_may_be(most_bytes: int) -> None:
    assert len(sheet([noise(352, 352)] * MOST_PICTURES, most_bytes=most_bytes)) <= most_bytes
