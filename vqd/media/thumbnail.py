"""Small pictures of pictures, clips and sounds, for the report."""

import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vqd.media.decoding import Clip, Picture, Undecodable, flat, open_media, spread

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
_JPEG_FROM: Final = 60
_JPEG_MORE: Final = 8
# What of a PNG is seen (PNG specification, 3rd edition, 11): no texts, times or private chunks.
_SEEN: Final = frozenset(b"IHDR PLTE tRNS IDAT IEND gAMA cHRM sRGB iCCP cICP sBIT bKGD".split())
_NOT_AS_IT_IS: Final = frozenset((b"acTL", b"eXIf"))
_SOUND_RATE: Final = 8000
_PEAK_SAMPLES: Final = 80


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture, ready to be embedded. It moves if it is of a clip, and then it is WebP.

    `is_whole`: it has as many pixels as what it was made of.
    """

    mime: str
    data: bytes
    width: int
    height: int
    is_whole: bool = False


def thumbnail(
    path: Path,
    *,
    below: Path | None = None,
    longest_px: int = 256,
    quality: int = 70,
    as_is_bytes: int = 0,
) -> Thumbnail:
    """Give a small picture of a picture, up to 12 frames of a clip in 60 KB, or a sound's waveform.

    Pictures are turned as their EXIF data ask, and stay transparent. Nothing is enlarged. Of a PNG
    that is small enough, and takes at most `as_is_bytes`, the very pixels are given. What else a
    file holds, such as ComfyUI's workflow, is left out.

    Raises:
        Undecodable, OSError: as `probe`.
    """
    with open_media(path, below) as media:
        size = _size(media)
        if max(size) <= longest_px and (bare := _as_it_is(media, as_is_bytes)):
            return Thumbnail("image/png", bare, *size, is_whole=True)
        pictures = _small(media, longest_px)
    if not pictures:
        raise Undecodable("it is damaged: there is no picture in it")
    made = _moving(pictures, quality) if len(pictures) > 1 else _still(pictures[0], quality)
    return replace(made, is_whole={made.width, made.height} == {*size})


def _size(media: Picture | Clip) -> tuple[int, int]:
    if isinstance(media, Picture):
        return media.image.size
    return (media.video.width, media.video.height) if media.video else (0, 0)


def _as_it_is(media: Picture | Clip, most_bytes: int) -> bytes | None:
    if not most_bytes or isinstance(media, Clip) or media.image.format != "PNG":
        return None
    position = media.file.seek(0, os.SEEK_CUR)
    media.file.seek(0)
    bare = _bare_png(media.file.read())
    media.file.seek(position)
    return bare if bare and len(bare) <= most_bytes else None


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


def _moving(pictures: "Sequence[Image]", quality: int) -> Thumbnail:
    for size, share in _STEPS:
        made = _webp([_resized(picture, size) for picture in pictures], round(quality * share))
        if len(made.data) <= _MOST_BYTES:
            break
    return made


def _still(picture: "Image", quality: int) -> Thumbnail:
    if picture.mode != "RGB" or quality < _JPEG_FROM:
        return _webp([picture], quality)
    data = BytesIO()
    picture.save(data, "JPEG", quality=quality + _JPEG_MORE, comment=b"")
    return Thumbnail("image/jpeg", data.getvalue(), picture.width, picture.height)


def _webp(pictures: "Sequence[Image]", quality: int) -> Thumbnail:
    first, *others = pictures
    data = BytesIO()
    first.save(
        data,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=_FRAME_MS,
        quality=quality,
        method=2,
    )
    return Thumbnail("image/webp", data.getvalue(), first.width, first.height)


def _resized(picture: "Image", share: float) -> "Image":
    if share == 1.0:
        return picture
    return picture.resize((max(1, int(picture.width * share)), max(1, int(picture.height * share))))


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
    from PIL import Image, ImageDraw

    width, height = longest_px, max(8, longest_px // 4)
    picture = Image.new("RGB", (width, height), "#f4f4f2")
    draw = ImageDraw.Draw(picture)
    middle = height / 2
    for x in range(width):
        start = x * len(peaks) // width
        column = peaks[start : max(start + 1, (x + 1) * len(peaks) // width)]
        reach = middle * max(column, default=0) / 32768
        draw.line([(x, middle - reach), (x, middle + reach)], fill="#3d6a99")
    return picture
