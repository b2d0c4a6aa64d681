"""`python -m vqd`, and the `vqd` command."""

import gc

from vqd.cli.app import vqd

_YOUNG = 10_000
"""How many objects are made before they are looked through for garbage. Of what a verb imports
nearly all stays, which 700, Python's own number, has looked through two hundred times."""


def main() -> None:
    """Carry out one command line and exit with its code."""
    gc.set_threshold(_YOUNG)
    vqd.main(prog_name="vqd")


if __name__ == "__main__":
    main()
