"""What became of the settings when they were read last, for whoever asks how things are."""

import os
from contextlib import suppress
from pathlib import Path

_FILE = "settings.txt"
_MOST_BYTES = 4096


def tell(state_dir: Path, said: str | None) -> None:
    """Write down what is to be known of them; None if they count as they are written.

    A disk that is full keeps nobody from going on.
    """
    path = state_dir / _FILE
    with suppress(OSError):
        if said is None:
            path.unlink(missing_ok=True)
            return
        new = path.with_suffix(".new")
        new.write_text(said, encoding="utf-8", errors="replace")
        os.replace(new, path)  # noqa: PTH105 - the name is taken whole


def told(state_dir: Path) -> str | None:
    """Give what is to be known of them; None if they count as they are written, or nobody knows."""
    try:
        with (state_dir / _FILE).open("rb") as file:
            return file.read(_MOST_BYTES).decode(errors="replace").strip() or None
    except OSError:
        return None
