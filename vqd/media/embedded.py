"""What ComfyUI and vqd put into the files that they make: the graph, and the job file that makes
it again."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vqd.domain.frozen import frozen
from vqd.media.metadata import texts_in

__all__ = ["Embedded", "embedded_in"]

_PROMPT = "prompt"
_META = "_meta"
_JOB_FILE = "vqd"
_NOTED = "is_changed"
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@frozen
class Embedded:
    """What a file carries, as its JSON says, unchecked; None where it carries none.

    `graph` is what the server was sent, in ComfyUI's API format, `job_file` what vqd put into the
    `_meta` of one of its nodes.
    """

    graph: Mapping[str, Any] | None = None
    job_file: Mapping[str, Any] | None = None


def embedded_in(path: Path) -> Embedded:
    """Give what a picture, clip or sound carries; its pixels are not looked at.

    It is bounded in time and memory, whatever the file says of itself.

    Raises:
        OSError: it cannot be opened or read, or is a link.
    """
    with os.fdopen(os.open(path, _FILE), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return Embedded()
        text = next((text for name, text in texts_in(file) if name == _PROMPT), b"")
    graph = _mapping(text)
    if graph is None:
        return Embedded()
    return Embedded(_as_posted(graph), _job_file_in(graph))


def _job_file_in(graph: Mapping[str, Any]) -> Mapping[str, Any] | None:
    told = (_mapping_at(_mapping_at(node, _META), _JOB_FILE) for node in graph.values())
    return next((one for one in told if one), None)


def _mapping(text: bytes) -> Mapping[str, Any] | None:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _mapping_at(mapping: Any, name: str) -> Mapping[str, Any]:
    found = mapping.get(name) if isinstance(mapping, dict) else None
    return found if isinstance(found, dict) else {}


def _as_posted(graph: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take out vqd's job file, and what ComfyUI notes in a graph while it runs (0.3.64,
    execution.py): often a NaN."""
    return {node: _node_as_posted(content) for node, content in graph.items()}


def _node_as_posted(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    posted = {key: value for key, value in node.items() if key != _NOTED}
    if _JOB_FILE in _mapping_at(node, _META):
        posted[_META] = {name: one for name, one in node[_META].items() if name != _JOB_FILE}
        if not posted[_META]:
            del posted[_META]
    return posted
