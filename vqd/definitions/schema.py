"""The keys of a workflow definition, and what may stand behind each."""

import re
from collections.abc import Mapping as AnyMapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from vqd.documents.schema import Keys, fault
from vqd.documents.tree import Sequence, Text

_UNITS_BYTES = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE_BYTES = re.compile(r"(\d{1,12})\s*([kMGT]?)")
_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")


def _version(given: Any) -> Any:
    if given != "1":
        said = f"the format version {_shown(given)} is not known."
        raise fault("unknown_version", said, allowed="1", hint="Write `vqd_workflow: 1`.")
    return given


def _bytes(given: Any) -> int:
    match = _SIZE_BYTES.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        allowed = "a number, or one with k, M, G or T: 20k"
        raise fault("wrong_type", f"{_shown(given)} is not a size in bytes.", allowed=allowed)
    return int(match[1]) * _UNITS_BYTES[match[2]]


def _scalar(given: Any) -> Any:
    if not isinstance(given, Text):
        raise fault("wrong_type", f"one value is wanted here, not {_shown(given)}.", allowed="text")
    return given


def _name(given: Any) -> Any:
    if not (isinstance(given, Text) and _NAME.fullmatch(given)):
        allowed = "up to 64 letters, digits, - and _, a letter first"
        raise fault("bad_name", f"{_shown(given)} is not a name.", allowed=allowed)
    return given


def _extension(given: Any) -> str:
    if not (isinstance(given, Text) and _EXTENSION.fullmatch(given)):
        allowed = "a dot and letters or digits: .png"
        raise fault("wrong_value", f"{_shown(given)} is not an extension.", allowed=allowed)
    return given.lower()


def _listed(given: Any) -> Any:
    """Give a list, also where one value stands alone."""
    return given if isinstance(given, Sequence) else [given]


def _choices(given: Any) -> Any:
    """Give choices by name, also where they are a list of names."""
    if isinstance(given, Sequence) and all(isinstance(choice, Text) for choice in given):
        return {choice: choice for choice in given}
    return given


def _shown(given: Any) -> str:
    if isinstance(given, AnyMapping):
        return "a mapping"
    if isinstance(given, list):
        return "a list"
    return str(given)[:60] or "nothing"


Scalar = Annotated[Any, BeforeValidator(_scalar)]
Label = Annotated[str, BeforeValidator(_scalar)]
Name = Annotated[Any, BeforeValidator(_name)]
Binds = Annotated[tuple[Scalar, ...], BeforeValidator(_listed)]
Choices = Annotated[dict[str, Scalar], BeforeValidator(_choices)]
Bytes = Annotated[int, BeforeValidator(_bytes)]
Kind = Literal["image", "video", "audio"]
ParamType = Literal[
    "text",
    "bool",
    "int",
    "float",
    "choice",
    "size",
    "seed",
    "lora",
    "checkpoint",
    "model",
    "image",
    "video",
    "audio",
]
Nodes = Annotated[tuple[Scalar, ...], BeforeValidator(_listed)]
Sets = dict[str, dict[str, Scalar]]


class BypassKeys(Keys):
    """The nodes that are taken out: what they feed is wired past them.

    `bypass` alone takes out the nodes that the slot or parameter is bound to.
    """

    bypass: Nodes = ()

    @model_validator(mode="before")
    @classmethod
    def _of_own_nodes(cls, given: Any) -> Any:
        if given == "bypass":
            return {}
        if isinstance(given, Text | Sequence):
            said = f"{_shown(given)} is not known here."
            raise fault("wrong_value", said, allowed="bypass, or {bypass: [NODE]}")
        return given


class InputKeys(Keys):
    """A slot for dropped files."""

    kind: Kind
    extensions: tuple[Annotated[str, BeforeValidator(_extension)], ...] = ()
    required: bool = True
    fan_out: bool = False
    when_absent: BypassKeys | None = None
    bind: Binds
    label: Label = ""
    help: Label = ""


class ParamKeys(Keys):
    """A parameter."""

    type: ParamType
    default: Scalar | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = Field(default=None, gt=0)
    round: float | None = Field(default=None, gt=0)
    multiple_of: int | None = Field(default=None, ge=1)
    plus: int | None = Field(default=None, ge=0)
    choices: Choices | None = None
    choices_from: Scalar | None = None
    sets: Sets | None = None
    presets: dict[str, Scalar] | None = None
    folder: Name | None = None
    bind: Binds = ()
    when_none: BypassKeys | None = None
    multiline: bool = False
    caption: bool = False
    placeholder: Label = ""
    label: Label = ""
    help: Label = ""
    widget: Label = ""
    options_source: Label = ""

    @model_validator(mode="after")
    def _fits_its_type(self) -> "ParamKeys":
        for key, types in _ONLY_FOR.items():
            if getattr(self, key) not in (None, False) and self.type not in types:
                said = f"the key `{key}` means nothing for a parameter of type {self.type}."
                raise fault("unknown_key", said, allowed=f"for {', '.join(types)}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise fault("wrong_value", f"min {self.min:g} is above max {self.max:g}.")
        if self.plus is not None and self.plus >= (self.multiple_of or 0):
            said = f"plus {self.plus} is not below multiple_of."
            raise fault("wrong_value", said, hint="Give `multiple_of`, and a `plus` below it.")
        if self.type == "model" and self.folder is None:
            hint = "Add the folder below ComfyUI's models/: `folder: vae`."
            raise fault("missing_key", "a model needs `folder`.", hint=hint)
        self._check_choices()
        return self

    def _check_choices(self) -> None:
        if self.type != "choice":
            return
        if self.choices is not None and self.choices_from is not None:
            said = "has both `choices` and `choices_from`."
            raise fault("wrong_value", said, hint="Keep one.")
        if not (self.choices or self.choices_from or self.sets):
            hint = "Add `choices: [a, b]`, `choices_from: Class.input` or `sets`."
            raise fault("missing_key", "a choice needs its choices.", hint=hint)
        unknown = [choice for choice in self.sets or () if choice not in (self.choices or choice)]
        if self.choices_from is None and unknown:
            said = f"sets names {unknown[0]}, which is no choice."
            raise fault("wrong_value", said, allowed=", ".join(self.choices or ()))


_NUMBERS = ("int", "float", "size", "seed")
_MODELS = ("lora", "checkpoint", "model")
_ONLY_FOR = {
    "min": _NUMBERS,
    "max": _NUMBERS,
    "step": ("int", "float", "size"),
    "round": ("float",),
    "multiple_of": ("int", "size"),
    "plus": ("int", "size"),
    "choices": ("choice",),
    "choices_from": ("choice",),
    "sets": ("choice",),
    "presets": ("size",),
    "folder": ("model",),
    "when_none": _MODELS,
    "caption": ("text",),
}


class AcceptKeys(Keys):
    """What an output must be to be published."""

    min_frames: int | None = Field(default=None, ge=1)
    min_bytes: Bytes | None = None
    max_black: float | None = Field(default=None, ge=0, le=1)


class OutputKeys(Keys):
    """An output and the node that makes it."""

    node: Scalar
    kind: Kind
    prefix: Scalar | None = None
    accept: AcceptKeys = AcceptKeys()


class RequiresKeys(Keys):
    """What a server must have."""

    vram_gb: float | None = Field(default=None, gt=0)
    tags: tuple[Label, ...] = ()


class DefinitionKeys(Keys):
    """A workflow definition."""

    vqd_workflow: Annotated[str, BeforeValidator(_version)]
    name: Name | None = None
    version: int = Field(default=1, ge=1)
    label: Label = ""
    group: Label = ""
    help: Label = ""
    graph: Scalar
    inputs: dict[Name, InputKeys] = Field(default_factory=dict)
    params: dict[Name, ParamKeys] = Field(default_factory=dict)
    outputs: dict[Name, OutputKeys] = Field(min_length=1)
    requires: RequiresKeys = RequiresKeys()
