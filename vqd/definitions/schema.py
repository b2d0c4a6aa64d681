"""The keys of a workflow definition, and what may stand behind each."""

from collections.abc import Mapping as AnyMapping
from itertools import chain
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from vqd.definitions import forms
from vqd.definitions.acceptance import AcceptKeys
from vqd.definitions.terms import (
    BIND,
    Choices,
    Extension,
    InputKind,
    Listed,
    Name,
    OutputKind,
    ParamType,
    Sets,
    Version,
)
from vqd.documents.schema import Keys, fault, shown_kind
from vqd.documents.tree import Sequence, Text
from vqd.documents.values import Label, Scalar, Value
from vqd.domain.kinds import KINDS
from vqd.domain.param import Hints


class BypassKeys(Keys):
    """The nodes that are taken out: what they feed is wired past them.

    `bypass` alone takes out the nodes that the slot or parameter is bound to.
    """

    model_config = ConfigDict(json_schema_extra=forms.also_bypass)

    bypass: Listed = Field(default=(), description="The nodes: ids, @Title or classes.")

    @model_validator(mode="before")
    @classmethod
    def _of_own_nodes(cls, given: Any) -> Any:
        if given == "bypass":
            return {}
        if isinstance(given, Text | Sequence):
            said = f"{shown_kind(given)} is not known here."
            raise fault("wrong_value", said, allowed="bypass, or {bypass: [NODE]}")
        return given


class InputKeys(Keys):
    """A slot for dropped files."""

    kind: InputKind = Field(description="What its files are.")
    extensions: tuple[Extension, ...] = Field(
        default=(), description="What is taken from a folder; without it, those usual for the kind."
    )
    required: bool = Field(default=True, description="Whether a job must have a file for it.")
    fan_out: bool = Field(default=False, description="Whether each file is a prompt of its own.")
    when_absent: BypassKeys | None = Field(
        default=None, description="The nodes that are taken out where it has no file."
    )
    bind: Listed = Field(description=BIND)
    label: Label = Field(default="", description="What people read.")
    help: Label = Field(default="", description="A sentence for people.")

    @model_validator(mode="after")
    def _may_be_absent(self) -> "InputKeys":
        if self.required and self.when_absent is not None:
            said = "when_absent means nothing for an input that every job must have."
            raise fault("unknown_key", said, hint="Add `required: false`, or remove it.")
        return self


class ParamKeys(Keys):
    """A parameter."""

    model_config = ConfigDict(json_schema_extra=lambda made: forms.by_type(made, _ONLY_FOR))

    type: ParamType = Field(description="What its values are.")
    default: Value | None = Field(
        default=None, description="Its value where a job gives none; without it a job must."
    )
    min: float | None = Field(default=None, description="The least it may be.")
    max: float | None = Field(default=None, description="The most it may be.")
    step: float | None = Field(default=None, gt=0, description="How far a form's arrows go.")
    round: float | None = Field(default=None, gt=0, description="What a form rounds to.")
    multiple_of: int | None = Field(
        default=None, ge=1, description="What it, or each side of a size, is a multiple of."
    )
    plus: int | None = Field(
        default=None, ge=0, description="How far above such a multiple it is: 4 x n + 1."
    )
    choices: Choices | None = Field(
        default=None, description="The choices: names, or names and what is sent for each."
    )
    choices_from: Scalar | None = Field(
        default=None,
        description="A Class.input whose options on the servers are the choices.",
        examples=["KSampler.sampler_name"],
    )
    sets: Sets | None = Field(
        default=None, description="For each choice the inputs that it sets: NODE.input and value."
    )
    presets: dict[str, Scalar] | None = Field(
        default=None, description="Names for sizes.", examples=[{"portrait": "480x832"}]
    )
    folder: Name | None = Field(
        default=None, description="The folder below ComfyUI's models/ that a model is of: vae."
    )
    bind: Listed = Field(default=(), description=BIND)
    when_none: BypassKeys | None = Field(
        default=None, description="The nodes that are taken out where the model is none."
    )
    multiline: bool = Field(default=False, description="Whether a form shows several lines.")
    caption: bool = Field(
        default=False, description="Whether shot.txt beside shot.png is its value for that input."
    )
    placeholder: Label = Field(default="", description="What an empty field of a form shows.")
    label: Label = Field(default="", description="What people read.")
    help: Label = Field(default="", description="A sentence for people.")
    widget: Label = Field(default="", description="The field of a form; else by the type.")
    options_source: Label = Field(default="", description="Where a form finds its options.")

    @property
    def hints(self) -> Hints:
        """What a form may go by."""
        return Hints(
            label=self.label,
            help=self.help,
            widget=self.widget,
            placeholder=self.placeholder,
            multiline=self.multiline,
            options_source=self.options_source,
        )

    @model_validator(mode="after")
    def _fits_its_type(self) -> "ParamKeys":
        for key, types in _ONLY_FOR.items():
            given = getattr(self, key)
            if given is not None and given is not False and self.type not in types:
                said = f"the key `{key}` means nothing for a parameter of type {self.type}."
                raise fault("unknown_key", said, allowed=f"for {', '.join(types)}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise fault("wrong_value", f"min {self.min:g} is above max {self.max:g}.")
        if self.plus is not None and self.plus >= (self.multiple_of or 0):
            said = f"plus {self.plus} is not below multiple_of."
            raise fault("wrong_value", said, hint="Give `multiple_of`, and a `plus` below it.")
        if self.type in _FILES and self.default not in (None, "none"):
            said = "a file of the job has no default."
            raise fault(
                "wrong_value", said, allowed="none", hint="`default: none` lets it be absent."
            )
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
_FILES = ("image", "video", "audio")
_ONLY_FOR: AnyMapping[str, tuple[str, ...]] = {
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
    "when_none": (*_MODELS, *_FILES),
    "caption": ("text",),
}


ACCEPTED = {
    key: tuple(name for name, kind in KINDS.items() if key in kind.accepts)
    for key in dict.fromkeys(chain.from_iterable(kind.accepts for kind in KINDS.values()))
}
"""For each key of `accept` that not every file can meet, the kinds that it is for."""


class OutputKeys(Keys):
    """An output and the node that makes it."""

    model_config = ConfigDict(json_schema_extra=lambda made: forms.by_kind(made, ACCEPTED))

    node: Scalar = Field(description="The node that saves or shows it: an id, @Title or a class.")
    kind: OutputKind = Field(description="What it is; `file` takes whatever comes.")
    prefix: Scalar | None = Field(
        default=None, description="The node's input for the file name: filename_prefix."
    )
    temp: bool = Field(
        default=False, description="Whether what the node only previews is an output too."
    )
    accept: AcceptKeys = Field(default=AcceptKeys(), description="What it must be to be published.")

    @model_validator(mode="after")
    def _accepts_what_it_has(self) -> "OutputKeys":
        for key, kinds in ACCEPTED.items():
            if self.kind not in kinds and getattr(self.accept, key) is not None:
                said = f"the key `{key}` of accept means nothing for an output of kind {self.kind}."
                raise fault("unknown_key", said, allowed=f"for {', '.join(kinds)}")
        return self


class RequiresKeys(Keys):
    """What a server must have."""

    vram_gb: float | None = Field(default=None, gt=0, description="The GPU's memory, in GB.")
    tags: tuple[Label, ...] = Field(default=(), description="Tags of the server, all of them.")


class StepKeys(Keys):
    """What is tried when a server's memory does not suffice: one of free_memory, route and set."""

    model_config = ConfigDict(json_schema_extra=forms.also_free_memory)

    route: RequiresKeys | None = Field(
        default=None, description="Only servers with so much: {vram_gb: 40}, {tags: [big]}."
    )
    set: dict[str, Scalar] | None = Field(
        default=None, description="Values that replace the prompt's own: {frames: 49}."
    )
    mark: Label = Field(
        default="", description="Told of what it makes with these values: degraded."
    )

    @model_validator(mode="before")
    @classmethod
    def _of_one_kind(cls, given: Any) -> Any:
        if given == "free_memory":
            return {}
        allowed = "free_memory, {route: {…}} or {set: {…}, mark: …}"
        if not isinstance(given, AnyMapping):
            raise fault("wrong_value", f"{shown_kind(given)} is no step.", allowed=allowed)
        if len({"route", "set"} & {*given}) != 1:
            raise fault("wrong_value", "must be one step.", allowed=allowed)
        if not given.get("route") and not given.get("set"):
            raise fault("wrong_value", "names nothing.", allowed=allowed)
        if "mark" in given and "set" not in given:
            raise fault("unknown_key", "a mark is told of values that are set.", allowed=allowed)
        return given


class DefinitionKeys(Keys):
    """A workflow definition."""

    vqd_workflow: Version = Field(description="The format's version: 1.")
    name: Name | None = Field(
        default=None, description="What a job asks for: the name of this file, without .yaml."
    )
    version: int = Field(default=1, ge=1, description="Yours; told in the report and in sidecars.")
    label: Label = Field(default="", description="What people read.")
    group: Label = Field(default="", description="What it is listed under.")
    help: Label = Field(default="", description="A sentence for people.")
    graph: Scalar = Field(description="The graph's file, beside the definition: NAME.json.")
    inputs: dict[Name, InputKeys] = Field(
        default_factory=dict, description="The slots for dropped files."
    )
    params: dict[Name, ParamKeys] = Field(default_factory=dict, description="The parameters.")
    outputs: dict[Name, OutputKeys] = Field(
        min_length=1, description="What comes back, and the nodes that make it; at least one."
    )
    requires: RequiresKeys = Field(default=RequiresKeys(), description="What a server must have.")
    on_oom: tuple[StepKeys, ...] = Field(
        default=(),
        description="What is tried, in turn, when a server's memory does not suffice for a prompt.",
    )
