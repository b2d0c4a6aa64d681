"""A workflow as its definition declares it, with every bind resolved to nodes of its graph."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vqd.domain.graph import NamedGraph, Target, Value
from vqd.domain.job import ExpectedOutput

PARAM_TYPES = ("text", "bool", "int", "float", "choice", "size", "seed")
MOST_SEED = (1 << 53) - 1
"""The largest seed: every JSON reader keeps it exact."""

_BOOLS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_INT = re.compile(r"[+-]?\d{1,20}")
_FLOAT = re.compile(r"[+-]?(\d{1,20}(\.\d*)?|\.\d+)([eE][+-]?\d\d?)?")
_SIZE = re.compile(r"(\d{1,6})\s*[xX]\s*(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Misfit(Exception):
    """A text that is no value of a parameter. `bound` is `min` or `max` where that was passed."""

    code: str
    said: str
    allowed: str
    hint: str = ""
    bound: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What a form may show; nothing is decided by it."""

    label: str = ""
    help: str = ""
    widget: str = ""
    placeholder: str = ""
    multiline: bool = False
    caption: bool = False
    options_source: str = ""


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: what may be given, and which inputs of the graph it sets.

    `default` None means that a job must give it (a seed is derived instead). `choices` maps what
    people write to what the node gets. A size is `WIDTHxHEIGHT` in pixels; its targets are the
    `width` and `height` of its nodes, in this order by node.
    """

    name: str
    type: str
    default: Value | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    multiple_of: int | None = None
    choices: Mapping[str, Value] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    hints: Hints = field(default_factory=Hints)

    def read(self, text: str) -> Value:
        """Give the value that `text` means here.

        Raises:
            Misfit: it is of another type, out of range, or no choice.
        """
        match self.type:
            case "text":
                return text
            case "bool":
                return self._read_bool(text)
            case "choice":
                return self._read_choice(text)
            case "size":
                return self._read_size(text)
            case "float":
                return self._in_range(float(self._matched(text, _FLOAT, "a number")))
            case _:
                return self._in_range(int(self._matched(text, _INT, "a whole number")))

    def edits(self, value: Value) -> dict[Target, Value]:
        """Give what a value of this parameter sets in the graph."""
        if self.type == "size":
            width, height = str(value).split("x")
            sides = {"width": int(width), "height": int(height)}
            return {target: sides[target.input] for target in self.targets}
        sent = self.choices[str(value)] if self.type == "choice" else value
        return dict.fromkeys(self.targets, sent)

    def _matched(self, text: str, form: re.Pattern[str], allowed: str) -> str:
        stripped = text.strip()
        if not form.fullmatch(stripped):
            raise Misfit("wrong_type", f"{_shown(text)} is not {allowed}.", allowed)
        return stripped

    def _read_bool(self, text: str) -> bool:
        value = _BOOLS.get(text.strip().lower())
        if value is None:
            allowed = "true or false"
            raise Misfit("wrong_type", f"{_shown(text)} is not {allowed}.", allowed)
        return value

    def _read_choice(self, text: str) -> str:
        if text in self.choices:
            return text
        folded = {choice.casefold(): choice for choice in self.choices}
        known = folded.get(text.strip().casefold())
        if known is None:
            allowed = ", ".join(self.choices)
            raise Misfit("unknown_choice", f"{_shown(text)} is no choice.", allowed)
        return known

    def _read_size(self, text: str) -> str:
        allowed = ", ".join(("WIDTHxHEIGHT in pixels", *self.presets))
        match = _SIZE.fullmatch(self.presets.get(text.strip(), text.strip()))
        if match is None:
            raise Misfit("wrong_type", f"{_shown(text)} is not a size.", allowed)
        sides = (int(match[1]), int(match[2]))
        for side in sides:
            self._in_range(side)
            if not side:
                raise Misfit("out_of_range", f"{_shown(text)} has no pixels.", allowed)
        return f"{sides[0]}x{sides[1]}"

    def _in_range(self, value: Value) -> Value:
        assert isinstance(value, int | float)
        low, high = self._bounds
        allowed = _range(low, high, self.multiple_of)
        if high is not None and value > high:
            raise Misfit(
                "out_of_range", f"{_number(value)} is above {_number(high)}", allowed, bound="max"
            )
        if low is not None and value < low:
            raise Misfit(
                "out_of_range", f"{_number(value)} is below {_number(low)}", allowed, bound="min"
            )
        if self.multiple_of and value % self.multiple_of:
            lower = int(value // self.multiple_of) * self.multiple_of
            said = f"{value} is not a multiple of {self.multiple_of}."
            hint = f"Take {lower} or {lower + self.multiple_of}."
            raise Misfit("out_of_range", said, allowed, hint)
        return value

    @property
    def _bounds(self) -> tuple[float | None, float | None]:
        if self.type != "seed":
            return self.min, self.max
        return self.min or 0, self.max if self.max is not None else MOST_SEED


@dataclass(frozen=True, slots=True)
class InputSlot:
    """A slot for dropped files. With `fan_out`, each file becomes a prompt of its own."""

    name: str
    kind: str
    extensions: tuple[str, ...]
    targets: tuple[Target, ...]
    required: bool = True
    fan_out: bool = False
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow. `where` is its definition's file as people know it: `workflows/NAME.yaml`."""

    name: str
    version: int
    where: str
    graph: NamedGraph
    inputs: Mapping[str, InputSlot]
    params: Mapping[str, Param]
    outputs: tuple[ExpectedOutput, ...]
    label: str = ""
    group: str = ""
    help: str = ""
    vram_gb: float | None = None
    tags: tuple[str, ...] = ()


def _shown(text: str) -> str:
    return text if 0 < len(text) <= 40 and text.isprintable() else repr(text[:40])


def _range(low: float | None, high: float | None, multiple_of: int | None) -> str:
    parts = [
        f"at least {_number(low)}" if low is not None else "",
        f"at most {_number(high)}" if high is not None else "",
        f"a multiple of {multiple_of}" if multiple_of else "",
    ]
    return ", ".join(part for part in parts if part)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
