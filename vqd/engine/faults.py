"""What is wrong with one input's value, in ComfyUI's words (0.3.64, execution.py)."""

import math
from collections.abc import Callable, Mapping
from typing import Any

Told = dict[str, Any]
Spec = tuple[Any, ...]
"""An input's type or its options, and facts about it, as in `/object_info`."""

_SHOWN_OPTIONS = 20
_COERCED: Mapping[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}


def fault(
    kind: str,
    message: str,
    name: str,
    *,
    details: str | None = None,
    input_config: Spec | None = None,
    **extra: Any,
) -> Told:
    """Give one entry of a node's `errors`; `extra` goes into its `extra_info`."""
    if input_config is not None:
        extra["input_config"] = [*input_config, {}][:2]
    extra["input_name"] = name
    return {"type": kind, "message": message, "details": details or name, "extra_info": extra}


def value_fault(inputs: Told, name: str, spec: Spec) -> Told | None:
    """Say what is wrong with a value that is no link; a good one is coerced in place."""
    value = inputs[name]
    if isinstance(value, dict) and "__value__" in value:
        inputs[name] = value = value["__value__"]
    coerced = _COERCED.get(spec[0]) if isinstance(spec[0], str) else None
    if coerced is not None:
        try:
            inputs[name] = value = coerced(value)
        except (ValueError, TypeError, OverflowError) as error:
            return fault(
                "invalid_input_type",
                f"Failed to convert an input value to a {spec[0]} value",
                name,
                details=f"{name}, {value}, {error}",
                input_config=spec,
                received_value=value,
                exception_message=str(error),
            )
    return _range_fault(name, spec, value) or _choice_fault(name, spec, value)


def _range_fault(name: str, spec: Spec, value: Any) -> Told | None:
    if spec[0] not in ("INT", "FLOAT"):
        return None
    least, most = spec[1].get("min"), spec[1].get("max")
    if least is not None and value < least:
        kind, said = "value_smaller_than_min", f"Value {value} smaller than min of {least}"
    elif most is not None and value > most:
        kind, said = "value_bigger_than_max", f"Value {value} bigger than max of {most}"
    elif math.isnan(value):  # ComfyUI lets it through, into the node's arithmetic
        kind, said = "invalid_input_type", "Failed to convert an input value: not a number"
    else:
        return None
    return fault(kind, said, name, input_config=spec, received_value=value)


def _choice_fault(name: str, spec: Spec, value: Any) -> Told | None:
    options = spec[0]
    # Options that depend on the server's folders are left to the class's own check.
    if not isinstance(options, list) or not options or value in options:
        return None
    is_short = len(options) <= _SHOWN_OPTIONS
    shown = str(options) if is_short else f"(list of length {len(options)})"
    return fault(
        "value_not_in_list",
        "Value not in list",
        name,
        details=f"{name}: '{value}' not in {shown}",
        input_config=spec if is_short else None,
        received_value=value,
    )
