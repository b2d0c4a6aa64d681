"""A sketch as its two files, which are loaded before anybody writes them."""

import json

from vqd.definitions.build import build
from vqd.definitions.schema import DefinitionKeys
from vqd.definitions.sketch import Sketch
from vqd.definitions.wiring import Classes
from vqd.definitions.written import written, written_graph
from vqd.documents.reader import parse
from vqd.documents.schema import checked
from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph
from vqd.domain.workflow import Workflow


@frozen
class DefinitionFiles:
    """A definition to be written: `NAME.yaml`, `NAME.json`, and the workflow that they are."""

    name: str
    definition: str
    graph: str
    workflow: Workflow


def files_of(sketch: Sketch, classes: Classes) -> DefinitionFiles:
    """Give the files of a sketch, read back as they will be when they are loaded.

    Raises:
        Faults: what the sketch holds that a definition cannot.
    """
    definition, graph = written(sketch), written_graph(sketch.graph)
    document = parse(definition, f"{sketch.name}.yaml")
    keys = checked(document, DefinitionKeys)
    named = NamedGraph.of(json.loads(graph))
    workflow = build(sketch.name, document, keys, named, classes)
    return DefinitionFiles(sketch.name, definition, graph, workflow)
