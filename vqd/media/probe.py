"""What a file holds: the whole of it decoded, so that a cut or damaged one is found out."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from vqd.domain.frozen import frozen
from vqd.media.decoding import Clip, Picture, Undecodable, open_media
from vqd.media.frames import Frame, flat, spread

__all__ = ["Media", "Undecodable", "blackness", "probe"]

_BLACK_BELOW: Final = 8


@frozen
class Media:
    """One file, all of which was read. `kind` is one of `KINDS`; None: does not apply, or is not
    known.

    A GIF, WebP or PNG is an image however many `frames` it has. Width and height are those of the
    stored pixels, before any rotation noted in the file. `bytes` is the file's length, `sha256` the
    hash of what was read, in hex. `sample_rate` is in Hz, `chars` counts the characters of a text.
    `extensions` are those that its format goes by, the usual one first; empty where that is open.
    """

    sha256: str
    bytes: int
    kind: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: float | None = None
    seconds: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    chars: int | None = None
    extensions: tuple[str, ...] = ()


def probe(path: Path, *, below: Path | None = None) -> Media:
    """Give what `path` holds, by its content, after decoding every frame and sample of it.

    With `below`, a folder on the way, no link below that is followed.

    Raises:
        Undecodable: it is empty, cut off, damaged, too large, a link, or nothing known.
        OSError: it cannot be opened or read.
    """
    with open_media(path, below) as media:
        return _probe_clip(media) if isinstance(media, Clip) else _probe_picture(media)


def blackness(path: Path, *, below: Path | None = None) -> float:
    """Give the share of black pixels, 0 to 1: the mean over up to 16 frames spread over the file.

    A pixel is black if red, green and blue are all below 8 of 255. A sound has none: 0.

    Raises:
        Undecodable, OSError: as `probe`.
    """
    with open_media(path, below) as media:
        shares = spread(media.frames(), most=16, keep=_black_share)
    return sum(shares) / len(shares) if shares else 0.0


def _probe_picture(picture: Picture) -> Media:
    frames = sum(1 for _ in picture.frames())
    width, height = picture.image.size
    moves = frames > 1 and picture.seconds > 0
    return Media(
        *digest(picture.file),
        kind="image",
        width=width,
        height=height,
        frames=frames,
        fps=frames / picture.seconds if moves else None,
        seconds=picture.seconds if moves else None,
        extensions=picture.made_as.extensions,
    )


def _probe_clip(clip: Clip) -> Media:
    frames = sum(1 for _ in clip.frames())
    if clip.video is not None and not frames:
        raise Undecodable("it is damaged: there is no picture in it")
    heard = Media(
        *digest(clip.file),
        kind="audio",
        seconds=clip.seconds,
        extensions=clip.extensions,
        **_sound(clip),
    )
    if clip.video is None:
        return heard
    seen = replace(heard, width=clip.video.width, height=clip.video.height, frames=frames)
    if clip.is_still:
        return replace(seen, kind="image", seconds=None)
    rate = clip.video.average_rate
    return replace(seen, kind="video", fps=float(rate) if rate else None)


def _sound(clip: Clip) -> dict[str, Any]:
    """Give the fields that tell of the first sound."""
    sound = next(iter(clip.container.streams.audio), None)
    if sound is None:
        return {}
    return {"sample_rate": sound.rate, "channels": sound.layout.nb_channels}


def digest(file: BinaryIO) -> tuple[str, int]:
    """Give the sha256 of a file, in hex, and its length in bytes."""
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # BytesIO does as well
    return sha256.hexdigest(), file.seek(0, os.SEEK_END)


def _black_share(frame: Frame) -> float:
    from PIL import ImageChops

    red, green, blue = flat(frame).convert("RGB").split()
    brightest = ImageChops.lighter(red, ImageChops.lighter(green, blue))
    histogram = brightest.histogram()
    return sum(histogram[:_BLACK_BELOW]) / sum(histogram)
