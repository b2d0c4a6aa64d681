"""Which inputs of a server's nodes the values of a workflow's parameters reach."""

from collections.abc import Iterator, Mapping

from vqd.domain.catalogue import Catalogue, NodeInput
from vqd.domain.graph import Target, Value
from vqd.domain.param import Param, is_relative
from vqd.domain.workflow import Workflow


def places(
    workflow: Workflow, param: Param, value: Value, server: str, catalogue: Catalogue
) -> list[tuple[NodeInput, Value]] | None:
    """Give each input of a server's nodes that a value reaches, with what it gets.

    None if that is not known: the server has not the class of one, or the value is a size that
    hangs on an input.
    """
    if param.type == "size" and is_relative(value):
        return None
    found: list[tuple[NodeInput, Value]] = []
    for target, sent in param.edits(value).items():
        node_class = catalogue.node_class(server, workflow.graph.nodes[target.node]["class_type"])
        if node_class is None:
            return None
        if target.input in node_class.inputs:
            found.append((node_class.inputs[target.input], sent))
    if param.choices_from and not param.bypassed(value):
        given = source(param, server, catalogue)
        if given is None:
            return None
        found.append((given, param.choices.get(str(value), value)))
    return found


def source(param: Param, server: str, catalogue: Catalogue) -> NodeInput | None:
    """Give the input whose choices a parameter has there; None if it is none, or has none."""
    name, _, input_name = param.choices_from.partition(".")
    found = catalogue.node_class(server, name)
    given = found.inputs.get(input_name) if found is not None else None
    return given if given is not None and given.options is not None else None


def bound_inputs(workflow: Workflow) -> Mapping[Target, str]:
    """Give for each input that is set from outside the graph the key that binds it."""
    bound: dict[Target, str] = {}
    for slot in workflow.inputs.values():
        bound |= dict.fromkeys(slot.targets, f"inputs.{slot.name}.bind")
    for param in workflow.params.values():
        bound |= dict.fromkeys(param.targets, f"params.{param.name}.bind")
        for choice, sets in param.sets.items():
            bound |= dict.fromkeys(sets, f"params.{param.name}.sets.{choice}")
    for output in workflow.outputs:
        if output.prefix_input is not None:
            bound[Target(output.node, output.prefix_input)] = f"outputs.{output.slot}.prefix"
    return bound


def declared(param: Param) -> Iterator[tuple[str, Value]]:
    """Give every value that the definition itself names, with its key."""
    for choice in param.choices:
        yield f"{'sets' if choice in param.sets else 'choices'}.{choice}", choice
    for preset, size in param.presets.items():
        yield f"presets.{preset}", param.read(size)
    if param.default is not None and param.default not in param.choices:
        yield "default", param.default
