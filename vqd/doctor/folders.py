"""The folders that settings name, found without asking for them: one may lie on a dead share."""

import os
from pathlib import Path

from vqd.documents.tree import Text
from vqd.domain.errors import VqdError
from vqd.settings.environment import lay_environment
from vqd.settings.files import find_files, lay_files
from vqd.settings.layers import Layers

_KEYS = ("spool", "state_dir")


def folders_named(settings_file: Path | None) -> dict[str, Path]:
    """Give `spool` and `state_dir` as the settings say them; none of settings that nobody can
    read."""
    layers = Layers()
    try:
        lay_files(layers, find_files(settings_file))
        lay_environment(layers, os.environ, _KEYS)
    except VqdError:
        return {}
    named = ((key, layers.root.get(Text(key))) for key in _KEYS)
    return {key: Path(said) for key, said in named if isinstance(said, Text)}
