"""Every setting as it counts, with where it was written; what is secret is hidden."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from vqd.documents.credentials import without_credentials
from vqd.documents.shown import plain
from vqd.documents.tree import Sequence, Text, written
from vqd.domain.frozen import frozen
from vqd.settings.layers import Layers, Origin
from vqd.settings.load import Loaded

HIDDEN = "(hidden)"

_Path = tuple[str | int, ...]


@frozen
class Shown:
    """One setting: `servers[0].url`, what it is as JSON can hold it, and where it was written.

    `text` is as it stands there. It and `origin` are None for what nobody wrote, which counts by
    default. Of what `is_secret` they show `HIDDEN`.
    """

    key: str
    value: Any
    text: str | None
    origin: Origin | None
    is_secret: bool


def shown_settings(loaded: Loaded) -> list[Shown]:
    """Give every setting, in the order of the model."""
    return [*_of_model(loaded.settings, (), loaded.layers)]


def _of_model(model: BaseModel, above: _Path, layers: Layers) -> Iterator[Shown]:
    for name, field in type(model).model_fields.items():
        path = (*above, field.alias or name)
        yield from _of_value(getattr(model, name), path, layers, is_secret=not field.repr)


def _of_value(value: Any, path: _Path, layers: Layers, *, is_secret: bool) -> Iterator[Shown]:
    if isinstance(value, BaseModel):
        yield from _of_model(value, path, layers)
        return
    below = [((*path, key), one) for key, one in _parts(value)]
    if below:
        for at, one in below:
            yield from _of_value(one, at, layers, is_secret=is_secret)
        return
    key, origin = written(path), layers.origin(path)
    if is_secret and value:
        yield Shown(key, HIDDEN, HIDDEN, origin, is_secret=True)
    else:
        text = None if origin is None else _text(path, layers)
        yield Shown(key, plain(value), text, origin, is_secret=False)


def _text(path: _Path, layers: Layers) -> str:
    node, _ = layers.document.reach(path)
    if isinstance(node, Text):
        return without_credentials(node)
    return ", ".join(map(str, node)) if isinstance(node, Sequence) else "{}"


def _parts(value: Any) -> list[tuple[str | int, Any]]:
    """Give what stands below a mapping, or a list of mappings; a list of texts is one value."""
    if isinstance(value, Mapping):
        return [(str(key), one) for key, one in value.items()]
    is_listed = isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value)
    return [*enumerate(value)] if is_listed else []
