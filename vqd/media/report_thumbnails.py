"""The report's small pictures, made one by one within a number of bytes."""

from base64 import b64encode
from pathlib import Path
from typing import Final

from vqd.domain.errors import VqdError
from vqd.media.apart import Thumbnail, thumbnail
from vqd.media.report_text import text

# Room for one thumbnail in bytes, its longest side in pixels, its quality.
_LADDER: Final = (
    (120_000, 480, 78),
    (50_000, 384, 75),
    (24_000, 320, 72),
    (12_000, 256, 66),
    (5_500, 192, 58),
    (3_000, 144, 50),
    (1_600, 112, 42),
    (0, 80, 34),
)
_FIRST_THAT_MOVES: Final = 2
_MOST_AS_IT_IS: Final = 8_000  # bytes of a small PNG that is embedded as it is
_MOST_SHARES: Final = 2.5  # that one thumbnail may take


class Thumbnails:
    """Makes the thumbnails of `expected` prompts or inputs in `room` bytes of markup.

    No link below `folder` is followed.
    """

    def __init__(self, folder: Path, room: int, expected: int) -> None:
        self._folder = folder
        self._room = room
        self._expected: float = expected
        self._rungs: dict[str, int] = {}

    def markup(self, path: Path, *, among: int = 1) -> str:
        """Give the picture of a file as markup; where there can be none, its name and why.

        `among` is the number of files of the prompt that this one belongs to.
        """
        share = self._room / max(1, self._expected) / among
        self._expected -= 1 / among
        try:
            made = self._fitting(path, share * 3 / 4)  # base64 writes 3 bytes as 4
        except VqdError as error:
            return _placeholder(path.name, error.message)
        except OSError as error:
            return _placeholder(path.name, (error.strerror or "it cannot be read").lower())
        except ValueError:
            return _placeholder(path.name, "no file can have this name")
        source = f"data:{made.mime};base64,{b64encode(made.data).decode()}"
        if len(source) > self._room:
            return _placeholder(path.name, "the page is full")
        self._room -= len(source)
        whole = ' class="whole"' if made.is_whole else ""
        moves = " data-moves" if _moves(made) else ""
        return (
            f'<img src="{source}" width="{made.width}" height="{made.height}" alt=""'
            f' decoding="async"{whole}{moves}>'
        )

    def _fitting(self, path: Path, share: float) -> Thumbnail:
        kind = path.suffix.lower()
        first = next(rung for rung, (room, *_) in enumerate(_LADDER) if share >= room)
        for rung in range(max(first, self._rungs.get(kind, 0)), len(_LADDER)):
            _, longest_px, quality = _LADDER[rung]
            made = thumbnail(
                path,
                below=self._folder,
                longest_px=longest_px,
                quality=quality,
                as_is_bytes=min(_MOST_AS_IT_IS, int(share)),
            )
            is_larger_than_it_should = _moves(made) and rung < _FIRST_THAT_MOVES
            if len(made.data) <= _MOST_SHARES * share and not is_larger_than_it_should:
                break
        if _moves(made):  # clips take long to decode: the next one starts here
            self._rungs[kind] = rung
        return made


def _moves(made: Thumbnail) -> bool:
    """Tell whether a WebP has an ANIM chunk, which follows VP8X (RFC 9649)."""
    return made.data[30:34] == b"ANIM"


def _placeholder(name: str, why: str) -> str:
    return f'<span class="missing"><b>{text(name)}</b> No preview: {text(why)}</span>'
