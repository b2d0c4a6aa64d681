"""From values to YAML that a person reads, and that reads back as what it was."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import yaml
from yaml.representer import SafeRepresenter
from yaml.resolver import Resolver

_LINE_BREAK = "\x85"
"""YAML 1.1 takes it for one and PyYAML writes it plainly: read back, it would be a space."""
_PLAIN, _QUOTED, _OTHER = (True, True), (False, True), (True, False)
"""What goes without a tag: a text, without quotes and within them; one that would read back as
something else without them; and what is no text."""
_TEXT, _NULL, _BOOL, _INT, _FLOAT, _MAP, _SEQ = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "null", "bool", "int", "float", "map", "seq")
)
_BEGIN: Final = (yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False))
_END: Final = (yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent())
_MAP_START: Final = yaml.MappingStartEvent(None, _MAP, True, flow_style=False)
_MAP_END: Final = yaml.MappingEndEvent()
_SEQ_START: Final = yaml.SequenceStartEvent(None, _SEQ, True, flow_style=False)
_SEQ_END: Final = yaml.SequenceEndEvent()
_FLOATS: Final = SafeRepresenter()
_LONGEST_NAME: Final = 40
"""Texts up to this many characters, which may be names, come again and again."""


def written(told: Mapping[str, Any]) -> bytes:
    """Give a mapping of plain values as YAML, in UTF-8.

    Libyaml writes it, from events that are made here: PyYAML takes three times as long for these
    alone. But libyaml escapes the signs above U+FFFF, and takes no half of a surrogate pair, which
    a file name that is not UTF-8 has; then PyYAML writes it.

    Raises:
        RecursionError: it is nested too deep. TypeError: a value is no plain one.
    """
    events: list[yaml.Event] = [*_BEGIN]
    _add(events, told)
    events += _END
    with suppress(UnicodeEncodeError):
        text = _emitted(events, yaml.CSafeDumper)
        if "\\U" not in text:
            return text.encode()
    text = _emitted(events, yaml.SafeDumper)
    if _LINE_BREAK in text:
        text = _emitted(events, yaml.SafeDumper, readable=False)
    return text.encode()


def _emitted(events: Sequence[yaml.Event], dumper: Any, *, readable: bool = True) -> str:
    return str(yaml.emit(events, Dumper=dumper, allow_unicode=readable, width=100))


def _add(events: list[yaml.Event], value: Any) -> None:
    """Add the events of a value, as PyYAML's own serializer gives them."""
    if isinstance(value, str):
        events.append(_text(value) if len(value) > _LONGEST_NAME else _name(value))
    elif isinstance(value, Mapping):
        events.append(_MAP_START)
        for name, one in value.items():
            _add(events, name)
            _add(events, one)
        events.append(_MAP_END)
    elif isinstance(value, list | tuple):
        events.append(_SEQ_START)
        for one in value:
            _add(events, one)
        events.append(_SEQ_END)
    else:
        events.append(_scalar(value))


@lru_cache(maxsize=1000)
def _name(text: str) -> yaml.ScalarEvent:
    return _text(text)


def _text(text: str) -> yaml.ScalarEvent:
    """Give a text, in quotes where it would not read back as one without."""
    others = Resolver.yaml_implicit_resolvers.get(text[:1], ())
    is_other = any(pattern.match(text) for _, pattern in others)
    return yaml.ScalarEvent(None, _TEXT, _QUOTED if is_other else _PLAIN, text)


def _scalar(value: Any) -> yaml.ScalarEvent:
    if value is None:
        return yaml.ScalarEvent(None, _NULL, _OTHER, "null")
    if isinstance(value, bool):
        return yaml.ScalarEvent(None, _BOOL, _OTHER, str(value).lower())
    if isinstance(value, int):
        return yaml.ScalarEvent(None, _INT, _OTHER, str(value))
    if isinstance(value, float):
        return yaml.ScalarEvent(None, _FLOAT, _OTHER, _FLOATS.represent_float(value).value)
    raise TypeError(f"{value!r} is no plain value")
