"""One workflow on one server, judged node by node and parameter by parameter."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from vqd.definitions.accepts import bounds, fits_type, is_dynamic, plain, unfit
from vqd.definitions.reach import bound_inputs, declared, places, source
from vqd.domain.catalogue import Catalogue, NodeClass, NodeInput
from vqd.domain.errors import Problem
from vqd.domain.graph import Target, Value, is_link
from vqd.domain.nearest import meant
from vqd.domain.param import MOST_SEED, Param
from vqd.domain.workflow import Workflow

_NUMBERS = ("INT", "FLOAT")


class Judge:
    """Finds everything about a workflow that one server would not take, or leaves out."""

    def __init__(self, workflow: Workflow, server: str, catalogue: Catalogue) -> None:
        self._workflow = workflow
        self._server = server
        self._catalogue = catalogue
        self._graph = workflow.graph.nodes
        self._classes = {
            node: catalogue.node_class(server, made["class_type"])
            for node, made in self._graph.items()
        }
        self._bound = bound_inputs(workflow)
        self.faults: list[Problem] = []
        self.notes: list[Problem] = []

    def judge(self) -> None:
        """Go through the graph, the parameters and the outputs."""
        self._judge_classes()
        for node, found in self._classes.items():
            if found is not None:
                self._judge_node(node, found)
        for param in self._workflow.params.values():
            self._judge_param(param)
        for output in self._workflow.outputs:
            found = self._classes.get(output.node)
            if found is not None and not found.is_output:
                key = f"outputs.{output.slot}.node"
                said = f"the node {output.node} ({found.name}) gives no files there."
                self._fault("not_an_output", said, key, found=output.node, hint=_NAME_A_SAVER)

    def _judge_classes(self) -> None:
        """Tell of each class that is not there; of many in one fault, for it is one cause."""
        missing: dict[str, list[str]] = {}
        for node, found in self._classes.items():
            if found is None:
                missing.setdefault(self._graph[node]["class_type"], []).append(node)
        if len(missing) > _MOST_CLASSES:
            said = f"the server has none of the node classes {', '.join(sorted(missing))}."
            self._fault(
                "missing_class", said, "graph", hint="Install the node packs that have them."
            )
            return
        for name, nodes in missing.items():
            self._missing_class(f"graph {', '.join(nodes)}", name)

    def _judge_node(self, node: str, found: NodeClass) -> None:
        inputs = self._graph[node]["inputs"]
        for name, value in inputs.items():
            given = found.inputs.get(name)
            target = Target(node, name)
            if given is None:
                self._unknown_input(target, found)
            elif is_link(value):
                self._judge_link(target, given, str(value[0]), value[1])
            elif target not in self._bound and isinstance(value, str | int | float):
                self._judge_value(f"graph {target}", given, value)
        for name, given in found.inputs.items():
            if given.is_required and name not in inputs and not is_dynamic(given.type):
                said = f"{found.name} needs it there, and the graph neither sets nor wires it."
                self._fault("missing_node_input", said, f"graph {node}.{name}", hint=_EXPORT_AGAIN)

    def _unknown_input(self, target: Target, found: NodeClass) -> None:
        if _is_of_dynamic(target.input, found):
            return
        said = f"{found.name} has no input {target.input} there."
        near = meant(target.input, found.inputs)
        hint = f"Did you mean {near}?" if near else None
        owner = self._bound.get(target)
        if owner is not None:
            allowed = ", ".join(found.inputs)
            self._fault("unknown_node_input", said, owner, str(target), allowed, hint)
        else:
            key = f"graph {target}"
            said += " It is left out, unless the node takes inputs of any name."
            where = self._workflow.where
            self.notes.append(Problem("ignored_node_input", said, where, key=key, hint=hint))

    def _judge_link(self, target: Target, given: NodeInput, source: str, slot: int) -> None:
        found = self._classes.get(source)
        if found is None:
            return
        key = f"graph {target}"
        if not 0 <= slot < len(found.outputs):
            said = (
                f"is wired to output {slot} of node {source} ({found.name}), which has none there."
            )
            self._fault("wrong_link", said, key, hint=_EXPORT_AGAIN)
        elif not fits_type(found.outputs[slot], given.type):
            gives = f"node {source} ({found.name}) gives {found.outputs[slot]} there"
            said = f"takes {given.type}, and {gives}."
            self._fault("wrong_link", said, key, found.outputs[slot], given.type, _EXPORT_AGAIN)

    def _judge_param(self, param: Param) -> None:
        key = f"params.{param.name}"
        for given in self._inputs(param.targets):
            self._judge_range(param, given)
        if param.choices_from:
            self._judge_source(param, f"{key}.choices_from")
        for below, value in declared(param):
            reached = places(self._workflow, param, value, self._server, self._catalogue)
            for place, sent in reached or ():
                self._judge_value(f"{key}.{below}", place, sent)

    def _judge_source(self, param: Param, key: str) -> None:
        name = param.choices_from
        node_class = name.partition(".")[0]
        if self._catalogue.node_class(self._server, node_class) is None:
            if all(made["class_type"] != node_class for made in self._graph.values()):
                self._missing_class(key, node_class)
        elif source(param, self._server, self._catalogue) is None:
            said = f"{name} is no input with choices there."
            self._fault("no_choices", said, key, name, hint=_NAME_A_CHOICE)

    def _judge_range(self, param: Param, given: NodeInput) -> None:
        if given.type not in _NUMBERS:
            return
        low, high = bounds(given)
        greatest = MOST_SEED if param.type == "seed" and param.max is None else param.max
        name = f"params.{param.name}"
        if low is not None and param.min is not None and param.min < low:
            self._out_of_range(f"{name}.min", f"{plain(param.min)} is below", low, "at least")
        if high is not None and greatest is not None and greatest > high:
            self._out_of_range(f"{name}.max", f"{plain(greatest)} is above", high, "at most")

    def _out_of_range(self, key: str, said: str, bound: float, allowed: str) -> None:
        told = f"{said} {plain(bound)}, where the server's range ends."
        hint = f"Write {key.rpartition('.')[2]}: {plain(bound)}."
        self._fault("out_of_range", told, key, allowed=f"{allowed} {plain(bound)}", hint=hint)

    def _judge_value(self, key: str, given: NodeInput, value: Value) -> None:
        found = unfit(given, value)
        if found is not None:
            self._fault(found.code, found.said, key, str(value), found.allowed, found.hint)

    def _inputs(self, targets: Sequence[Target]) -> Iterator[NodeInput]:
        for target in targets:
            found = self._classes.get(target.node)
            if found is not None and target.input in found.inputs:
                yield found.inputs[target.input]

    def _missing_class(self, key: str, name: str) -> None:
        near = meant(name, self._names)
        hint = f"Did you mean {near}?" if near else "Install the node pack that has it."
        said = f"the server has no node class {name}."
        self._fault("missing_class", said, key, name, hint=hint)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self._catalogue.class_names(self._server)

    def _fault(
        self,
        code: str,
        said: str,
        key: str,
        found: str | None = None,
        allowed: str | None = None,
        hint: str | None = None,
    ) -> None:
        where = self._workflow.where
        problem = Problem(code, said, where, key=key, found=found, allowed=allowed, hint=hint)
        self.faults.append(problem)


def _is_of_dynamic(name: str, found: NodeClass) -> bool:
    head = name.partition(".")[0]
    return head in found.inputs and is_dynamic(found.inputs[head].type)


_EXPORT_AGAIN = "Open the graph in that server's page, mend it, and export it again."
_MOST_CLASSES = 3
_NAME_A_SAVER = "Name a node that saves."
_NAME_A_CHOICE = "Name Class.input, an input with a list of choices."
