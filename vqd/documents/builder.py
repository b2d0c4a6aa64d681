"""A document's tree, built from the events of a YAML parser within limits."""

from typing import Any

import yaml

from vqd.documents.tree import Mapping, Node, Sequence, Text
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen

_MOST_PROBLEMS = 50


@frozen
class Limits:
    """How much of a document is read before it is refused."""

    most_bytes: int = 1 << 20
    most_nodes: int = 200_000
    deepest: int = 20

    @property
    def too_deep(self) -> str:
        """What is said of one that is nested deeper."""
        return f"is nested deeper than {self.deepest} levels."


USUAL = Limits()


class Builder:
    """Nodes from events. A fault that would let the text grow ends the reading at once."""

    def __init__(self, where: str, limits: Limits, null: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._where = where
        self._limits = limits
        self._null = null
        self._nodes = 0
        self._open: list[Mapping | Sequence] = []
        self._keys: list[Text | None] = []

    def take(self, event: Any) -> None:
        """Grow the tree by one event.

        Raises:
            Faults: a limit is broken, or an anchor, an alias or a tag was found.
        """
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._count(event)
            self._add_text(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._count(event)
            self._begin(event, Mapping() if kind is yaml.MappingStartEvent else Sequence())
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._open.pop()
            self._keys.pop()
        elif kind is yaml.AliasEvent:
            self._refuse_anchor(event)
        elif kind is yaml.DocumentStartEvent and self.root is not None:
            self._refuse(event, "several_documents", "a second document begins.", "Keep one.")

    def _count(self, event: Any) -> None:
        self._nodes += 1
        if event.anchor is not None:
            self._refuse_anchor(event)
        if event.tag is not None:
            said = f"the tag {event.tag} is not read."
            self._refuse(event, "tag", said, "Write the value alone, in quotes if it begins by !.")
        if self._nodes > self._limits.most_nodes:
            said = f"holds more than {self._limits.most_nodes} values."
            self._refuse(event, "too_many_values", said, "Split it.")

    def _add_text(self, event: Any) -> None:
        text = Text(event.value)
        mark = event.start_mark
        text.line, text.column = mark.line + 1, mark.column + 1
        text.plain = event.implicit[0]
        if text.plain and text == self._null:
            text = _nothing_at(text)
        holder = self._open[-1] if self._open else None
        if isinstance(holder, Mapping) and self._keys[-1] is None:
            self._begin_entry(holder, text)
        else:
            self._add(text)

    def _begin_entry(self, holder: Mapping, key: Text) -> None:
        if key in holder:
            first = next(known for known in holder if known == key)
            said = f"`{key}` stands twice; first in line {first.line}."
            self._note(key.line, key.column, "duplicate_key", said, "Keep one of them.")
        self._keys[-1] = key

    def _begin(self, event: Any, node: Mapping | Sequence) -> None:
        mark = event.start_mark
        node.line, node.column = mark.line + 1, mark.column + 1
        if len(self._open) >= self._limits.deepest:
            self._refuse(event, "too_deep", self._limits.too_deep, "Flatten it.")
        if self._open and isinstance(self._open[-1], Mapping) and self._keys[-1] is None:
            self._refuse(event, "key_not_text", "a key is a list or a mapping.", "Use text.")
        self._add(node)
        self._open.append(node)
        self._keys.append(None)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        holder = self._open[-1]
        if isinstance(holder, Sequence):
            holder.append(node)
            return
        key = self._keys[-1]
        assert key is not None
        holder[key] = node
        self._keys[-1] = None

    def _refuse_anchor(self, event: Any) -> None:
        said = f"the anchor or alias `{event.anchor}` is not read."
        self._refuse(event, "alias", said, "Write the value out, in quotes if it begins by & or *.")

    def _refuse(self, event: Any, code: str, said: str, hint: str) -> None:
        mark = event.start_mark
        self._note(mark.line + 1, mark.column + 1, code, said, hint)
        raise Faults(self.problems)

    def _note(self, line: int, column: int, code: str, said: str, hint: str) -> None:
        self.problems.append(Problem(code, said, self._where, line, column, hint=hint))
        if len(self.problems) >= _MOST_PROBLEMS:
            raise Faults(self.problems)


def _nothing_at(place: Text) -> Text:
    nothing = Text()
    nothing.line, nothing.column, nothing.plain = place.line, place.column, True
    return nothing
