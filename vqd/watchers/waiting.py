"""inbox/_vqd/WAITING.txt: for everything seen and not taken, what it waits for."""

from collections.abc import Collection
from pathlib import Path

from vqd.spool.files import replace_quickly
from vqd.spool.layout import OWN_FOLDER

_LONGEST = 1000


class WaitingList:
    """Keeps the reasons and writes the file when they change."""

    def __init__(self, inbox: Path) -> None:
        self._path = inbox / OWN_FOLDER / "WAITING.txt"
        self._reasons: dict[str, str] = {}
        self._written: str | None = None

    def says(self, name: str, reason: str) -> bool:
        """Tell whether this is what is noted for `name`."""
        return self._reasons.get(name) == reason

    def note(self, name: str, reason: str) -> None:
        """Note why `name` is not taken yet."""
        self._reasons[name] = reason

    def forget(self, name: str) -> None:
        """Note that `name` waits no more."""
        self._reasons.pop(name, None)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget what is gone."""
        self._reasons = {name: said for name, said in self._reasons.items() if name in names}

    def write(self) -> None:
        """Replace the file if what it says has changed."""
        text = self._text()
        if text == self._written:
            return
        self._path.parent.mkdir(exist_ok=True)
        replace_quickly(self._path, text.encode(errors="replace"))
        self._written = text

    def _text(self) -> str:
        if not self._reasons:
            return "Nothing is waiting.\n"
        shown = sorted(self._reasons.items())[:_LONGEST]
        lines = [f"{name!r}: {said}" for name, said in shown]
        if len(self._reasons) > _LONGEST:
            lines.append(f"… and {len(self._reasons) - _LONGEST} more")
        return "\n".join([*lines, ""])
