"""What of a node class a graph relies on, and how that differs between two looks at a server."""

from collections.abc import Mapping

from vqd.domain.catalogue import NodeClass, NodeInput
from vqd.domain.frozen import frozen

WHOLE = ""
"""Stands for the class itself where no one input is meant: its outputs, or that it exists."""

_BOUNDS = ("min", "max")


@frozen
class SignatureChange:
    """One difference in a class, in words: an input (`WHOLE` for the class) as it was and is now.

    `was` is None where there was no such input or class, `now` where there is none any more.
    `changed_at` is UTC seconds.
    """

    node_class: str
    input: str
    was: str | None
    now: str | None
    changed_at: float = 0.0


def differences(
    name: str, before: NodeClass | None, after: NodeClass | None
) -> tuple[SignatureChange, ...]:
    """Give how a class differs. The options of a choice are no part of it: files come and go."""
    was, now = _signature(before), _signature(after)
    return tuple(
        SignatureChange(name, part, was.get(part), now.get(part))
        for part in dict.fromkeys([*was, *now])
        if was.get(part) != now.get(part) and (part == WHOLE or (before and after))
    )


def _signature(node_class: NodeClass | None) -> Mapping[str, str]:
    if node_class is None:
        return {}
    outputs = ", ".join(node_class.outputs) or "nothing"
    ends = ", an output node" if node_class.is_output else ""
    inputs = {name: _described(one) for name, one in node_class.inputs.items()}
    return {WHOLE: f"gives {outputs}{ends}", **inputs}


def _described(one: NodeInput) -> str:
    facts = ["required" if one.is_required else "optional"]
    facts += [f"{bound} {one.attributes[bound]}" for bound in _BOUNDS if bound in one.attributes]
    if not one.is_required and one.options is None and "default" in one.attributes:
        facts.append(f"default {one.attributes['default']!r}")
    return ", ".join([one.type, *facts])
