"""Small pictures of pictures, clips and sounds, in a few sizes made of one decoding."""

import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vqd.domain.frozen import frozen
from vqd.media.decoding import Clip, Picture, Undecodable, open_media
from vqd.media.frames import flat, spread

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from PIL.Image import Image

_MOST_FRAMES: Final = 12
_FRAME_MS: Final = 200
_MOST_BYTES: Final = 60_000
# Steps down for a clip above _MOST_BYTES: share of the size, share of the quality.
_STEPS: Final = ((1.0, 1.0), (1.0, 0.6), (0.75, 0.5), (0.5, 0.4), (0.35, 0.2), (0.25, 0.0))
# From this quality an opaque still picture is JPEG, which takes a tenth of WebP's time and, with a
# little more quality, looks the same; below it WebP, which needs half the bytes.
_JPEG_FROM: Final = 70
_JPEG_MORE: Final = 8
# What of a PNG is seen (PNG specification, 3rd edition, 11): no texts, times or private chunks.
_SEEN: Final = frozenset(b"IHDR PLTE tRNS IDAT IEND gAMA cHRM sRGB iCCP cICP sBIT bKGD".split())
_NOT_AS_IT_IS: Final = frozenset((b"acTL", b"eXIf"))
_SOUND_RATE: Final = 8000
_PEAK_SAMPLES: Final = 80
_BAR_PX: Final = 8  # from one bar of a waveform to the next
_SOUND_COLOUR: Final = (74, 127, 201, 255)  # can be seen on white and on black


@frozen
class Size:
    """What a thumbnail is to be: its longest side in pixels, its quality (0 to 100), whether it
    moves. A PNG that takes at most `as_is_bytes` is given as it is."""

    name: str
    longest_px: int
    quality: int
    moves: bool = False
    as_is_bytes: int = 0


SIZES: Final = (
    Size("large", 640, 76, as_is_bytes=24_000),
    Size("medium", 352, 62, as_is_bytes=12_000),
    Size("small", 208, 54, as_is_bytes=6_000),
    Size("tiny", 96, 40, as_is_bytes=1_500),
    Size("moving", 320, 60, moves=True),
)
"""The largest first, and for what moves one that moves."""


@frozen
class Thumbnail:
    """A small picture, ready to be embedded; `size` is the name of its `Size`.

    `is_whole`: it has as many pixels as what it was made of.
    """

    size: str
    mime: str
    data: bytes
    width: int
    height: int
    is_whole: bool = False


def thumbnails(
    path: Path, *, below: Path | None = None, sizes: Sequence[Size] = SIZES
) -> tuple[Thumbnail, ...]:
    """Give small pictures of a picture, a clip or a sound's waveform, in the order of `sizes`.

    Of a clip those that do not move show a moment early in it, not its first, which is often black;
    the moving one has up to 12 frames in 60 KB. What does not move has none. Pictures are turned as
    their EXIF data ask, and stay transparent. Nothing is enlarged. What else a file holds, such as
    ComfyUI's workflow, is left out.

    Raises:
        Undecodable, OSError: as `probe`.
    """
    longest_px = max(size.longest_px for size in sizes)
    with open_media(path, below) as media:
        full = _size(media)
        bare = _bare(media, max(size.as_is_bytes for size in sizes))
        pictures = _small(media, longest_px)
    if not pictures:
        raise Undecodable("it is damaged: there is no picture in it")
    made = _made(pictures, sizes, bare if max(full) <= longest_px else b"", full)
    return tuple(replace(one, is_whole={one.width, one.height} == {*full}) for one in made)


def _made(
    pictures: "Sequence[Image]", sizes: Sequence[Size], bare: bytes, full: tuple[int, int]
) -> Iterator[Thumbnail]:
    poster = pictures[(len(pictures) + 1) // 3]
    for size in sizes:
        if size.moves:
            if len(pictures) > 1:
                yield _moving([_within(one, size.longest_px) for one in pictures], size)
        elif 0 < len(bare) <= size.as_is_bytes and max(full) <= size.longest_px:
            yield Thumbnail(size.name, "image/png", bare, *full)
        else:
            yield _still(_within(poster, size.longest_px), size)


def _size(media: Picture | Clip) -> tuple[int, int]:
    if isinstance(media, Picture):
        return media.image.size
    return (media.video.width, media.video.height) if media.video else (0, 0)


def _bare(media: Picture | Clip, most_bytes: int) -> bytes:
    """Give a small PNG with nothing but what is seen of it; of anything else nothing."""
    if not most_bytes or isinstance(media, Clip) or media.image.format != "PNG":
        return b""
    position = media.file.seek(0, os.SEEK_CUR)
    media.file.seek(0)
    bare = _bare_png(media.file.read())
    media.file.seek(position)
    return bare if bare and len(bare) <= most_bytes else b""


def _bare_png(png: bytes) -> bytes | None:
    """Give a PNG without what is not seen of it; None if it moves, or is to be turned."""
    kept, start, kind = [png[:8]], 8, b""
    while kind != b"IEND" and start < len(png):
        end = start + 12 + int.from_bytes(png[start : start + 4], "big")
        kind = png[start + 4 : start + 8]
        if kind in _NOT_AS_IT_IS:
            return None
        if kind in _SEEN:
            kept.append(png[start:end])
        start = end
    return b"".join(kept)


def _small(media: Picture | Clip, longest_px: int) -> "list[Image]":
    if isinstance(media, Clip) and media.video is None:
        return [_waveform(_peaks(media), longest_px)]
    if isinstance(media, Picture):
        media.image.draft("RGB", (longest_px, longest_px))
    shrink = partial(flat, within_px=longest_px)
    pictures = spread(media.frames(), most=_MOST_FRAMES, keep=shrink)
    return [picture for picture in pictures if picture.size == pictures[0].size]


def _within(picture: "Image", longest_px: int) -> "Image":
    return _resized(picture, min(1.0, longest_px / max(picture.size)))


def _moving(pictures: "Sequence[Image]", size: Size) -> Thumbnail:
    for shrunk, share in _STEPS:
        made = _webp([_resized(one, shrunk) for one in pictures], size, share)
        if len(made.data) <= _MOST_BYTES:
            break
    return made


def _still(picture: "Image", size: Size) -> Thumbnail:
    if picture.mode != "RGB" or size.quality < _JPEG_FROM:
        return _webp([picture], size)
    data = BytesIO()
    picture.save(data, "JPEG", quality=size.quality + _JPEG_MORE, comment=b"")
    return Thumbnail(size.name, "image/jpeg", data.getvalue(), picture.width, picture.height)


def _webp(pictures: "Sequence[Image]", size: Size, share: float = 1.0) -> Thumbnail:
    first, *others = pictures
    data = BytesIO()
    first.save(
        data,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=_FRAME_MS,
        quality=round(size.quality * share),
        method=2,
    )
    return Thumbnail(size.name, "image/webp", data.getvalue(), first.width, first.height)


def _resized(picture: "Image", share: float) -> "Image":
    if share == 1.0:
        return picture
    width, height = (max(1, round(side * share)) for side in picture.size)
    return picture.resize((width, height))


def _peaks(clip: Clip) -> list[int]:
    """Give the loudest sample, 0 to 32768, of every hundredth of a second."""
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

    resampler = AudioResampler("s16", "mono", _SOUND_RATE, frame_size=_PEAK_SAMPLES)
    return [
        _peak(part)
        for frame in clip.decoded()
        if isinstance(frame, AudioFrame)
        for part in resampler.resample(frame)
    ]


def _peak(frame: "AudioFrame") -> int:
    samples = array("h", bytes(frame.planes[0])[: 2 * frame.samples])
    return max(max(samples), -min(samples))


def _waveform(peaks: Sequence[int], longest_px: int) -> "Image":
    """Draw it on nothing, so that it suits any ground."""
    from PIL import Image, ImageDraw

    width, height = longest_px, max(8, longest_px // 4)
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    middle, bars = height / 2, max(1, width // _BAR_PX)
    for bar in range(bars):
        start = bar * len(peaks) // bars
        column = peaks[start : max(start + 1, (bar + 1) * len(peaks) // bars)]
        reach = max(1.0, middle * max(column, default=0) / 32768)
        left = _BAR_PX * bar
        box = (left, middle - reach, left + _BAR_PX / 2, middle + reach)
        draw.rounded_rectangle(box, _BAR_PX / 4, fill=_SOUND_COLOUR)
    return picture
