"""Tags: what the settings say that a server has, and a job asks for."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import one_of
from vqd.documents.schema import fault, listed, shown_kind

_TAG = re.compile(r"\w[\w.-]{0,39}")


def _tag(given: Any) -> str:
    if isinstance(given, str) and _TAG.fullmatch(given.strip()):
        return str(given.strip().lower())
    allowed = "up to 40 letters, digits, dots, - and _"
    raise fault("bad_name", f"{shown_kind(given)} is no tag.", allowed=allowed)


_TEXT = {"type": ["string", "number", "boolean"]}

Tags = Annotated[
    tuple[Annotated[str, BeforeValidator(_tag)], ...],
    BeforeValidator(listed),
    WithJsonSchema(one_of(_TEXT, {"type": "array", "items": _TEXT})),
]
"""One tag or several, in lower case."""
