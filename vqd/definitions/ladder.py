"""The steps of a definition's `on_oom`, with what each sets in the graph."""

from collections.abc import Mapping
from typing import Protocol

from vqd.definitions.schema import StepKeys
from vqd.documents.tree import Text
from vqd.domain.graph import Value
from vqd.domain.ladder import Edits, Step
from vqd.domain.nearest import nearest
from vqd.domain.needs import Needs
from vqd.domain.param import Misfit, Param, is_relative
from vqd.domain.workflow import FLIP


class Note(Protocol):
    """Keeps a fault of what stands at a key path of the definition."""

    def __call__(
        self, code: str, said: str, hint: str, *path: str | int, allowed: str | None = None
    ) -> None: ...


def read_step(given: StepKeys, at: int, params: Mapping[str, Param], note: Note) -> Step:
    """Give the step at a place of the ladder (from 0); what is wrong with it goes to `note`."""
    if given.route is not None:
        return Step(route=Needs.of(given.route.tags, given.route.vram_gb))
    if given.set is None:
        return Step(frees_memory=True)
    values: dict[str, Value] = {}
    for name, text in given.set.items():
        try:
            values[str(name)] = _value(str(name), text, params)
        except Misfit as misfit:
            path = ("on_oom", at, "set", name)
            note(misfit.code, misfit.said, misfit.hint, *path, allowed=misfit.allowed or None)
    has_size = any(params[name].type == "size" for name in values)
    return Step(
        params=values,
        edits=_edits(values, params),
        flipped=_edits(values, params, flipped=True) if has_size else (),
        mark=given.mark,
    )


def _value(name: str, text: Text, params: Mapping[str, Param]) -> Value:
    """Give the value that a step sets.

    Raises:
        Misfit: it does not fit, or a prompt that was planned already cannot be given it.
    """
    param = params.get(name)
    if param is None:
        said = f"there is no parameter {name}."
        hint = nearest(name, params) or "A step sets parameters of this definition."
        raise Misfit("unknown_parameter", said, ", ".join(params), hint)
    value = param.read(text)
    if is_relative(value) and param.type == "size":
        hint = "Write WIDTHxHEIGHT in pixels, or a preset's name."
        raise Misfit("wrong_value", "a step knows no input's size.", "WIDTHxHEIGHT", hint)
    if param.bypassed(value) or param.sets or (name == FLIP and not param.targets):
        said = f"a step cannot set {name} so: more than its own inputs in the graph would change."
        raise Misfit("wrong_value", said, "", "Set another parameter.")
    return value


def _edits(
    values: Mapping[str, Value], params: Mapping[str, Param], *, flipped: bool = False
) -> Edits:
    return tuple(
        edit
        for name, value in values.items()
        for edit in params[name].edits(value, flipped=flipped).items()
    )
