"""The keys of a job file, and what may stand behind each."""

import re
from collections.abc import Mapping as AnyMapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vqd.documents.schema import Keys, fault
from vqd.documents.tree import Mapping, Sequence, Text
from vqd.domain.workflow import MOST_SEED

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhd])")
_RANGE = re.compile(r"(-?\d{1,15})-(-?\d{1,15})(?::(\d{1,15}))?")
_NAME = re.compile(r"[\w][\w .-]{0,99}")
_MOST_IN_RANGE = 100_000


def _duration_s(given: Any) -> float:
    match = _DURATION.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None or not float(match[1]):
        allowed = "a number and s, m, h or d: 30s, 45m, 12h, 30d"
        raise fault("wrong_type", f"{_shown(given)} is not a duration.", allowed=allowed)
    return float(match[1]) * _UNITS_S[match[2]]


def _version(given: Any) -> Any:
    if given != "1":
        said = f"the format version {_shown(given)} is not known."
        raise fault("unknown_version", said, allowed="1", hint="Write `vqd: 1`.")
    return given


def _scalar(given: Any) -> Any:
    if isinstance(given, Text):
        return given
    hint = "Write {scale: …} and {fit: …} out as WIDTHxHEIGHT." if _is_relative_size(given) else ""
    said = f"one value is wanted here, not {_shown(given)}."
    raise fault("wrong_type", said, allowed="text, a number, true or false", hint=hint)


def _is_relative_size(given: Any) -> bool:
    return isinstance(given, Mapping) and bool({"scale", "fit"} & {*given})


def _values(given: Any) -> Any:
    """Give a list of values; a range `1-10:2` is written out."""
    if isinstance(given, Sequence) and given:
        return given
    match = _RANGE.fullmatch(given.strip()) if isinstance(given, Text) else None
    if match is None:
        said = f"values are wanted here, not {_shown(given)}."
        raise fault("wrong_type", said, allowed="a list, or a range: 1-10 or 1-10:2")
    return _written_out(given, *match.groups())


def _written_out(given: Text, first: str, last: str, step: str | None) -> list[Text]:
    numbers = range(int(first), int(last) + 1, int(step or 1) or 1)
    if not numbers or len(numbers) > _MOST_IN_RANGE or step == "0":
        said = f"the range {given} holds {len(numbers)} values."
        raise fault("wrong_value", said, allowed=f"1 to {_MOST_IN_RANGE} values, the lower first")
    return [_text_at(given, str(number)) for number in numbers]


def _even(group: dict[str, tuple[Text, ...]]) -> dict[str, tuple[Text, ...]]:
    if len({len(values) for values in group.values()}) != 1:
        lengths = ", ".join(f"{name} {len(values)}" for name, values in group.items())
        said = f"its lists differ in length: {lengths}."
        raise fault("uneven_zip", said, allowed="equal lengths")
    return group


def _text_at(place: Text, value: str) -> Text:
    text = Text(value)
    text.line, text.column, text.plain = place.line, place.column, place.plain
    return text


def _name(given: Any) -> Any:
    if isinstance(given, Text) and _NAME.fullmatch(given):
        return given
    allowed = "1 to 100 letters, digits, spaces, dots, - and _"
    raise fault("bad_name", f"{_shown(given)} is not a name.", allowed=allowed)


def _shown(given: Any) -> str:
    if isinstance(given, AnyMapping):
        return "a mapping"
    if isinstance(given, list):
        return "a list" if given else "an empty list"
    return str(given)[:60] if given else "nothing"


Scalar = Annotated[Any, BeforeValidator(_scalar)]
Values = Annotated[tuple[Scalar, ...], BeforeValidator(_values)]
Group = Annotated[dict[str, Values], AfterValidator(_even)]
Label = Annotated[str, BeforeValidator(_scalar)]
Name = Annotated[Any, BeforeValidator(_name)]
Duration = Annotated[float, BeforeValidator(_duration_s)]


class InputKeys(Keys):
    """What a slot is given: one of file, glob, folder and list. A bare path is a list of one."""

    file: Scalar | None = None
    glob: Scalar | None = None
    folder: Scalar | None = None
    list: tuple[Scalar, ...] | None = None
    expect: int | None = Field(default=None, ge=0)
    sort: Literal["natural", "name"] = "natural"

    @model_validator(mode="before")
    @classmethod
    def _with_one_source(cls, given: Any) -> Any:
        if isinstance(given, Text) and given:
            return {"glob": given} if {"*", "?"} & {*given} else {"list": [given]}
        if isinstance(given, Sequence):
            return {"list": given}
        if not isinstance(given, Mapping):
            said = f"files are wanted here, not {_shown(given)}."
            raise fault("wrong_type", said, allowed="a file, a folder, a list, or {glob: …}")
        if len({"file", "glob", "folder", "list"} & {*given}) != 1:
            said = "must name its files in one way."
            raise fault("wrong_value", said, allowed="one of file, glob, folder, list")
        return given


class SeedsKeys(Keys):
    """`{count: 2, base: 1234}`, or a list of seeds."""

    count: int | None = Field(default=None, ge=1, le=_MOST_IN_RANGE)
    base: int = Field(default=0, ge=0, le=MOST_SEED)
    list: tuple[Annotated[int, Field(ge=0, le=MOST_SEED)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "count" in given and "list" not in given:
            return given
        return {"list": _values(given)}


class FanOutKeys(Keys):
    """How the job becomes many prompts."""

    matrix: dict[str, Values] = Field(default_factory=dict)
    zip: tuple[Group, ...] = ()
    exclude: tuple[dict[str, Scalar], ...] = ()
    include: tuple[dict[str, Scalar], ...] = ()
    seeds: SeedsKeys | None = None
    limit: int | None = Field(default=None, ge=1)


class ScheduleKeys(Keys):
    """When it runs."""

    priority: int = Field(default=50, ge=0, le=100)


class RetryKeys(Keys):
    """How often and how long it is tried."""

    limit: int = Field(default=2, ge=0, le=100)
    timeout: Duration | None = None


class OutputKeys(Keys):
    """What comes back."""

    name: Scalar | None = None
    sidecar: Literal["none", "brief", "full"] = "full"


class JobKeys(Keys):
    """A job file."""

    vqd: Annotated[str, BeforeValidator(_version)]
    workflow: Name
    name: Name | None = None
    comment: Label = ""
    labels: dict[Name, Label] = Field(default_factory=dict)
    inputs: dict[str, InputKeys] = Field(default_factory=dict)
    params: dict[str, Scalar] = Field(default_factory=dict)
    fan_out: FanOutKeys = FanOutKeys()
    schedule: ScheduleKeys = ScheduleKeys()
    retry: RetryKeys = RetryKeys()
    output: OutputKeys = OutputKeys()
    record: dict[str, Any] = Field(default_factory=dict)
