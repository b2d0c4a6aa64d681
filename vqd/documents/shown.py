"""What of a model may be shown to others: all but the fields that are not told of (repr=False)."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from math import isfinite
from typing import Any

from pydantic import BaseModel

from vqd.documents.credentials import without_credentials


def shown(model: BaseModel) -> dict[str, Any]:
    """Give a model's values as JSON can hold them, without what is secret."""
    return {
        field.alias or name: plain(getattr(model, name))
        for name, field in type(model).model_fields.items()
        if field.repr
    }


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it, without the names and passwords of URLs in it."""
    if isinstance(value, BaseModel):
        return shown(value)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    return without_credentials(str(value))
