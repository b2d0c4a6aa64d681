"""What a definition's keys are made of: names, kinds, lists and choices."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from vqd.definitions import forms
from vqd.documents.schema import fault, listed, shown_kind
from vqd.documents.tree import Sequence, Text
from vqd.documents.values import Scalar

_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")


BIND = "Where it goes: NODE.input, or a list. NODE is an id, @Title, or a class that occurs once."


def _version(given: Any) -> Any:
    if given != "1":
        said = f"the format version {shown_kind(given)} is not known."
        raise fault("unknown_version", said, allowed="1", hint="Write `vqd_workflow: 1`.")
    return given


def _name(given: Any) -> Any:
    if not (isinstance(given, Text) and _NAME.fullmatch(given)):
        allowed = "up to 64 letters, digits, - and _, a letter first"
        raise fault("bad_name", f"{shown_kind(given)} is not a name.", allowed=allowed)
    return given


def _extension(given: Any) -> str:
    if not (isinstance(given, Text) and _EXTENSION.fullmatch(given)):
        allowed = "a dot and letters or digits: .png"
        raise fault("wrong_value", f"{shown_kind(given)} is not an extension.", allowed=allowed)
    return given.lower()


def _choices(given: Any) -> Any:
    """Give choices by name, also where they are a list of names."""
    if isinstance(given, Sequence) and all(isinstance(choice, Text) for choice in given):
        return {choice: choice for choice in given}
    return given


Name = Annotated[Any, BeforeValidator(_name), WithJsonSchema(forms.NAME)]
Version = Annotated[str, BeforeValidator(_version), WithJsonSchema(forms.VERSION)]
Extension = Annotated[str, BeforeValidator(_extension), WithJsonSchema(forms.EXTENSION)]
Listed = Annotated[tuple[Scalar, ...], BeforeValidator(listed), WithJsonSchema(forms.ONE_OR_MORE)]
Choices = Annotated[dict[str, Scalar], BeforeValidator(_choices), WithJsonSchema(forms.CHOICES)]
InputKind = Literal["image", "video", "audio"]
OutputKind = Literal["image", "video", "audio", "text", "latent", "model3d", "vector", "file"]
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
Sets = dict[str, dict[str, Scalar]]
