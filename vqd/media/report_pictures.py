"""What the report shows of a file: a small picture, an excerpt or a tile, within a number of bytes.

Small pictures come from the thumbnails that are kept, and are made where there are none.
"""

import stat
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vqd.documents.opening import opened
from vqd.documents.sizes import size_told
from vqd.domain.errors import VqdError
from vqd.domain.kinds import KINDS, Shown
from vqd.media.apart import Thumbnail, thumbnails
from vqd.media.report_job import Content
from vqd.media.report_text import text
from vqd.media.texts import encoding_of
from vqd.media.thumbnails import Thumbnails

# Markup that one picture may take on the whole page, and the size that it has then.
_LADDER: Final = ((60_000, "large"), (18_000, "medium"), (4_000, "small"), (0, "tiny"))
_MOVES_FROM: Final = 110_000  # above this a clip's moving picture is embedded beside its poster
_TAG_BYTES: Final = 150  # of a picture, beside what it holds
_TINY_BYTES: Final = 3_500  # which is left for every picture still to come
_MOST_SHARES: Final = 3.0  # of what is left beside that, that one picture may take
_MOST_DRAWN: Final = 60_000  # bytes of an SVG
_EXCERPT_BYTES: Final = 4_000


class Pictures:
    """Makes the pictures of `expected` prompts or inputs in `room` bytes of markup.

    No link below `folder` is followed.
    """

    def __init__(
        self, folder: Path, room: int, expected: int, kept: Thumbnails | None = None
    ) -> None:
        self._folder = folder
        self._room = room
        self._expected: float = expected
        self._kept = kept
        self._nominal = room / max(1, expected)

    def markup(
        self, path: Path, kind: str, content: Content | None = None, *, among: int = 1
    ) -> str:
        """Give a file of this kind as markup; of what cannot be shown, its name and why.

        `content` is what it held when that was last seen. `among` is the number of files of the
        prompt that this one belongs to.
        """
        nominal = self._nominal / among
        share = self._room / max(1, self._expected) / among
        least = min(_TINY_BYTES, nominal)
        most = min(self._room - _TAG_BYTES, least + _MOST_SHARES * max(0, share - least))
        self._expected -= 1 / among
        try:
            made = self._shown(path, kind, content, most, nominal)
        except VqdError as error:
            return _missing(path.name, error.message)
        except OSError as error:
            return _missing(path.name, (error.strerror or "it cannot be read").lower())
        except ValueError:
            return _missing(path.name, "no file of a job can have this name")
        if len(made) > self._room:
            return _missing(path.name, "the page is full")
        self._room -= len(made)
        return made

    def _shown(
        self, path: Path, kind: str, content: Content | None, most: float, nominal: float
    ) -> str:
        if ".." in path.parts:  # as a manifest may say that somebody else wrote
            raise ValueError(path)
        shown = KINDS[kind].shown if kind in KINDS else Shown.TILE
        if shown is Shown.EXCERPT:
            return self._excerpt(path, min(_EXCERPT_BYTES, int(nominal)))
        if shown is Shown.TILE:
            return _tile(path, content)
        if kind == "vector":
            return self._drawing(path, content, most)
        return _img(self._thumbnails(path, content), most, nominal)

    def _thumbnails(self, path: Path, content: Content | None) -> tuple[Thumbnail, ...]:
        """Give those that are kept of a file, if that is still what it was; else make them."""
        if self._kept and content and has_length(path, content.bytes):
            return self._kept.make(path, content.sha256, below=self._folder)
        return thumbnails(path, below=self._folder)

    def _excerpt(self, path: Path, most_bytes: int) -> str:
        with opened(path, below=self._folder) as file:
            start = file.read(most_bytes + 1)
        told = start[:most_bytes].decode(encoding_of(start), errors="replace").rstrip("\ufffd")
        more = " …" if len(start) > most_bytes else ""
        return f'<span class="excerpt">{text(told)}{more}</span>'

    def _drawing(self, path: Path, content: Content | None, most: float) -> str:
        """Give an SVG as a picture, in which a browser runs no script and loads nothing."""
        with opened(path, below=self._folder) as file:
            data = file.read(_MOST_DRAWN + 1)
        source = f"data:image/svg+xml;base64,{b64encode(data).decode()}"
        if len(data) > _MOST_DRAWN or len(source) > most:
            return _tile(path, content)
        return f'<img src="{source}" alt="" decoding="async" data-drawn>'


def _img(made: Sequence[Thumbnail], most: float, nominal: float) -> str:
    stills = [one for one in made if one.size != "moving"]
    small_enough = {size for least, size in _LADDER if nominal >= least}
    fitting = (one for one in stills if one.size in small_enough and _markup_bytes(one) <= most)
    still = next(fitting, stills[-1])
    moving = next((one for one in made if one.size == "moving"), None)
    whole = ' class="whole"' if still.is_whole else ""
    moves = ""
    if moving is not None:
        is_embedded = nominal >= _MOVES_FROM
        moves = f' data-moves="{_data(moving)}"' if is_embedded else " data-moves"
    return (
        f'<img src="{_data(still)}" width="{still.width}" height="{still.height}" alt=""'
        f' decoding="async"{whole}{moves}>'
    )


def _data(made: Thumbnail) -> str:
    return f"data:{made.mime};base64,{b64encode(made.data).decode()}"


def _markup_bytes(made: Thumbnail) -> float:
    return len(made.data) * 4 / 3  # base64 writes 3 bytes as 4


def has_length(path: Path, length: int) -> bool:
    """Tell whether a file is so many bytes long; through no link.

    Raises:
        OSError: it is not there.
    """
    facts = path.lstat()
    return stat.S_ISREG(facts.st_mode) and facts.st_size == length


def _tile(path: Path, content: Content | None) -> str:
    extension = path.suffix.removeprefix(".") or "file"
    told = f"<i>{size_told(content.bytes)}</i>" if content else ""
    return f'<span class="tile"><b>{text(extension)}</b>{text(path.name)}{told}</span>'


def _missing(name: str, why: str) -> str:
    return f'<span class="missing"><b>{text(name)}</b> No preview: {text(why)}</span>'
