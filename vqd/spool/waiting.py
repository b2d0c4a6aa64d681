"""inbox/_vqd/WAITING.txt: what of the inbox is not taken yet, in lines for people."""

from collections.abc import Sequence
from pathlib import Path

from vqd.spool.layout import OWN_FOLDER

HEADING = "What is not taken yet, and what it waits for:\n\n"
NOTHING = "Nothing is waiting.\n"


def waiting_file(inbox: Path) -> Path:
    """Give where it lies."""
    return inbox / OWN_FOLDER / "WAITING.txt"


def waiting_in(inbox: Path) -> Sequence[str]:
    """Give its lines, `NAME: what it waits for`; none where nobody has written it."""
    try:
        text = waiting_file(inbox).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return () if text == NOTHING else text.removeprefix(HEADING).splitlines()
