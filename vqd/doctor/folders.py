"""The folders that settings name, found without asking for them: one may lie on a dead share."""

import os
from pathlib import Path

from vqd.documents.reader import read
from vqd.domain.errors import VqdError
from vqd.places import placed
from vqd.settings import find_settings_file


def folders_named(settings_file: Path | None) -> dict[str, Path]:
    """Give `spool` and `state_dir` as the settings say them; none of settings that nobody can
    read."""
    try:
        path = find_settings_file(settings_file)
        told = placed(read(path).root, path.absolute().parent) if path else {}
    except (VqdError, OSError):
        told = {}
    named = {key: os.environ.get(f"VQD_{key.upper()}") or told.get(key) for key in _KEYS}
    return {key: Path(said) for key, said in named.items() if isinstance(said, str | Path)}


_KEYS = ("spool", "state_dir")
