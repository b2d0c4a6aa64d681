"""What a prompt requires of its server: node classes, and models by their names."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from vqd.domain.catalogue import Catalogue
from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph, is_link
from vqd.domain.models import MODEL_ENDINGS
from vqd.domain.nearest import meant_file
from vqd.domain.needs import Needs
from vqd.domain.spelling import folded, spellings

_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, order=True)
class Model:
    """A model as a graph names it, and the input in whose list it must be."""

    node_class: str
    input: str
    name: str


@frozen
class Requirement:
    """What must be on a server, each sorted, so that equal requirements are equal."""

    node_classes: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()

    @property
    def model_set(self) -> frozenset[str]:
        """Give the models that are loaded for it, blind to how they are spelled."""
        return frozenset(folded(model.name) for model in self.models)


@frozen
class NeedsClass:
    """A class of jobs, which servers can carry out or not: its `needs`, and by their keys what its
    prompts that wait require, of which a server must have one. `is_mixed` tells of several."""

    key: int
    needs: Needs
    requires: tuple[int, ...]
    is_mixed: bool = False

    def only(self, requires: Container[int]) -> "NeedsClass":
        """Give what is left of it with some requirements alone."""
        return replace(self, requires=tuple(key for key in self.requires if key in requires))


@frozen
class Lack:
    """A node class that a server has not, or a `model` that it has not for this class."""

    node_class: str
    model: Model | None = None

    @property
    def said(self) -> str:
        """Name it."""
        return f"node class {self.node_class}" if self.model is None else f"model {self.model.name}"


def names_model(value: object) -> bool:
    """Tell whether an input's value is the name of a model, by how it ends."""
    is_name = isinstance(value, str) and len(value) <= _LONGEST_NAME
    return is_name and str(value).casefold().endswith(MODEL_ENDINGS)


def required(graph: Graph) -> Requirement:
    """Give what a graph requires, as it would be sent.

    ComfyUI looks for every class, but only for the models of nodes that outputs are made of; a
    node that names a model and feeds nothing is left over (0.3.64, execution.py `validate_prompt`).
    """
    used = _used(graph)
    models = {
        Model(node["class_type"], name, value)
        for key, node in graph.items()
        if key in used
        for name, value in node.get("inputs", {}).items()
        if names_model(value)
    }
    classes = {node["class_type"] for node in graph.values()}
    return Requirement(tuple(sorted(classes)), tuple(sorted(models)))


def lacks(requirement: Requirement, server: str, catalogue: Catalogue) -> tuple[Lack, ...]:
    """Give what a server, whose catalogue is known, has not of what is required.

    A model whose input has no list there, or is not there, is left to the server to judge.
    """
    classes = (
        Lack(name)
        for name in requirement.node_classes
        if catalogue.node_class(server, name) is None
    )
    models = (
        Lack(model.node_class, model)
        for model in requirement.models
        if not _may_have(model, server, catalogue)
    )
    return (*classes, *models)


def said_lacking(
    lacking: Mapping[str, tuple[Lack, ...]], catalogue: Catalogue, nowhere: str
) -> str:
    """Say what servers lack, each something, of what is required: what all of them do, if there is
    that. `nowhere` says of them all that there is not one of them.
    """
    first, *others = lacking.values()
    common = next((lack for lack in first if all(lack in other for other in others)), None)
    if common is None:
        each = ", ".join(f"{name} no {found[0].said}" for name, found in lacking.items())
        return f"{nowhere} has all that it takes: {each}"
    meant, model = near(common, lacking, catalogue), common.model
    remarks = [
        *([f"looked for in {model.node_class}.{model.input}"] if model else []),
        *([f"did you mean {meant}?"] if meant else []),
    ]
    in_brackets = f" ({'; '.join(remarks)})" if remarks else ""
    return f"{common.said} on {nowhere}{in_brackets}"


def near(lack: Lack, servers: Iterable[str], catalogue: Catalogue) -> str | None:
    """Give the name on one of the servers that may be meant in place of what none has."""
    model = lack.model
    if model is None:
        classes = chain.from_iterable(map(catalogue.class_names, servers))
        return meant_file(lack.node_class, dict.fromkeys(classes))
    options = chain.from_iterable(_options(model, one, catalogue) or () for one in servers)
    return meant_file(model.name, dict.fromkeys(one for one in options if isinstance(one, str)))


def _may_have(model: Model, server: str, catalogue: Catalogue) -> bool:
    options = _options(model, server, catalogue)
    return options is None or spellings(options).find(model.name) is not None


def _options(model: Model, server: str, catalogue: Catalogue) -> tuple[object, ...] | None:
    found = catalogue.node_class(server, model.node_class)
    given = found.inputs.get(model.input) if found is not None else None
    return given.options if given is not None else None


def _used(graph: Graph) -> set[str]:
    """Give the nodes that something which names no model is made of."""
    feeds = {key: set(_sources(node.get("inputs", {}).values())) for key, node in graph.items()}
    fed = {source for sources in feeds.values() for source in sources}
    ahead = [key for key in graph if key not in fed and not _names_models(graph, key)]
    used = set(ahead)
    while ahead:
        new = feeds.get(ahead.pop(), set()) - used
        used |= new
        ahead += new
    return used


def _sources(values: Iterable[object]) -> Iterator[str]:
    return (str(value[0]) for value in values if is_link(value))


def _names_models(graph: Graph, key: str) -> bool:
    return any(names_model(value) for value in graph[key].get("inputs", {}).values())
