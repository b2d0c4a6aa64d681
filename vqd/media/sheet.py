"""One small picture of several: a contact sheet, for notices."""

from collections.abc import Sequence
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Final

from vqd.media.thumbnail import Thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PICTURES: Final = 9
MIME: Final = "image/jpeg"

# How many pictures a sheet has at most, in how many columns of how many pixels.
_LAYOUTS: Final = ((1, 1, 640), (4, 2, 352), (MOST_PICTURES, 3, 256))
_GAP_PX: Final = 6
_GROUND: Final = (236, 236, 233)
# Steps down for a sheet that is too large: JPEG's quality, and the share of its sides.
_STEPS: Final = ((82, 1.0), (66, 1.0), (48, 1.0), (40, 0.7), (35, 0.5), (30, 0.3), (20, 0.1))


def sheet(thumbnails: Sequence[Thumbnail], *, most_bytes: int) -> bytes:
    """Give a JPEG of 1 to 9 thumbnails, row by row, of at most so many bytes (4,000 or more).

    They are opened right here: these are pictures that vqd made, not what it made them of.
    """
    count = len(thumbnails)
    columns, cell_px = next((wide, px) for most, wide, px in _LAYOUTS if count <= most)
    laid = _laid([_opened(one, cell_px) for one in thumbnails], min(columns, count))
    for quality, share in _STEPS:
        data = _jpeg(laid, quality, share)
        if len(data) <= most_bytes:
            break
    return data


def _opened(thumbnail: Thumbnail, longest_px: int) -> "Image":
    from PIL import Image

    with Image.open(BytesIO(thumbnail.data)) as opened:
        picture = opened.convert("RGBA")
    picture.thumbnail((longest_px, longest_px))
    return picture


def _laid(pictures: Sequence["Image"], columns: int) -> "Image":
    """Give pictures in cells of one size, each in the middle of its own."""
    from PIL import Image

    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    rows = ceil(len(pictures) / columns)
    gap = _GAP_PX if len(pictures) > 1 else 0
    size = (columns * (width + gap) + gap, rows * (height + gap) + gap)
    laid = Image.new("RGB", size, _GROUND)
    for place, picture in enumerate(pictures):
        x = gap + place % columns * (width + gap) + (width - picture.width) // 2
        y = gap + place // columns * (height + gap) + (height - picture.height) // 2
        laid.paste(picture, (x, y), picture)
    return laid


def _jpeg(picture: "Image", quality: int, share: float) -> bytes:
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    data = BytesIO()
    (picture if share == 1.0 else picture.resize(size)).save(data, "JPEG", quality=quality)
    return data.getvalue()
