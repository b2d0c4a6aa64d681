"""`python -m vqd`, and the `vqd` command."""

import gc
import os
import sys

from vqd.cli.app import ends_in_words, vqd

_YOUNG = 10_000
"""How many objects are made before they are looked through for garbage. Of what a verb imports
nearly all stays, which 700, Python's own number, has looked through two hundred times."""
_STDIN, _STDOUT, _STDERR = range(3)


def main() -> None:
    """Carry out one command line and exit with its code."""
    gc.set_threshold(_YOUNG)
    _open_closed_streams()
    try:
        ends_in_words(vqd.main)(prog_name="vqd")
    finally:
        _give_up_unwritten()


def _open_closed_streams() -> None:
    """Let what comes from and goes to a stream that is closed be nothing. Python has None in its
    place then, and the next file that is opened gets its number, and what others write to it."""
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or os.fdopen(_STDIN, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(_STDOUT, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w", encoding="utf-8", closefd=False)


def _give_up_unwritten() -> None:
    """Drop what a full disk did not take, which was told: Python would try it again at its end, and
    end with a code of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)


if __name__ == "__main__":
    main()
