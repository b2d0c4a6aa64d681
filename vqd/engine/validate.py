"""What is wrong with a graph before it runs, in ComfyUI's words (0.3.64, execution.py)."""

import traceback
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vqd.domain.frozen import frozen
from vqd.engine.faults import Spec, Told, fault, value_fault
from vqd.engine.nodes.signature import Folders, NodeClass

_ANY = "*"
_FAILED = "prompt_outputs_failed_validation"


@dataclass(slots=True)
class Verdict:
    """What may run: the ids of the output nodes that are right. `error` is the headline of a
    refusal; `node_errors` also names what is wrong when something else may run."""

    error: Told | None = None
    outputs: tuple[str, ...] = ()
    node_errors: dict[str, Told] = field(default_factory=dict)


@frozen
class _Need:
    """A link that was followed: from this input of a node to another node."""

    node: str
    name: str
    spec: Spec
    link: list[Any]


class _Cycle(Exception):
    """A node needs itself."""


def headline(kind: str, message: str, details: str = "") -> Told:
    """Give the `error` of a refused prompt."""
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


def validate(
    graph: Any,
    classes: Mapping[str, NodeClass],
    folders: Folders,
    targets: Container[str] | None,
) -> Verdict:
    """Check a posted graph; input values of plain types are coerced in place.

    Raises:
        TypeError: the graph is no object, nor something empty; or a node is none.
    """
    if not isinstance(graph, dict) and graph != []:
        raise TypeError("a prompt is an object of nodes")
    error = _class_error(graph, classes)
    if error is not None:
        return Verdict(error)
    outputs = [
        node
        for node in graph
        if classes[graph[node]["class_type"]].is_output and (targets is None or node in targets)
    ]
    if not outputs:
        return Verdict(headline("prompt_no_outputs", "Prompt has no outputs"))
    check = _Check(graph, classes, folders)
    right = tuple(node for node in outputs if check.is_right(node))
    if right:
        return Verdict(None, right, check.node_errors)
    own = (found for node in outputs for found in check.faults[node])
    details = "\n".join(f"{one['message']}: {one['details']}" for one in own)
    error = headline(_FAILED, "Prompt outputs failed validation", details)
    return Verdict(error, (), check.node_errors)


def _class_error(graph: Any, classes: Mapping[str, NodeClass]) -> Told | None:
    for node in graph:
        made = graph[node]
        if "class_type" not in made:
            said = "Cannot execute because a node is missing the class_type property."
        elif made["class_type"] not in classes:
            said = f"Cannot execute because node {made['class_type']} does not exist."
        elif not isinstance(made.setdefault("inputs", {}), dict):
            said = "Cannot execute because the inputs of a node are no object."
        else:
            continue
        return headline("invalid_prompt", said, f"Node ID '#{node}'")
    return None


class _Check:
    """Checks every node that an output needs, once, however deep the graph is."""

    def __init__(self, graph: Told, classes: Mapping[str, NodeClass], folders: Folders) -> None:
        self.faults: dict[str, list[Told]] = {}
        self.node_errors: dict[str, Told] = {}
        self._graph = graph
        self._classes = classes
        self._folders = folders
        self._needs: dict[str, list[_Need]] = {}

    def is_right(self, output: str) -> bool:
        """Tell whether an output node and everything it needs can run; note what cannot.

        Of a node that needs itself nothing is noted, as in ComfyUI.
        """
        try:
            broken = [node for node in self._reached(output) if self.faults[node]]
        except _Cycle:
            return False
        for node in broken:
            told = self.node_errors.setdefault(
                node,
                {
                    "errors": self.faults[node],
                    "dependent_outputs": [],
                    "class_type": self._graph[node]["class_type"],
                },
            )
            told["dependent_outputs"].append(output)
        return not broken

    def _reached(self, output: str) -> list[str]:
        passed: dict[str, None] = {}
        above: set[str] = set()
        waiting: list[tuple[str, _Need | None, bool]] = [(output, None, False)]
        while waiting:
            node, need, is_passed = waiting.pop()
            if is_passed:
                above.remove(node)
                passed[node] = None
            elif node in above:
                raise _Cycle(node)
            elif node not in passed:
                above.add(node)
                waiting.append((node, need, True))
                self._check(node, need)
                waiting += [(one.link[0], one, False) for one in self._needs[node]]
        return list(passed)

    def _check(self, node: str, need: _Need | None) -> None:
        if node in self.faults:
            return
        self._needs[node] = []
        try:
            self.faults[node] = list(self._node_faults(node))
        except (LookupError, TypeError) as error:
            # A link to nowhere: it takes the place of all else that is wrong with the node.
            self._needs[node] = []
            self.faults[node] = [_exception(error, need)]

    def _node_faults(self, node: str) -> Iterator[Told]:
        inputs = self._graph[node]["inputs"]
        node_class = self._classes[self._graph[node]["class_type"]]
        is_checked = True
        for name, spec in {**node_class.required, **node_class.optional}.items():
            found = None
            if name not in inputs:
                if name in node_class.required:
                    found = fault("required_input_missing", "Required input is missing", name)
            elif isinstance(inputs[name], list):
                is_checked = False
                found = self._link_fault(_Need(node, name, spec, inputs[name]))
            else:
                found = value_fault(inputs, name, spec)
            if found is not None:
                is_checked = False
                yield found
        wrong = node_class.check(self._folders, inputs) if node_class.check and is_checked else None
        if wrong is not None:
            name = next(iter(node_class.required))
            said = "Custom validation failed for node"
            yield fault("custom_validation_failed", said, name, details=f"{name} - {wrong}")

    def _link_fault(self, need: _Need) -> Told | None:
        if len(need.link) != 2:
            said = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return fault(
                "bad_linked_input",
                said,
                need.name,
                input_config=need.spec,
                received_value=need.link,
            )
        node, slot = need.link
        given = self._classes[self._graph[node]["class_type"]].outputs[slot]
        wanted = "COMBO" if isinstance(need.spec[0], list) else need.spec[0]
        if given == wanted or _ANY in (given, wanted):
            self._needs[need.node].append(need)
            return None
        return fault(
            "return_type_mismatch",
            "Return type mismatch between linked nodes",
            need.name,
            details=f"{need.name}, received_type({given}) mismatch input_type({wanted})",
            input_config=need.spec,
            received_type=given,
            linked_node=need.link,
        )


def _exception(error: Exception, need: _Need | None) -> Told:
    about = {
        "exception_type": type(error).__name__,
        "traceback": traceback.format_tb(error.__traceback__),
    }
    if need is None:
        said = "Exception when validating node"
        kind, extra = "exception_during_validation", about
    else:
        said = "Exception when validating inner node"
        kind = "exception_during_inner_validation"
        extra = {
            "input_name": need.name,
            "input_config": [*need.spec, {}][:2],
            "exception_message": str(error),
            "linked_node": need.link,
            **about,
        }
    return {"type": kind, "message": said, "details": str(error), "extra_info": extra}
