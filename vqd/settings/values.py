"""Values that stand in several parts of the settings: sizes, the headers of HTTP requests, and
where paths lead."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import size_in_bytes
from vqd.documents.schema import fault, shown_kind
from vqd.documents.sizes import size_bytes

_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")


def resolved(path: Path) -> Path:
    """Give where a path leads by all its links.

    Raises:
        PydanticCustomError: `wrong_value`, they lead back to themselves.
    """
    try:
        return path.resolve()
    except RuntimeError:  # pathlib's, for what the system calls ELOOP
        said = f"{path} is a link that leads back to itself."
        raise fault("wrong_value", said, hint="Name a folder.") from None


def _size(given: Any) -> int:
    size = size_bytes(str(given)) if isinstance(given, str | int) else None
    if not size:
        raise fault("wrong_type", "this is no size.", allowed="a size in bytes: 500M, 20G")
    return size


def _headers(given: Any) -> Any:
    for name, value in given.items() if isinstance(given, Mapping) else ():
        is_sound = isinstance(value, str) and value.isprintable() and value.isascii()
        if not _HEADER.fullmatch(str(name)) or not is_sound:
            allowed = "names and values of HTTP headers, of printable ASCII"
            raise fault("wrong_value", f"the header {shown_kind(name)} is none.", allowed=allowed)
    return given


Size = Annotated[int, BeforeValidator(_size), WithJsonSchema(size_in_bytes())]
"""A size in bytes, more than 0."""

Headers = Annotated[dict[str, str], BeforeValidator(_headers)]
"""Headers by name; their values may hold a secret."""
