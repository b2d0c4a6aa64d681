"""Names of a folder, found whatever case and Unicode form they are written in."""

from collections.abc import Sequence
from pathlib import Path

from vqd.domain.names import folded
from vqd.intake import tree

_FEW = 16


class FoldedNames:
    """Names to seek among.

    A few are sought in one long text, which costs next to nothing to make: thousands of job files
    that lie in one folder each look for what lies beside their inputs. Many are sought in a table.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._text = folded("\0".join(["", *names, ""]))
        self._table: dict[str, list[str]] | None = None
        self._sought = 0

    def like(self, name: str) -> list[str]:
        """Give every name that differs from this one in nothing but case and form."""
        self._sought += 1
        if self._sought <= _FEW:
            return self._in_text(f"\0{folded(name)}\0")
        if self._table is None:
            self._table = {}
            for one in self._names:
                self._table.setdefault(folded(one), []).append(one)
        return self._table.get(folded(name), [])

    def _in_text(self, wanted: str) -> list[str]:
        found = []
        at = self._text.find(wanted)
        while at >= 0:
            found.append(self._names[self._text.count("\0", 0, at)])
            at = self._text.find(wanted, at + 1)
        return found


class Listings:
    """Folders, each listed once: by all that share this, as it was when the first one asked."""

    def __init__(self) -> None:
        self._listed: dict[tuple[Path, ...], FoldedNames] = {}

    def of(self, root: Path, parts: Sequence[str]) -> FoldedNames:
        """Give the names in the folder `root/parts`."""
        key = (root, *map(Path, parts))
        if key not in self._listed:
            self._listed[key] = FoldedNames(tree.names(root, parts))
        return self._listed[key]
