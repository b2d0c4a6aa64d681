"""A document checked against a pydantic model, and pydantic's faults told with their places."""

import types
from collections.abc import Mapping as AnyMapping
from itertools import islice
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from vqd.documents.credentials import without_credentials
from vqd.documents.tree import Document, Mapping, Text, written
from vqd.domain.errors import Faults, Problem
from vqd.domain.nearest import nearest

_MOST_TOLD = 100
M = TypeVar("M", bound=BaseModel)
_Loc = tuple[str | int, ...]

_WANTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than_equal": ("below", "at least", "ge"),
    "less_than_equal": ("above", "at most", "le"),
}


class Keys(BaseModel):
    """A mapping with known keys. A key with nothing behind it counts as not written."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_absent(cls, given: Any) -> Any:
        if not isinstance(given, AnyMapping):
            return given
        return {
            key: value
            for key, value in given.items()
            if not (isinstance(value, Text) and value.is_absent)
        }


def fault(
    code: str, said: str, *, allowed: str = "", hint: str = "", is_secret: bool = False
) -> PydanticCustomError:
    """Give what a validator raises: a fault of the value it was given, which may be a secret."""
    told = {"said": said, "allowed": allowed, "hint": hint, "is_secret": is_secret}
    # The said text is a format string for pydantic: it goes in as a value.
    return PydanticCustomError(code, "{said}", told)


def checked(document: Document, model: type[M]) -> M:
    """Give the model that the document holds.

    Raises:
        Faults: every key and value that the model does not take.
    """
    try:
        return model.model_validate(document.root)
    except ValidationError as error:
        raise Faults(told(document, model, error)) from None


def checked_in_part(
    document: Document, model: type[M], *, depths: AnyMapping[str, int]
) -> tuple[M | None, list[Problem]]:
    """Give the model that the document holds but for its faults, and these.

    What is left out is the smallest key of a mapping that holds a fault; below a top key in
    `depths` no smaller one than so many keys down. None if that is too much to be the model, or
    there are more faults than are told.
    """
    try:
        return model.model_validate(document.root), []
    except ValidationError as error:
        problems = told(document, model, error)
        if error.error_count() > _MOST_TOLD:
            return None, problems
        rest = document.root
        for found in error.errors(include_url=False):
            loc = found["loc"]
            rest = _without(rest, loc[: depths.get(str(loc[0]), len(loc))] if loc else loc)
    try:
        return model.model_validate(rest), problems
    except ValidationError:
        return None, problems


def told(document: Document, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Give pydantic's faults with their places in the document, in the order of these; of very many
    the first, for each takes a while to tell."""
    found = islice(error.errors(include_url=False), _MOST_TOLD)
    problems = [_problem(document, model, one) for one in found]
    return sorted(problems, key=_place)


def _without(node: Mapping, loc: _Loc) -> Mapping:
    """Give a mapping without the smallest key on the way of `loc`; the same if it has none."""
    key = Text(loc[0]) if loc and isinstance(loc[0], str) else None
    if key is None or key not in node:
        return node
    below = node[key]
    rest = Mapping(node)
    rest.line, rest.column = node.line, node.column
    if isinstance(below, Mapping) and len(loc) > 1 and loc[1] in below:
        rest[key] = _without(below, loc[1:])
    else:
        del rest[key]
    return rest


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def _problem(document: Document, model: type[BaseModel], error: ErrorDetails) -> Problem:
    loc: _Loc = error["loc"]
    if error["type"] == "extra_forbidden":
        return _unknown_key(document, model, loc)
    node, key = document.reach(loc)
    is_secret = _is_secret(model, loc) or error.get("ctx", {}).get("is_secret", False)
    found = without_credentials(node) if isinstance(node, Text) and not is_secret else None
    is_told = not (is_secret and isinstance(node, Text))
    shown = found if found is not None else shown_kind(node) if is_told else "what stands here"
    code, said, allowed, hint = _told(error, loc, shown)
    if code == "missing_key":
        key = written(loc)
    return Problem(
        code, said, document.where, node.line, node.column, key or None, found, allowed, hint
    )


def _told(error: ErrorDetails, loc: _Loc, shown: str) -> tuple[str, str, str | None, str | None]:
    """Give code, said, allowed and hint of one of pydantic's faults."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        value = _ALWAYS.get(str(loc[-1]), "…")
        said = f"the key `{loc[-1]}` is missing."
        return "missing_key", said, None, f"Add `{loc[-1]}: {value}`."
    if kind in _WANTED:
        return "wrong_type", f"{shown} is not {_WANTED[kind]}.", _WANTED[kind], None
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        hint = nearest(shown, allowed.split(", "))
        return "unknown_choice", f"{shown} is none of {allowed}.", allowed, hint
    if "said" in context:
        return kind, context["said"], context["allowed"] or None, context["hint"] or None
    if kind in _BOUNDS:
        said, allowed, bound = _BOUNDS[kind]
        allowed = f"{allowed} {context[bound]}"
        return "out_of_range", f"{shown} is {said} what is allowed.", allowed, None
    return "wrong_value", f"{shown}: {error['msg'][0].lower()}{error['msg'][1:]}.", None, None


def shown_kind(given: Any) -> str:
    """Say what stands there, for a message: its text, or what it is."""
    if isinstance(given, dict | list | tuple):
        kind = "mapping" if isinstance(given, dict) else "list"
        return f"a {kind}" if given else f"an empty {kind}"
    return "nothing" if given is None else str(given)[:60] or "nothing"


def listed(given: Any) -> Any:
    """Give a list, also where one value stands alone."""
    return given if isinstance(given, list | tuple) else [given]


def _unknown_key(document: Document, model: type[BaseModel], loc: _Loc) -> Problem:
    key = str(loc[-1])
    node = document.key(loc)
    known = _keys_at(model, loc[:-1])
    return Problem(
        "unknown_key",
        "unknown key.",
        document.where,
        node.line,
        node.column,
        written(loc),
        found=key,
        allowed=", ".join(known),
        hint=_where_known(model, loc) or nearest(key, known),
    )


def _where_known(model: type[BaseModel], loc: _Loc) -> str | None:
    """Say where a key is known that stands elsewhere: in another part of the document, or above."""
    key, top = loc[-1], _fields(model)
    if len(loc) == 2 and key in top:
        return f"Write it at the left margin, not below `{loc[0]}`."
    parts = [f"`{part}`" for part, kind in top.items() if key in _fields(_bare(kind))]
    return f"Write it below {' or '.join(parts)}." if parts else None


def _keys_at(model: type[BaseModel], loc: _Loc) -> list[str]:
    kind: Any = model
    for part in loc:
        kind = _bare(_fields(kind)[part] if part in _fields(kind) else _held(kind, part))
    return [*_fields(kind)]


def _is_secret(model: type[BaseModel], loc: _Loc) -> bool:
    """Tell whether a field on the way, or one of the mapping that is to stand there, is not to be
    told of (repr=False): whoever writes one value in its place writes what goes there."""
    kind: Any = model
    for part in loc:
        field = _model_fields(kind).get(part)
        if field is not None and not field.repr:
            return True
        if field is None and not get_args(kind):
            return False  # a part of the way that pydantic alone knows
        kind = _bare(field.annotation if field is not None else _held(kind, part))
    return _has_secret(kind)


def _has_secret(kind: Any) -> bool:
    """Tell whether a mapping, or each of those that it holds, has a secret."""
    while get_origin(kind) is dict:
        kind = _bare(_held(kind, ""))
    return any(not field.repr for field in _model_fields(kind).values())


def _held(kind: Any, part: str | int) -> Any:
    """Give what a list holds (`tuple[Keys, ...]`), or what a mapping has behind its keys."""
    return get_args(kind)[0 if isinstance(part, int) else -1]


def _fields(kind: Any) -> dict[Any, Any]:
    return {key: field.annotation for key, field in _model_fields(kind).items()}


def _model_fields(kind: Any) -> dict[Any, FieldInfo]:
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def _bare(kind: Any) -> Any:
    """Strip what stands around a type: `X | None`, `Annotated[X, …]`, `tuple[X, ...]`."""
    origin = get_origin(kind)
    if origin is Annotated or origin in (Union, types.UnionType):
        return _bare(get_args(kind)[0])
    return kind


_ALWAYS = {"vqd": "1", "vqd_workflow": "1"}
"""Keys for which there is one value alone, by their names."""
