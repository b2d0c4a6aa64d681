"""Where the paths in a settings file lead: from the folder of that file."""

from pathlib import Path
from typing import Any

from vqd.documents.tree import Mapping, Text

_PATHS = frozenset({"spool", "state_dir", "workflows", "input_roots", "path_map"})


def placed(root: Mapping, base: Path) -> dict[str, Any]:
    """Give what a settings file says, with its paths as they lead from `base`.

    A key that says nothing is left out.
    """
    values: dict[str, Any] = {
        str(key): value for key, value in root.items() if value or not _is_absent(value)
    }
    for key in _PATHS & values.keys():
        if isinstance(values[key], str):
            values[key] = base / values[key]
        elif isinstance(values[key], list):
            values[key] = [base / str(folder) for folder in values[key]]
        elif isinstance(values[key], Mapping):
            values[key] = {name: base / str(folder) for name, folder in values[key].items()}
    if isinstance(values.get("servers"), list):
        names = ("ca", "input_folder", "output_folder")
        values["servers"] = [_with_paths_below(keys, names, base) for keys in values["servers"]]
    values["web"] = _with_paths_below(values.get("web"), ("token_file",), base)
    for key, name in (("hot_folders", "path"), ("notify", "secret_file")):
        if isinstance(values.get(key), Mapping):
            values[key] = {
                one: _with_paths_below(keys, (name,), base) for one, keys in values[key].items()
            }
    return values


def _with_paths_below(keys: Any, names: tuple[str, ...], base: Path) -> Any:
    """Give a mapping whose paths of these names are relative to `base`; what is none as it is."""
    if not isinstance(keys, Mapping):
        return keys
    is_path = {key: key in names and isinstance(text, Text) for key, text in keys.items()}
    return {key: base / str(text) if is_path[key] else text for key, text in keys.items()}


def _is_absent(value: Any) -> bool:
    return isinstance(value, Text) and value.is_absent
