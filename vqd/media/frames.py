"""Frames of pictures and clips as small pictures, of all that they may be."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Frame: TypeAlias = "ImageFile | VideoFrame"

MAX_PIXELS: Final = 500_000_000  # of a picture; FFmpeg itself refuses frames above 268 million

_K = TypeVar("_K")


def spread(frames: Iterable[Frame], *, most: int, keep: Callable[[Frame], _K]) -> list[_K]:
    """Give what `keep` makes of at most `most` frames, evenly spread, however many there are.

    Every frame is kept until there are too many; then every other one, every fourth, and so on.
    """
    kept: list[_K] = []
    stride = 1
    for number, frame in enumerate(frames):
        if number % stride == 0 and len(kept) == most:
            del kept[1::2]
            stride *= 2
        if number % stride == 0:
            kept.append(keep(frame))
    return kept


def flat(frame: Frame, within_px: int = MAX_PIXELS) -> "Image":
    """Give a frame as RGB, or RGBA where it can be seen through, with 8 bits a channel.

    It is turned upright, and shrunk if its longest side is above `within_px`.
    """
    from PIL.Image import Image
    from PIL.ImageOps import exif_transpose

    if not isinstance(frame, Image):
        return _pictured(frame, within_px)
    picture = _eight_bits(frame)
    picture.thumbnail((within_px, within_px))
    exif_transpose(picture, in_place=True)
    return picture


def _pictured(frame: "VideoFrame", within_px: int) -> "Image":
    factor = min(1.0, within_px / max(frame.width, frame.height))
    width, height = (max(1, round(side * factor)) for side in (frame.width, frame.height))
    return cast("Image", frame.to_image(width=width, height=height))  # type: ignore[no-untyped-call]


def _eight_bits(image: "Image") -> "Image":
    if image.mode.startswith(("I", "F")):
        image = _scaled(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image.copy() if image.mode == mode else image.convert(mode)


def _scaled(image: "Image") -> "Image":
    """Map 16-bit, 32-bit and float pixels to 0..255, by the smallest usual white that fits."""
    wide = image.convert("F")
    _, high = cast("tuple[float, float]", wide.getextrema())
    usual = (65535.0,) if image.mode.startswith("I;16") else (1.0, 255.0, 65535.0)
    white = next((white for white in usual if high <= white), high)
    return wide.point(lambda value: value * (255 / white)).convert("L")
