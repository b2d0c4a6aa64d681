"""inbox/_vqd/WAITING.txt: for everything seen and not taken, what it waits for."""

from collections.abc import Sequence
from itertools import chain, islice

import structlog

from vqd.domain.names import printable
from vqd.spool.files import replace_quickly
from vqd.spool.folders import make_folder
from vqd.spool.layout import Spool
from vqd.spool.waiting import HEADING, NOTHING, waiting_file

MOST_LINES = 1000

_log = structlog.get_logger(__name__)


class WaitingList:
    """Keeps the reasons and writes the file when they change."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._reasons: dict[str, str] = {}
        self._inside: dict[str, tuple[Sequence[tuple[str, str]], int]] = {}
        self._written: str | None = None
        self._is_silent = False

    def note(self, name: str, reason: str) -> None:
        """Note why `name` is not taken yet."""
        self._reasons[name] = reason

    def note_inside(self, name: str, lines: Sequence[tuple[str, str]], untold: int) -> None:
        """Note of paths in `name` what they wait for, or without a path more of `name` itself.

        `untold` is how many more there are.
        """
        self._inside[name] = lines, untold

    def forget(self, name: str) -> None:
        """Note that `name` waits no more."""
        self._reasons.pop(name, None)
        self._inside.pop(name, None)

    def write(self) -> None:
        """Replace the file if what it says has changed.

        Raises:
            VqdError: `spool_away`.
        """
        text = self._text()
        if text == self._written:
            return
        try:
            with self._spool.pinned() as root:
                path = waiting_file(root / self._spool.inbox.name)
                make_folder(path.parent, path.parents[1])
                replace_quickly(path, text.encode(errors="replace"))
        except OSError as error:
            if not self._is_silent:
                _log.warning("waiting.unwritten", error=error.strerror)
            self._is_silent = True
        else:
            self._written = text
            self._is_silent = False

    def _text(self) -> str:
        if not self._reasons:
            return NOTHING
        lines = chain.from_iterable(self._lines(name) for name in sorted(self._reasons))
        shown = [*islice(lines, MOST_LINES)]
        untold = len(self._reasons) - len(shown)
        untold += sum(len(inside) + more for inside, more in self._inside.values())
        if untold > 0:
            shown.append(f"… and {untold:,} more")
        return HEADING + "\n".join([*shown, ""])

    def _lines(self, name: str) -> Sequence[str]:
        inside, _ = self._inside.get(name, ((), 0))
        below = ((f"{name}/{path}" if path else name, said) for path, said in inside)
        told = [(name, self._reasons[name]), *below]
        return [f"{printable(path)}: {printable(said)}" for path, said in told]
