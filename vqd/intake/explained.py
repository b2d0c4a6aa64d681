"""What a parameter or a slot is, in the words of whoever wrote the definition and in its bounds."""

from collections.abc import Iterator, Sequence

from vqd.domain.graph import Value, as_text
from vqd.domain.param import NONE, Hints, Param

_MOST_NAMES = 12
_LONGEST = 60
"""Characters of a default, which may be a whole prompt."""
_FORMS = {
    "text": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "seed": "a whole number",
    "size": "WIDTHxHEIGHT, {scale: 1.5} or {fit: 1280x720} of the input",
}


def about(name: str, hints: Hints) -> str:
    """Give the label, where it says more than the name, and the help."""
    called = f"{hints.label}." if hints.label and hints.label.casefold() != name.casefold() else ""
    return " ".join(part for part in (called, hints.help) if part)


def rules(param: Param) -> str:
    """Say what a parameter is without a value, and what it may be: `Default: 20; a whole number;
    4 to 60.`"""
    return f"{'; '.join((_default(param), *_allowed(param)))}."


def _default(param: Param) -> str:
    if param.default is not None:
        shown = _shown(param.default)
        return f'Default: "{shown}"' if param.type == "text" else f"Default: {shown}"
    return "Without it: one that is the same for ever" if param.type == "seed" else "Needed"


def _allowed(param: Param) -> Iterator[str]:
    if param.type == "choice" and param.choices:
        yield f"one of: {_enough([*param.choices])}"
    else:
        yield _FORMS.get(param.type, "a name that a server has")
    yield from _bounds(param)
    if param.presets:
        yield _enough([f"{name} ({size})" for name, size in param.presets.items()])
    if param.when_none:
        yield f"{NONE}: without"


def _bounds(param: Param) -> Iterator[str]:
    sides = "each side " if param.type == "size" else ""
    low, high = (None if bound is None else f"{bound:.15g}" for bound in (param.min, param.max))
    if low is not None and high is not None:
        yield f"{sides}{low} to {high}"
    elif low is not None or high is not None:
        yield f"{sides}at least {low}" if high is None else f"{sides}at most {high}"
    if param.multiple_of:
        above = f" plus {param.plus}" if param.plus else ""
        yield f"{sides}a multiple of {param.multiple_of}{above}"


def _enough(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _shown(value: Value) -> str:
    text = " ".join(as_text(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
