"""What ComfyUI and vqd put into the files that they make: the graph, and the job file that makes
it again."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqd.media.metadata import texts_in

__all__ = ["Embedded", "embedded_in"]

_PROMPT = "prompt"
_JOB_FILE = "vqd"
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a file carries, as its JSON says, unchecked; None where it carries none.

    `graph` is what the server was sent, in ComfyUI's API format, `job_file` what vqd added.
    """

    graph: Mapping[str, Any] | None = None
    job_file: Mapping[str, Any] | None = None


def embedded_in(path: Path) -> Embedded:
    """Give what a picture, clip or sound carries; its pixels are not looked at.

    It is bounded in time and memory, whatever the file says of itself.

    Raises:
        OSError: it cannot be opened or read, or is a link.
    """
    found: dict[str, Mapping[str, Any] | None] = {}
    with os.fdopen(os.open(path, _FILE), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return Embedded()
        for name, text in texts_in(file):
            if name in (_PROMPT, _JOB_FILE) and name not in found:
                found[name] = _mapping(text)
            if len(found) == len((_PROMPT, _JOB_FILE)):
                break
    graph = found.get(_PROMPT)
    return Embedded(_as_posted(graph) if graph else None, found.get(_JOB_FILE))


def _mapping(text: bytes) -> Mapping[str, Any] | None:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _as_posted(graph: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take out what ComfyUI notes in a graph while it runs (0.3.64, execution.py): often a NaN."""
    return {
        node: {key: value for key, value in content.items() if key != "is_changed"}
        if isinstance(content, dict)
        else content
        for node, content in graph.items()
    }
