"""What the servers offer for a workflow's parameters: samplers, models, whatever a node lists."""

from collections.abc import Mapping

from vqd.domain.catalogue import Catalogue
from vqd.domain.param import Param
from vqd.domain.workflow import Workflow


def options(workflow: Workflow, catalogue: Catalogue) -> Mapping[str, tuple[str, ...]]:
    """Give for each parameter that has its values from the servers what they offer, each in the
    spelling of the first server that has it; nothing for one of which no server tells."""
    found = {name: _offered(param, workflow, catalogue) for name, param in workflow.params.items()}
    return {name: offered for name, offered in found.items() if offered}


def _offered(param: Param, workflow: Workflow, catalogue: Catalogue) -> tuple[str, ...]:
    place = _place(param, workflow)
    if place is None:
        return ()
    spelt: dict[str, str] = {}
    for server in catalogue.servers():
        node_class = catalogue.node_class(server, place[0])
        told = node_class.inputs.get(place[1]) if node_class else None
        for option in (told.options if told else None) or ():
            spelt.setdefault(str(option).replace("\\", "/").casefold(), str(option))
    return tuple(spelt.values())


def _place(param: Param, workflow: Workflow) -> tuple[str, str] | None:
    """Give the class and the input whose options a parameter's values are."""
    if param.choices_from:
        class_type, _, name = param.choices_from.partition(".")
        return class_type, name
    if param.is_model and param.targets:
        target = param.targets[0]
        return workflow.graph.nodes[target.node]["class_type"], target.input
    return None
