"""What one input of a node accepts. Source: ComfyUI 0.3.64, execution.py `validate_inputs`."""

import math
from collections.abc import Callable

from vqd.domain.catalogue import NodeInput
from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.nearest import meant_file
from vqd.domain.spelling import spellings

Options = tuple[Value, ...]

_UPLOADS = ("image_upload", "video_upload", "audio_upload", "file_upload")
_ELSEWHERE = ("/", "\\", "[output]", "[temp]", "[input]")
_ANY = "*"
_DYNAMIC = "COMFY_"
_MOST_SHOWN = 30


@frozen
class Unfit:
    """Why an input does not accept a value: a code, and the rest of a sentence about the value."""

    code: str
    said: str
    allowed: str | None = None
    hint: str | None = None


def unfit(given: NodeInput, value: Value) -> Unfit | None:
    """Tell why an input does not accept a value; None if it does, or that is not known."""
    if given.options is not None:
        return _unfit_option(given, given.options, value)
    if given.type == "INT":
        return _unfit_number(given, value, int, "a whole number")
    if given.type == "FLOAT":
        return _unfit_number(given, value, float, "a number")
    return None


def bounds(given: NodeInput) -> tuple[float | None, float | None]:
    """Give the least and the greatest number that an input accepts, None where there is none."""
    return _number(given.attributes.get("min")), _number(given.attributes.get("max"))


def plain(number: float) -> str:
    """Give a number as people write it."""
    return str(int(number)) if number == int(number) else str(number)


def is_dynamic(kind: str) -> bool:
    """Tell whether an input of this type stands for several, which its node names as it likes."""
    return kind.startswith(_DYNAMIC)


def fits_type(received: str, wanted: str) -> bool:
    """Tell whether an output may be wired to an input: they have a type in common, or one is any.

    Source: ComfyUI 0.3.64, comfy_execution/validation.py.
    """
    if is_dynamic(received) or is_dynamic(wanted):
        return True
    gives, takes = _types(received), _types(wanted)
    return _ANY in gives | takes or not gives.isdisjoint(takes)


def _unfit_option(given: NodeInput, options: Options, value: Value) -> Unfit | None:
    known = spellings(options).find(value) if isinstance(value, str) else None
    if known is not None or value in options:
        return None
    if not any(given.attributes.get(upload) for upload in _UPLOADS):
        said = _is_no(value, options)
        return Unfit("unknown_option", said, _listed(options), _hint(value, options))
    if any(part in str(value) for part in _ELSEWHERE):
        return None
    said = f"{_shown(value)} is no file in the server's input folder."
    return Unfit("missing_file", said, None, "Bind it as an input, or put the file there.")


def _unfit_number(
    given: NodeInput, value: Value, read: Callable[[Value], float], allowed: str
) -> Unfit | None:
    try:
        number = read(value)
    except (ValueError, OverflowError):
        return Unfit("wrong_type", f"{_shown(value)} is not {allowed}.", allowed)
    low, high = bounds(given)
    if low is not None and number < low:
        return Unfit("out_of_range", f"{value} is below {plain(low)}.", f"at least {plain(low)}")
    if high is not None and number > high:
        return Unfit("out_of_range", f"{value} is above {plain(high)}.", f"at most {plain(high)}")
    return None


def _is_no(value: Value, options: Options) -> str:
    if not options:
        return f"{_shown(value)} is no choice: the server has none at all."
    return f"{_shown(value)} is none of the {len(options)} choices."


def _hint(value: Value, options: Options) -> str | None:
    names = [option for option in options if isinstance(option, str)]
    near = meant_file(str(value), names)
    return f"Did you mean {near}?" if near else None


def _listed(options: Options) -> str | None:
    more = ", …" if len(options) > _MOST_SHOWN else ""
    return ", ".join(map(str, options[:_MOST_SHOWN])) + more if options else None


def _shown(value: Value) -> str:
    text = str(value)
    return text if 0 < len(text) <= 80 and text.isprintable() else repr(text[:80])


def _number(bound: object) -> float | None:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        return None
    return bound if math.isfinite(bound) else None


def _types(kinds: str) -> set[str]:
    return {kind.strip() for kind in kinds.split(",")}
