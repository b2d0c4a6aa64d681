"""Where the paths in a settings file lead: from the folder of that file."""

from pathlib import Path

from vqd.documents.secrets import CREDENTIALS
from vqd.documents.tree import Mapping, Node, Sequence, Text

_EACH = "*"
_PATHS = (
    ("spool",),
    ("state_dir",),
    ("database_secret_file",),
    ("spools", _EACH),
    ("depot_options", "secret_file"),
    ("workflows", _EACH),
    ("input_roots", _EACH),
    ("path_map", _EACH),
    ("servers", _EACH, "ca"),
    ("servers", _EACH, "input_folder"),
    ("servers", _EACH, "output_folder"),
    ("servers", _EACH, "secret_file"),
    ("hot_folders", _EACH, "path"),
    ("notify", _EACH, "secret_file"),
    ("web", "token_file"),
)


def place(root: Mapping, base: Path) -> None:
    """Let the paths in a tree of settings lead from `base`, but for systemd's credentials, whose
    folder is found when they are read."""
    for way in _PATHS:
        _place(root, way, base)


def _place(node: Node, way: tuple[str, ...], base: Path) -> None:
    part, *rest = way
    for key, below in _below(node, part):
        if rest:
            _place(below, tuple(rest), base)
        elif isinstance(below, Text) and not (below.is_absent or below.startswith(CREDENTIALS)):
            node[key] = _led(below, base)  # type: ignore[index]  # a key of its own


def _below(node: Node, part: str) -> list[tuple[Text | int, Node]]:
    if isinstance(node, Mapping):
        return [(key, below) for key, below in node.items() if part in (_EACH, key)]
    return [*enumerate(node)] if isinstance(node, Sequence) and part == _EACH else []


def _led(text: Text, base: Path) -> Text:
    led = Text(base / text)
    led.line, led.column, led.plain = text.line, text.column, text.plain
    return led
