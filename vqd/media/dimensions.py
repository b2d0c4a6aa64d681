"""Width and height of a picture or clip, from its beginning, without decoding it."""

from pathlib import Path

from vqd.media.decoding import Clip, Undecodable, open_media

__all__ = ["Undecodable", "dimensions"]

_ORIENTATION = 0x0112
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})


def dimensions(path: Path, *, below: Path | None = None) -> tuple[int, int]:
    """Give width and height in pixels as ComfyUI loads them: a picture turned as its EXIF data
    say, a clip as it is stored.

    With `below`, a folder on the way, no link below that is followed.

    Raises:
        Undecodable: it is no picture or clip.
        OSError: it cannot be opened or read.
    """
    with open_media(path, below) as media:
        if isinstance(media, Clip):
            if media.video is None:
                raise Undecodable("there is no picture in it")
            return media.video.width, media.video.height
        width, height = media.image.size
        turned = media.image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
        return (height, width) if turned else (width, height)
