"""inbox/_vqd/WAITING.txt: what of the inbox is not taken yet, in lines for people."""

from collections.abc import Sequence
from pathlib import Path

from vqd.documents.opening import opened
from vqd.domain.names import printable
from vqd.spool.layout import OWN_FOLDER

HEADING = "What is not taken yet, and what it waits for:\n\n"
NOTHING = "Nothing is waiting.\n"
_MOST_BYTES = 1 << 20


def waiting_file(inbox: Path) -> Path:
    """Give where it lies."""
    return inbox / OWN_FOLDER / "WAITING.txt"


def waiting_in(inbox: Path) -> Sequence[str]:
    """Give its lines, `NAME: what it waits for`, fit to be printed; none where vqd wrote none.

    It lies where anybody may put something else: no link is followed, and no more is read than vqd
    would have written.
    """
    try:
        with opened(waiting_file(inbox)) as file:
            text = file.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        return ()
    if text == NOTHING:
        return ()
    return [printable(line) for line in text.removeprefix(HEADING).splitlines()]
