"""Looking into folders in which others work."""

import os
from pathlib import Path


def files_below(folder: Path) -> list[Path]:
    """Give every file below a folder; a folder that goes while it is looked into has none, where
    `Path.rglob` raises."""
    return [Path(place, name) for place, _, names in os.walk(folder) for name in names]
