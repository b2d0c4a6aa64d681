"""Workflows, and the values of jobs, against what the servers can do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum

from vqd.definitions.accepts import Unfit, unfit
from vqd.definitions.judge import Judge
from vqd.definitions.reach import places
from vqd.domain.catalogue import Catalogue
from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.domain.param import Param
from vqd.domain.signature import WHOLE, SignatureChange
from vqd.domain.workflow import Workflow


class Unknown(Enum):
    """Said where no server was seen that could tell; it is never guessed."""

    UNKNOWN = "unknown"


@frozen
class ServerCheck:
    """A workflow on one server: the `faults` for which it would be refused, or would not do what
    its definition says; and `notes` of what the server leaves out without a word."""

    faults: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


@frozen
class WorkflowCheck:
    """A workflow on each server that was ever seen, by the servers' names."""

    servers: Mapping[str, ServerCheck]

    @property
    def is_unknown(self) -> bool:
        """Tell whether no server was seen yet, so that nothing can be said."""
        return not self.servers

    @property
    def able(self) -> tuple[str, ...]:
        """Give the servers on which nothing is wrong with it."""
        return tuple(name for name, found in self.servers.items() if not found.faults)


def check(workflow: Workflow, catalogue: Catalogue) -> WorkflowCheck:
    """Tell for each server what is missing there or wrong."""
    return WorkflowCheck(
        {server: _checked(workflow, server, catalogue) for server in catalogue.servers()}
    )


def value_fault(
    workflow: Workflow, param: Param, value: Value, catalogue: Catalogue
) -> Problem | Unknown | None:
    """Tell whether a value of a job's parameter is one that no server takes; None if one does.

    A model that is nowhere is `missing_model`: a server may gain it. Anything else that a server
    would refuse has the code of that. Its place in the job is the caller's to add.
    """
    found: list[Unfit] = []
    for server in catalogue.servers():
        given = places(workflow, param, value, server, catalogue)
        if given is None:
            continue
        refused = [one for one in (unfit(place, sent) for place, sent in given) if one is not None]
        if not refused:
            return None
        found += refused
    if not found:
        return Unknown.UNKNOWN if param.targets or param.choices_from else None
    # Of several servers the one that has something like it tells more.
    return _problem(param, value, min(found, key=lambda one: one.hint is None))


def drifted(workflow: Workflow, changes: Iterable[SignatureChange]) -> tuple[Problem, ...]:
    """Tell which changed signatures a workflow relies on, of those of one server."""
    used: dict[str, tuple[str, Mapping[str, object]]] = {}
    for node, made in workflow.graph.nodes.items():
        used.setdefault(made["class_type"], (node, made["inputs"]))
    return tuple(_drift(workflow, used, changes))


def _checked(workflow: Workflow, server: str, catalogue: Catalogue) -> ServerCheck:
    judge = Judge(workflow, server, catalogue)
    judge.judge()
    return ServerCheck(tuple(judge.faults), tuple(judge.notes))


def _problem(param: Param, value: Value, found: Unfit) -> Problem:
    key = f"params.{param.name}"
    if param.is_model and found.code == "unknown_option":
        said = f"no server has the {param.type} {value}."
        hint = found.hint or "Put it on a server; what waits for it starts by itself."
        return Problem(
            "missing_model", said, key=key, found=str(value), allowed=found.allowed, hint=hint
        )
    problem = Problem(found.code, found.said, key=key, found=str(value), allowed=found.allowed)
    return replace(problem, hint=found.hint)


def _drift(
    workflow: Workflow,
    used: Mapping[str, tuple[str, Mapping[str, object]]],
    changes: Iterable[SignatureChange],
) -> Iterator[Problem]:
    for change in changes:
        if change.node_class not in used:
            continue
        node, inputs = used[change.node_class]
        both = change.was is not None and change.now is not None
        if change.input == WHOLE or change.input in inputs or both:
            yield Problem(
                "drifted",
                f"was {change.was or 'not there'}, and is {change.now or 'not there any more'}.",
                workflow.where,
                key=f"graph {node}.{change.input}" if change.input else f"graph {node}",
                found=change.now,
                allowed=change.was,
                hint=f"See whether the node {change.node_class} still does what it should.",
            )
