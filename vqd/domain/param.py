"""Parameters: what a job may give, and which inputs of the graph each value sets."""

import re
from collections.abc import Mapping
from dataclasses import field

from vqd.domain.frozen import frozen
from vqd.domain.graph import Target, Value

MODEL_FOLDERS = {"lora": "loras", "checkpoint": "checkpoints"}
"""The folder of ComfyUI's models that a type is of; a `model` names its own."""
MOST_SEED = (1 << 53) - 1
"""The largest seed: every JSON reader keeps it exact."""
_WHOLE = {"int": (-(1 << 63), (1 << 64) - 1), "seed": (0, (1 << 63) - 1)}
"""The whole numbers that can be kept: as JSON, and a seed in a column of 64 bits with a sign."""
NONE = "none"
"""The model that is none: its `when_none` nodes are bypassed."""

_BOOLS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_INT = re.compile(r"([+-]?\d{1,20})(\.0*)?", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d{1,20}(\.\d*)?|\.\d+)([eE][+-]?\d\d?)?", re.ASCII)
_SIZE = re.compile(r"(\d{1,6})\s*[xX]\s*(\d{1,6})", re.ASCII)
_SCALE = re.compile(r"scale\s+(\d{1,4}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_FIT = re.compile(r"fit\s+(\d{1,6})\s*[xX]\s*(\d{1,6})", re.ASCII)
_RELATIVE = re.compile(r"(scale|fit)\s")
_LONGEST_NAME = 1000
_MOST_WRITTEN_OUT = 10**21
"""A number from here on is shown with its power of ten."""


@frozen
class Misfit(Exception):
    """A text that is no value of a parameter. `bound` is `min` or `max` where that was passed."""

    code: str
    said: str
    allowed: str
    hint: str = ""
    bound: str | None = None


@frozen
class Hints:
    """What a form may show; nothing is decided by it."""

    label: str = ""
    help: str = ""
    widget: str = ""
    placeholder: str = ""
    multiline: bool = False
    options_source: str = ""


@frozen
class Param:
    """A parameter: what may be given, and which inputs of the graph it sets.

    `default` None means that a job must give it (a seed is derived instead). `choices` maps what
    people write to what the node gets; `choices_from` names the `Class.input` whose options on the
    servers are the choices. `sets` are the inputs that a choice sets beside `targets`.

    A size is `WIDTHxHEIGHT` in pixels; its targets are the `width` and `height` of its nodes, in
    this order by node. A whole number or side is `plus` above a multiple of `multiple_of`.

    The nodes of `when_none` are bypassed where a model is `none`. `folder` is the folder of
    ComfyUI's models that a model is of. A `caption` is told by the `.txt` beside an input.
    """

    name: str
    type: str
    default: Value | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    round: float | None = None
    multiple_of: int | None = None
    plus: int = 0
    choices: Mapping[str, Value] = field(default_factory=dict)
    choices_from: str = ""
    sets: Mapping[str, Mapping[Target, Value]] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    when_none: tuple[str, ...] = ()
    folder: str = ""
    caption: bool = False
    hints: Hints = field(default_factory=Hints)

    @property
    def is_model(self) -> bool:
        """Tell whether its values are models of a server."""
        return bool(self.folder)

    def read(self, text: str) -> Value:
        """Give the value that `text` means here.

        A size relative to the input stays so: `scale 1.5`, `fit 1280x720`; see `size_of`.

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
                return self._in_range(float(self._matched(text, _FLOAT, "a number")[0]))
            case "int" | "seed":
                return self._read_whole(text)
            case _:
                return self._read_name(text)

    def edits(self, value: Value, *, flipped: bool = False) -> dict[Target, Value]:
        """Give what a value of this parameter sets in the graph; `flipped` swaps a size's sides.

        The value of a size is WIDTHxHEIGHT here. None of a model sets nothing.
        """
        if self.type == "size":
            width, height = sides_of(str(value))
            if flipped:
                width, height = height, width
            sides = {"width": width, "height": height}
            return {target: sides[target.input] for target in self.targets}
        if self.type != "choice":
            return {} if self.bypassed(value) else dict.fromkeys(self.targets, value)
        sent = self.choices.get(str(value), value)
        return {**dict.fromkeys(self.targets, sent), **self.sets.get(str(value), {})}

    def bypassed(self, value: Value) -> tuple[str, ...]:
        """Give the nodes that a value takes out of the graph."""
        return self.when_none if self.is_model and value == NONE else ()

    def size_of(self, value: str, width: int, height: int, *, flipped: bool = False) -> str:
        """Give the WIDTHxHEIGHT of a relative size for an input of these sides, in pixels.

        Each side is rounded to what the parameter allows. `fit` keeps the sides' ratio within its
        box, and makes a small input larger too. `flipped` tells that `edits` will swap the sides:
        then it is the box on its side that is fitted.

        Raises:
            Misfit: `out_of_range`, a side is.
        """
        match = _FIT.fullmatch(value)
        if match is None:
            factor = float(value.removeprefix("scale "))
        elif flipped:
            factor = min(int(match[2]) / width, int(match[1]) / height)
        else:
            factor = min(int(match[1]) / width, int(match[2]) / height)
        sides = [self._rounded(width * factor), self._rounded(height * factor)]
        for side in sides:
            self._in_range(side)
        return f"{sides[1]}x{sides[0]}" if match and flipped else f"{sides[0]}x{sides[1]}"

    def _rounded(self, side: float) -> int:
        multiple = self.multiple_of or 1
        return max(1, round((side - self.plus) / multiple)) * multiple + self.plus

    def _matched(self, text: str, form: re.Pattern[str], allowed: str) -> re.Match[str]:
        match = form.fullmatch(text.strip())
        if match is None:
            with_point = form.fullmatch(text.strip().replace(",", ".", 1))
            hint = f"Write it with a point: {with_point[0]}." if with_point else ""
            raise Misfit("wrong_type", f"{_shown(text)} is not {allowed}.", allowed, hint)
        return match

    def _read_whole(self, text: str) -> int:
        value = int(self._matched(text, _INT, "a whole number")[1])
        self._in_range(value)
        least, most = _WHOLE[self.type]
        if not least <= value <= most:
            said = f"{value} is longer than can be kept."
            raise Misfit("out_of_range", said, f"{least} to {most}")
        return value

    def _read_bool(self, text: str) -> bool:
        value = _BOOLS.get(text.strip().lower())
        if value is None:
            allowed = "true or false"
            raise Misfit("wrong_type", f"{_shown(text)} is not {allowed}.", allowed)
        return value

    def _read_choice(self, text: str) -> str:
        if not self.choices:
            return self._read_name(text)
        if text in self.choices:
            return text
        folded = {choice.casefold(): choice for choice in self.choices}
        known = folded.get(text.strip().casefold())
        if known is None:
            allowed = ", ".join(self.choices)
            raise Misfit("unknown_choice", f"{_shown(text)} is no choice.", allowed)
        return known

    def _read_name(self, text: str) -> str:
        name = text.strip()
        if self.is_model and name.casefold() == NONE:
            if not self.when_none:
                hint = "Name one, or give the parameter `when_none: {bypass: [NODE]}`."
                raise Misfit("wrong_value", "there is no going without it.", "a name", hint)
            return NONE
        if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
            raise Misfit("wrong_type", f"{_shown(text)} is not a name.", "a name")
        return name

    def _read_size(self, text: str) -> str:
        given = text.strip()
        match = _SCALE.fullmatch(given)
        if match and (factor := round(float(match[1]), 9)):
            return f"scale {factor:.9f}".rstrip("0").rstrip(".")
        if (match := _FIT.fullmatch(given)) and int(match[1]) and int(match[2]):
            return f"fit {int(match[1])}x{int(match[2])}"
        return self._read_sides(text, self._preset(given) or given)

    def _preset(self, name: str) -> str | None:
        folded = {preset.casefold(): size for preset, size in self.presets.items()}
        return self.presets.get(name) or folded.get(name.casefold())

    def _read_sides(self, text: str, given: str) -> str:
        allowed = ", ".join(("WIDTHxHEIGHT in pixels", *self.presets))
        match = _SIZE.fullmatch(given)
        if match is None:
            allowed += ", {scale: 1.5} or {fit: 1280x720} of the input"
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
        if high is not None and value > high:
            raise self._out_of_range(f"{_number(value)} is above {_number(high)}.", bound="max")
        if low is not None and value < low:
            raise self._out_of_range(f"{_number(value)} is below {_number(low)}.", bound="min")
        if self.multiple_of and (value - self.plus) % self.multiple_of:
            lower = int((value - self.plus) // self.multiple_of) * self.multiple_of + self.plus
            said = f"{value} is not {_multiple(self.multiple_of, self.plus)}."
            raise self._out_of_range(said, f"Take {lower} or {lower + self.multiple_of}.")
        return value

    def _out_of_range(self, said: str, hint: str = "", bound: str | None = None) -> Misfit:
        allowed = _range(*self._bounds, self.multiple_of, self.plus)
        return Misfit("out_of_range", said, allowed, hint, bound)

    @property
    def _bounds(self) -> tuple[float | None, float | None]:
        if self.type != "seed":
            return self.min, self.max
        return self.min or 0, self.max if self.max is not None else MOST_SEED


def is_relative(size: Value) -> bool:
    """Tell whether a size hangs on that of the input."""
    return isinstance(size, str) and _RELATIVE.match(size) is not None


def sides_of(size: str) -> tuple[int, int]:
    """Give width and height of a WIDTHxHEIGHT."""
    width, _, height = size.partition("x")
    return int(width), int(height)


def _shown(text: str) -> str:
    return text if 0 < len(text) <= 40 and text.isprintable() else repr(text[:40])


def _range(low: float | None, high: float | None, multiple_of: int | None, plus: int) -> str:
    parts = [
        f"at least {_number(low)}" if low is not None else "",
        f"at most {_number(high)}" if high is not None else "",
        _multiple(multiple_of, plus) if multiple_of else "",
    ]
    return ", ".join(part for part in parts if part)


def _multiple(of: int, plus: int) -> str:
    return f"a multiple of {of} plus {plus}" if plus else f"a multiple of {of}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < _MOST_WRITTEN_OUT else str(value)
