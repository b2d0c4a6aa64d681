"""What a document is made of: plain text, lists and mappings that know where they stand.

A `Text` is a `str`, a `Sequence` a `list` and a `Mapping` a `dict`, so that a schema reads them as
they are; `line` and `column` count from 1.
"""

from collections.abc import Iterable

from vqd.domain.frozen import frozen


class Text(str):
    """A scalar as it was written: `on`, `010` and `22:00` are text until a schema types them.

    `plain` is true where no quotes and no block sign stood around it.
    """

    __slots__ = ("column", "line", "plain")
    line: int
    column: int
    plain: bool

    @property
    def is_absent(self) -> bool:
        """Tell whether nothing was written: `name:` with no value."""
        return self.plain and not self


class Sequence(list["Node"]):
    """A list and the place of its first character."""

    __slots__ = ("column", "line")
    line: int
    column: int


class Mapping(dict[Text, "Node"]):
    """A mapping and the place of its first character; its keys have their own places."""

    __slots__ = ("column", "line")
    line: int
    column: int


Node = Text | Sequence | Mapping


@frozen
class Document:
    """A document that was read. `where` is the file's name as its owner knows it."""

    where: str
    root: Mapping

    def reach(self, path: Iterable[str | int]) -> tuple[Node, str]:
        """Give the deepest node on the way that `path` names, and its own key path.

        A part of the way that only the model has, not the document, is passed over.
        """
        node: Node = self.root
        reached: list[str | int] = []
        for part in path:
            below = _below(node, part)
            if below is not None:
                node = below
                reached.append(part)
        return node, written(reached)

    def key(self, path: Iterable[str | int]) -> Node:
        """Give the key that `path` ends in, or the deepest node where there is no such key."""
        *parents, last = path
        node, _ = self.reach(parents)
        keys = node if isinstance(node, Mapping) else ()
        return next((key for key in keys if key == last), node)


def written(path: Iterable[str | int]) -> str:
    """Write a key path: `fan_out.matrix.cfg[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _below(node: Node, part: str | int) -> Node | None:
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.get(Text(part))
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node):
        return node[part]
    return None
