"""What a job file's keys are made of: names, values, lists and ranges of them."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import one_of
from vqd.documents.schema import fault, shown_kind
from vqd.documents.tree import Sequence, Text
from vqd.documents.values import Value, text_at
from vqd.domain.names import printable
from vqd.domain.record import GRAPH_ENDINGS
from vqd.intake import forms

_RANGE = re.compile(r"(-?\d{1,15})-(-?\d{1,15})(?::(\d{1,15}))?")
_NAME = re.compile(r"[\w][\w .-]{0,99}")
_GRAPH_FILE = re.compile(rf"[^./\\][^/\\]{{0,250}}\.({'|'.join(GRAPH_ENDINGS)})", re.IGNORECASE)
_JOB_NAME = re.compile(r'[^<>:"/\\|?*. ][^<>:"/\\|?*]{0,199}')
MOST_IN_RANGE = 100_000
MOST_WRITTEN_OUT = 200_000
"""Values in all ranges of a job together: as many as a document may hold."""


def _version(given: Any) -> Any:
    if given != "1":
        said = f"the format version {shown_kind(given)} is not known."
        raise fault("unknown_version", said, allowed="1", hint="Write `vqd: 1`.")
    return given


def values(given: Any) -> Any:
    """Give a list of values; a range `1-10:2` is written out."""
    if isinstance(given, Sequence) and given:
        return given
    match = _RANGE.fullmatch(given.strip()) if isinstance(given, Text) else None
    if match is None:
        said = f"values are wanted here, not {shown_kind(given)}."
        raise fault("wrong_type", said, allowed="a list, or a range: 1-10 or 1-10:2")
    return _written_out(given, *match.groups())


def _written_out(given: Text, first: str, last: str, step: str | None) -> list[Text]:
    numbers = _range(first, last, step)
    if not numbers or len(numbers) > MOST_IN_RANGE or step == "0":
        said = f"the range {given} holds {len(numbers)} values."
        raise fault("wrong_value", said, allowed=f"1 to {MOST_IN_RANGE} values, the lower first")
    return [text_at(given, str(number)) for number in numbers]


def _range(first: str, last: str, step: str | None) -> range:
    return range(int(first), int(last) + 1, int(step or 1) or 1)


def written_out(nodes: Iterable[Any]) -> int:
    """Count the values that those of some nodes hold together which are ranges; not of a range that
    is refused by itself."""
    found = (_RANGE.fullmatch(node.strip()) for node in nodes if isinstance(node, Text))
    lengths = (len(_range(*match.groups())) for match in found if match)
    return sum(length for length in lengths if length <= MOST_IN_RANGE)


def _even(group: dict[str, tuple[Text, ...]]) -> dict[str, tuple[Text, ...]]:
    if not group:
        raise fault("uneven_zip", "names no lists.", allowed="lists of equal lengths")
    if len({len(values) for values in group.values()}) != 1:
        lengths = ", ".join(f"{name} {len(values)}" for name, values in group.items())
        said = f"its lists differ in length: {lengths}."
        raise fault("uneven_zip", said, allowed="equal lengths")
    return group


def _name(given: Any) -> Any:
    if isinstance(given, Text) and _NAME.fullmatch(given):
        return given
    allowed = "1 to 100 letters, digits, spaces, dots, - and _"
    raise fault("bad_name", f"{shown_kind(given)} is not a name.", allowed=allowed)


def _workflow_name(given: Any) -> Any:
    """Give the name of a workflow, or of a file with a graph, which may be any file's."""
    if isinstance(given, Text) and _GRAPH_FILE.fullmatch(given) and printable(given) == given:
        return given
    return _name(given)


def _job_name(given: Any) -> Any:
    """Give a name that a job may have: any that an output may, since a sidecar has its output's."""
    if isinstance(given, Text) and _JOB_NAME.fullmatch(given) and printable(given) == given:
        return given
    allowed = 'a text of up to 200 characters without < > : " / \\ | ? *'
    raise fault("bad_name", f"{shown_kind(given)} is no name for a job.", allowed=allowed)


def _one_rule_at_least(given: Any) -> Any:
    if isinstance(given, AnyMapping) and not given:
        raise fault("wrong_value", "names nothing.", allowed="at least one parameter")
    return given


Point = Annotated[dict[str, Value], BeforeValidator(_one_rule_at_least)]
Values = Annotated[tuple[Value, ...], BeforeValidator(values), WithJsonSchema(forms.VALUES)]
Group = Annotated[dict[str, Values], AfterValidator(_even)]
Name = Annotated[Any, BeforeValidator(_name), WithJsonSchema(forms.NAME)]
WorkflowName = Annotated[
    Any, BeforeValidator(_workflow_name), WithJsonSchema(one_of(forms.NAME, forms.GRAPH_FILE))
]
JobName = Annotated[Any, BeforeValidator(_job_name), WithJsonSchema(forms.JOB_NAME)]
Version = Annotated[str, BeforeValidator(_version), WithJsonSchema(forms.VERSION)]
