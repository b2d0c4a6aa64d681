"""The list of a job's inputs in the depot: a line of JSON for each, with its path as prompts have
it and what it held."""

from collections.abc import Mapping
from pathlib import Path

import orjson

from vqd.domain.depot import Content


def list_text(contents: Mapping[str, Content]) -> bytes:
    """Give the list as it is stored."""
    lines = (
        {"path": path, "sha256": one.sha256, "bytes": one.bytes, "modified_ns": one.modified_ns}
        for path, one in sorted(contents.items())
    )
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def read_list(path: Path) -> Mapping[str, Content]:
    """Give what a list holds, whose hash was compared.

    Raises:
        OSError: it cannot be read.
    """
    lines = map(orjson.loads, path.read_bytes().splitlines())
    return {
        line["path"]: Content(line["sha256"], line["bytes"], line["modified_ns"]) for line in lines
    }
