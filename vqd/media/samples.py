"""Sample pictures and a clip, drawn here so that nothing has to be shipped or fetched."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

_SIZE: Final = (640, 400)
_HOURS: Final = {"dawn": 0.04, "noon": 0.25, "dusk": 0.45, "night": 0.75}
# At each quarter of the day: the sky above, the sky below, sun or moon, the farthest hills, the
# nearest.
_QUARTERS: Final = (
    (0x5B7DB1, 0xF7C59F, 0xFFF1D0, 0x8E8FB5, 0x2B3A55),
    (0x2F7FD1, 0xCFE8F7, 0xFFFBE6, 0x7FA6BC, 0x2F5D50),
    (0x4B3F72, 0xF2855E, 0xFFD9A0, 0x8A5A83, 0x2A1E3C),
    (0x0B1026, 0x2C3E6B, 0xF1F3F8, 0x2A3A5E, 0x0A0F1E),
)
_RIDGES: Final = 4
_Colour = tuple[int, int, int]


def draw_pictures(folder: Path) -> list[Path]:
    """Draw four landscapes as PNG files into `folder`; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, hour in _HOURS.items():
        path = folder / f"{name}.png"
        _landscape(hour).save(path)
        paths.append(path)
    return paths


def draw_clip(path: Path, *, frames: int = 48, fps: int = 24) -> None:
    """Draw a clip of a day going by, as H.264 in MP4."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        for picture in _day(frames):
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _day(frames: int) -> Iterator["Image"]:
    for frame in range(frames):
        yield _landscape(frame / frames)


def _landscape(hour: float) -> "Image":
    from PIL import Image, ImageDraw, ImageFilter

    above, below, sun, far, near = _colours(hour)
    width, height = _SIZE
    shade = Image.linear_gradient("L").resize(_SIZE).point(lambda level: min(255, level * 8 // 5))
    picture = Image.composite(Image.new("RGB", _SIZE, below), Image.new("RGB", _SIZE, above), shade)
    along = 2 * hour % 1  # of its arc: the sun's by day, the moon's by night
    x = width * (0.12 + 0.76 * along)
    y = height * (0.64 - 0.46 * math.sin(math.pi * along))
    ImageDraw.Draw(picture).ellipse([x - 30, y - 30, x + 30, y + 30], fill=sun)
    picture = picture.filter(ImageFilter.GaussianBlur(1.5))
    draw = ImageDraw.Draw(picture)
    for ridge in range(_RIDGES):
        share = ridge / (_RIDGES - 1)
        draw.polygon([*_hills(ridge), (width, height), (0, height)], fill=_mixed(far, near, share))
    return picture


def _hills(ridge: int) -> Sequence[tuple[float, float]]:
    width, height = _SIZE
    base, wave = height * (0.56 + 0.11 * ridge), 95 - 17 * ridge
    return [
        (x, base + 22 * math.sin(x / wave + 2.1 * ridge) + 7 * math.sin(x / 23 + ridge))
        for x in range(0, width + 8, 4)
    ]


def _colours(hour: float) -> Sequence[_Colour]:
    quarter, share = divmod(4 * (hour % 1), 1)
    now, then = _QUARTERS[int(quarter)], _QUARTERS[(int(quarter) + 1) % 4]
    return [_mixed(_rgb(one), _rgb(other), share) for one, other in zip(now, then, strict=True)]


def _rgb(colour: int) -> _Colour:
    return colour >> 16, colour >> 8 & 255, colour & 255


def _mixed(one: _Colour, other: _Colour, share: float) -> _Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
