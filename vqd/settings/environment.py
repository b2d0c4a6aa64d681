"""The environment over the files: `VQD_RESCAN_S=30`, `VQD_WEB__LISTEN=…`, `VQD_SERVERS__0__URL=…`.

What begins by `[` or `{` and is JSON is read as such. A variable that looks like no setting at all
is somebody else's, and is left alone.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping

from vqd.documents.reader import parse
from vqd.documents.tree import Document, Node, Text
from vqd.domain.errors import Faults, Problem
from vqd.settings.layers import Layers, is_place, plain, require_text

PREFIX = "VQD_"
BELOW = "__"
_ALIKE = 0.75
_OTHERS = frozenset({"VQD_SETTINGS", "VQD_URL", "VQD_TOKEN_FILE"})
"""What stands for `--settings`, `--url` and `--token-file`."""


def lay_environment(
    layers: Layers, environment: Mapping[str, str], known: Collection[str]
) -> list[Problem]:
    """Put every variable that is a setting, of which `known` are the first keys; gives what is
    wrong with them."""
    problems: list[Problem] = []
    for name, value in _variables(environment):
        path = name.removeprefix(PREFIX).lower().split(BELOW)
        if path[0] not in known and meant_variable(name, known) is None:
            continue
        try:
            require_text(value, name)
            layers.put(path, _node(value, name), name)
        except Faults as faults:
            problems += faults.problems
    return problems


def unknown_variables(environment: Mapping[str, str], known: Collection[str]) -> list[str]:
    """Name the variables that are left alone, though they begin as settings do."""
    names = [name for name, _ in _variables(environment)]
    return [
        name for name in names if _head(name) not in known and meant_variable(name, known) is None
    ]


def meant_variable(name: str, known: Collection[str]) -> str | None:
    """Give the variable that one is meant to be which sets nothing; None if it is somebody else's.

    `VQD_WEB_LISTEN` is meant to be `VQD_WEB__LISTEN`, and `VQD_SERVER` `VQD_SERVERS`.
    """
    head = _head(name)
    above = max((key for key in known if head.startswith(f"{key}_")), key=len, default=None)
    if above is not None:
        return variable(f"{above}.{head.removeprefix(f'{above}_')}")
    from difflib import get_close_matches  # which only they need who mistyped something

    near = get_close_matches(head, known, n=1, cutoff=_ALIKE)
    return variable(near[0]) if near else None


def variable(key: str) -> str:
    """Give the variable that sets a key, such as `web.listen`."""
    return PREFIX + re.sub(r"[.\[]", BELOW, key).replace("]", "").upper()


def _head(name: str) -> str:
    return name.removeprefix(PREFIX).lower().split(BELOW)[0]


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what is set, the shorter paths first, and lists in their order."""
    named = (name for name in environment if name.startswith(PREFIX) and name not in _OTHERS)
    for name in sorted(named, key=_order):
        if environment[name].strip():
            yield name, environment[name]


def _order(name: str) -> list[tuple[int, str]]:
    return [(int(part) if is_place(part) else 0, part) for part in name.split(BELOW)]


def _node(value: str, name: str) -> Node:
    if not value.lstrip().startswith(("[", "{")):
        return plain(value)
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return plain(value)
    held: Document = parse(f'{{"value": {value}}}', name, is_json=True)
    return held.root[Text("value")]
