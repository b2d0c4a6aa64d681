"""Where the paths in a settings file lead: from the folder of that file."""

from collections.abc import Iterator
from pathlib import Path

from vqd.documents.secrets import CREDENTIALS
from vqd.documents.tree import Mapping, Node, Sequence, Text, written
from vqd.domain.errors import Problem

_EACH = "*"
_OF_SHELLS = ("~", "$")
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
    for holder, key, text, _ in _paths_in(root):
        holder[key] = _led(text, base)  # type: ignore[index]  # a key of its own


def unwritten(root: Mapping, where: str) -> Iterator[Problem]:
    """Give the paths in a tree of settings that only a shell would write out: `~/spool`."""
    for _, _, text, loc in _paths_in(root):
        if text.startswith(_OF_SHELLS):
            said = f"{text} is taken as it is written, and no shell writes {text[0]} out."
            place = (where, text.line, text.column, written(loc))
            yield Problem("wrong_value", said, *place, hint="Write the whole path.")


def _paths_in(root: Mapping) -> Iterator["_Place"]:
    for way in _PATHS:
        yield from _on(root, way, ())


def _on(node: Node, way: tuple[str, ...], loc: tuple[str | int, ...]) -> Iterator["_Place"]:
    part, *rest = way
    for key, below in _below(node, part):
        here = (*loc, key)
        if rest:
            yield from _on(below, tuple(rest), here)
        elif isinstance(below, Text) and not (below.is_absent or below.startswith(CREDENTIALS)):
            yield node, key, below, here


def _below(node: Node, part: str) -> list[tuple[Text | int, Node]]:
    if isinstance(node, Mapping):
        return [(key, below) for key, below in node.items() if part in (_EACH, key)]
    return [*enumerate(node)] if isinstance(node, Sequence) and part == _EACH else []


def _led(text: Text, base: Path) -> Text:
    led = Text(base / text)
    led.line, led.column, led.plain = text.line, text.column, text.plain
    return led


_Place = tuple[Node, Text | int, Text, tuple[str | int, ...]]
"""A path: what holds it, under which key, and the way there."""
