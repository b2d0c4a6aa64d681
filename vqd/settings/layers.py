"""Settings laid over one another, of which each value keeps where it was written."""

from collections.abc import Iterable
from typing import TypeVar

from vqd.documents.tree import Document, Mapping, Node, Sequence, Text, written
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.names import is_text

_N = TypeVar("_N", bound=Node)

_SHORT_KEY = "url"
"""What a server is that stands in the list by its URL alone."""
_LONGEST_PLACE = 9


@frozen
class Origin:
    """Where a value was written: a file, with its line; or a variable or a flag, without one."""

    where: str
    line: int | None = None

    def __str__(self) -> str:
        """Give it as editors and compilers write places."""
        return self.where if self.line is None else f"{self.where}:{self.line}"


class Layers:
    """One tree of everything that was written, the later over the earlier.

    A mapping is laid over a mapping key by key; everything else takes the place of what was there.
    What no file says has no line, which is 0 here.
    """

    def __init__(self) -> None:
        self.root = _unplaced(Mapping())
        self._origins: dict[str, str] = {}

    @property
    def document(self) -> Document:
        """Give the tree as a document. Of a fault in it, `origin` tells where that was written."""
        return Document("the settings", self.root)

    def lay(self, document: Document) -> None:
        """Lay what a file says over what is there. A key with nothing behind it says nothing."""
        self._lay(self.root, document.root, document.where, ())

    def put(self, path: Iterable[str], node: Node, where: str) -> None:
        """Put one value, as a variable or a flag names it.

        A part of the path that is a number counts in a list from 0, and may be the first that is
        not there yet. Other parts are matched with what is there blind to case.

        Raises:
            Faults: `unknown_index`, a list has no such place.
        """
        parts = [*path]
        holder: Mapping | Sequence = self.root
        at: tuple[str | int, ...] = ()
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            key = _key_in(holder, part, where)
            at = (*at, key)
            if following is None:
                self._set(holder, key, _unplaced(node), at, where)
                return
            below = _opened(holder, key)
            if below is None:
                below = _unplaced(Sequence() if is_place(following) else Mapping())
                self._set(holder, key, below, at, where)
            holder = below

    def where(self, key: str) -> str | None:
        """Say where the nearest was written on the way to a key, such as `servers[0].url`."""
        on_the_way = [one for one in self._origins if _is_on_the_way(one, key)]
        return self._origins[max(on_the_way, key=len)] if on_the_way else None

    def origin(self, path: Iterable[str | int]) -> Origin | None:
        """Give where the value at a path was written; None if nobody wrote it."""
        *above, last = way = [*path]
        node, key = self.document.reach(way)
        is_short = isinstance(node, Text) and last == _SHORT_KEY and key == written(above)
        where = self.where(key) if is_short or key == written(way) else None
        return None if where is None else Origin(where, node.line or None)

    def _lay(self, below: Mapping, above: Mapping, where: str, at: tuple[str | int, ...]) -> None:
        for key, node in above.items():
            if isinstance(node, Text) and node.is_absent:
                continue
            under = below.get(key)
            if isinstance(node, Mapping) and isinstance(under, Mapping):
                self._lay(under, node, where, (*at, str(key)))
            else:
                self._set(below, key, node, (*at, str(key)), where)

    def _set(
        self,
        holder: Mapping | Sequence,
        key: str | int,
        node: Node,
        at: tuple[str | int, ...],
        where: str,
    ) -> None:
        if isinstance(holder, Sequence):
            holder[int(key) :] = [node, *holder[int(key) + 1 :]]
        else:
            placed = key if isinstance(key, Text) else _unplaced(Text(key))
            holder.pop(placed, None)  # the key itself tells where it stands, too
            holder[placed] = node
        above = written(at)
        kept = {one: said for one, said in self._origins.items() if not _is_on_the_way(above, one)}
        self._origins = {**kept, above: where}


def plain(value: str) -> Text:
    """Give a text that stands in no file."""
    return _unplaced(Text(value))


def require_text(value: str, where: str) -> None:
    """Do nothing if what a variable or a flag says, and how it is called, is UTF-8.

    Raises:
        Faults: `not_utf8`.
    """
    if not (is_text(value) and is_text(where)):
        hint = "Write it as UTF-8."
        raise Faults([Problem("not_utf8", "is not UTF-8.", where, found=value, hint=hint)])


def is_place(part: str) -> bool:
    """Tell whether a part of a variable's name counts in a list; not every digit of Unicode is one
    of a number, and not every number can be read."""
    return part.isdecimal() and len(part) <= _LONGEST_PLACE


def _key_in(holder: Mapping | Sequence, part: str, where: str) -> str | int:
    if isinstance(holder, Mapping):
        return next((key for key in holder if key.casefold() == part.casefold()), part.lower())
    if is_place(part) and int(part) <= len(holder):
        return int(part)
    said = f"there is no place {part} in the list, which has {len(holder)}."
    allowed = f"a number from 0 to {len(holder)}"
    raise Faults([Problem("unknown_index", said, where, found=part, allowed=allowed)])


def _opened(holder: Mapping | Sequence, key: str | int) -> Mapping | Sequence | None:
    """Give what holds more below a key; None where nothing does yet. A server that is its URL alone
    becomes the mapping that this stands for."""
    if isinstance(holder, Sequence):
        below = holder[int(key)] if int(key) < len(holder) else None
        if isinstance(below, Text):
            below = holder[int(key)] = _in_full(below)
    else:
        below = holder.get(Text(key))
    return None if isinstance(below, Text) else below


def _in_full(url: Text) -> Mapping:
    server = Mapping({plain(_SHORT_KEY): url})
    server.line, server.column = url.line, url.column
    return server


def _is_on_the_way(above: str, key: str) -> bool:
    return key == above or key.startswith((f"{above}.", f"{above}["))


def _unplaced(node: _N) -> _N:
    """Give a node, with all below it, that stands in no file."""
    node.line = node.column = 0
    if isinstance(node, Text):
        node.plain = True
    elif isinstance(node, Sequence):
        for one in node:
            _unplaced(one)
    else:
        for key, one in node.items():
            _unplaced(key)
            _unplaced(one)
    return node
