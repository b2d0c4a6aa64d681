"""`python -m vqd`, and the `vqd` command."""

from vqd.cli.app import vqd


def main() -> None:
    """Carry out one command line and exit with its code."""
    vqd.main(prog_name="vqd")


if __name__ == "__main__":
    main()
