"""One value as people write it: a text, or a size that hangs on the input, which becomes one."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import Schema, number, one_of, scalar, text_like
from vqd.documents.schema import fault, shown_kind
from vqd.documents.tree import Mapping, Text

SIZE_PATTERN = r"\d{1,6}\s*[xX]\s*\d{1,6}"
_SCALE = "So many times the width and height of the input."
_FIT = "The proportions of the input, within this box."
RELATIVE_SIZES: Sequence[Schema] = (
    {
        "type": "object",
        "properties": {"scale": number(exclusiveMinimum=0, description=_SCALE)},
        "required": ["scale"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {
            "fit": text_like(rf"^\s*{SIZE_PATTERN}\s*$", "a size: 1024x768", description=_FIT)
        },
        "required": ["fit"],
        "additionalProperties": False,
    },
)
VALUE = one_of(scalar(), *RELATIVE_SIZES)


def value(given: Any) -> Any:
    """Give the text of a parameter's value; that of `{scale: 1.5}` is `scale 1.5`.

    Raises:
        PydanticCustomError: `wrong_type`, it is a list or another mapping.
    """
    if isinstance(given, Mapping) and len(given) == 1:
        ((form, amount),) = given.items()
        if form in ("scale", "fit") and isinstance(amount, Text):
            return text_at(amount, f"{form} {amount}")
    return one_text(given)


def one_text(given: Any) -> Any:
    """Give a text that stands there.

    Raises:
        PydanticCustomError: `wrong_type`, it is a list or a mapping.
    """
    if isinstance(given, Text):
        return given
    said = f"one value is wanted here, not {shown_kind(given)}."
    raise fault("wrong_type", said, allowed="text, a number, true or false")


def text_at(place: Text, text: str) -> Text:
    """Give another text that stands where `place` does."""
    other = Text(text)
    other.line, other.column, other.plain = place.line, place.column, place.plain
    return other


Scalar = Annotated[Any, BeforeValidator(one_text), WithJsonSchema(scalar())]
"""One text, as it stands there."""
Label = Annotated[str, BeforeValidator(one_text), WithJsonSchema(scalar())]
"""One text, for people."""
Value = Annotated[Any, BeforeValidator(value), WithJsonSchema(VALUE)]
"""A parameter's value."""
