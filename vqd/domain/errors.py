"""Faults, told so that a person can mend them.

VqdError                a code for machines, a message for people, a hint for whoever runs vqd
'-- Faults              everything wrong with one file, at once
"""

from collections.abc import Iterable

from vqd.domain.frozen import frozen
from vqd.domain.names import is_text, printable, readable

_MOST_ALLOWED = 400
"""Characters of a list of what is allowed, which may be that of every LoRA on a server."""


@frozen
class Problem:
    """One fault: what, which, why, and what to do.

    `code` is stable (`unknown_key`, `missing_input`, …). `where` is the file as its owner knows
    it (relative to the drop); `line` and `column` count from 1 and are None where the fault is not
    in a text. `key` is the dotted key path (`params.steps`).
    """

    code: str
    said: str
    where: str | None = None
    line: int | None = None
    column: int | None = None
    key: str | None = None
    found: str | None = None
    allowed: str | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        """Let a file's name that is not UTF-8 stand in it in a form that can be stored."""
        for name in ("said", "where", "found"):
            text = getattr(self, name)
            if text is not None and not is_text(text):
                object.__setattr__(self, name, readable(text))

    def __str__(self) -> str:
        """Give it in a sentence or two; what is allowed only where no hint says what to do."""
        return printable(self._hinted() if self.hint else self._sentence() + self._allowed())

    @property
    def in_full(self) -> str:
        """Give it with the hint and with what is allowed."""
        return printable(self._hinted() + self._allowed())

    def _hinted(self) -> str:
        return f"{self._sentence()} {self.hint}" if self.hint else self._sentence()

    def _sentence(self) -> str:
        place = ":".join(str(part) for part in (self.where, self.line) if part is not None)
        return ": ".join(part for part in (place, self.key, self.said) if part)

    def _allowed(self) -> str:
        if self.allowed is None or self.allowed in self.said or self.allowed in (self.hint or ""):
            return ""
        if len(self.allowed) <= _MOST_ALLOWED:
            return f" Allowed: {self.allowed}."
        return f" Allowed: {self.allowed[:_MOST_ALLOWED].rpartition(', ')[0]}, …"


STORE_DISK = "store_disk"
"""The code of what the queue had no room for: nothing of it is written, and all can be when there
is room."""
STORE_UNREACHABLE = "store_unreachable"
"""The code of a queue that does not answer now: as with STORE_DISK."""
DEPOT_AWAY = "depot_away"
"""The code of a depot that does not answer now, or refuses: what was asked may be asked again."""
DEPOT_LACKS = "depot_lacks"
"""The code of what is not in the depot, or not as it was put there."""
STORE_LOCKED = "store_locked"
"""The code of what the queue did not take because another program held it: as with STORE_DISK."""


class VqdError(Exception):
    """Something vqd can name: `code` for machines, the message for people, `hint` for the cure."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message} {hint}" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint

    @property
    def is_of_queue(self) -> bool:
        """Tell whether the queue's database could not be read or written."""
        return self.code.startswith("store_")

    @property
    def may_pass(self) -> bool:
        """Tell whether the queue, which took nothing, may take the same in a while."""
        return self.code in (STORE_DISK, STORE_LOCKED, STORE_UNREACHABLE)


class Faults(VqdError):
    """Everything wrong with one file or one job, found in one reading."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("Faults needs at least one problem")
        super().__init__(self.problems[0].code, "\n".join(map(str, self.problems)))
