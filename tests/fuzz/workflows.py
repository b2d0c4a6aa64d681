"""What people write and save of workflows: definitions, graphs, pages, definitions of old."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from tests import pages
from tests.fuzz.jobs import PHRASES, RECORDED, WORDS, sound, told
from tests.fuzz.lines import text_of
from tests.fuzz.mutation import parts_of
from tests.fuzz.surface import Check, Surface
from tests.fuzz.trees import json_of
from tests.graphs import TOLD, classes, text_to_image
from tests.pages import ENTRANCE, EXIT, Wire, a_node, a_page, a_subgraph, an_instance
from vqd.definitions.bare import workflow_of_graph
from vqd.definitions.graphs import parsed_graph
from vqd.definitions.load import Definitions
from vqd.definitions.made import of_graph, of_legacy
from vqd.definitions.shipped import shipped_folder
from vqd.domain.errors import Faults
from vqd.domain.graph import edited
from vqd.domain.workflow import Workflow
from vqd.intake.jobschema import job_schema_for
from vqd.intake.sample import sample_job

_BETWEEN = b"\n---8<---\n"
"""Stands between a definition and its graph, where one input holds both."""
_KEYS = """
vqd_workflow name version label group help graph inputs params outputs requires on_oom kind
extensions fan_out bind required when_absent bypass type text bool int float choice size seed lora
checkpoint model image video audio default min max step round multiple_of plus choices choices_from
presets multiline caption placeholder widget options_source when_none sets folder node prefix
filename_prefix accept min_frames max_black min_bytes vram_gb tags free_memory route set mark temp
KSampler.steps KSampler* @Title @Load 1.image 2.width NODE.input 12:3 class_type _meta title
template template_inline input_type file_bindings parameters nodes field fields switch_states
"""
_OF_GRAPHS = "class_type inputs _meta title image SaveImage LoadImage KSampler seed steps 1 2"
_OF_PAGES = """
nodes links id type inputs outputs widgets_values widgets_values_named mode properties definitions
subgraphs inputNode outputNode link linkIds origin_id origin_slot target_id target_slot name widget
proxyWidgets Reroute PrimitiveNode SetNode GetNode Note -10 -20 version extra reroutes
"""


@contextmanager
def _definitions(folder: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        definition, _, graph = data.partition(_BETWEEN)
        (folder / "whole.yaml").write_bytes(definition)
        (folder / "whole.json").write_bytes(graph)
        _judged(lambda: Definitions([folder]).get("whole"))

    yield check


def _judged(load: Callable[[], Workflow]) -> None:
    """Require that a workflow is refused with faults, or can be told of and carried out."""
    try:
        workflow = load()
    except Faults as faults:
        told(faults)
        return
    sample_job(workflow, "x.json").encode()
    json.dumps(job_schema_for(workflow, {}), allow_nan=False)
    for param in workflow.params.values():
        if param.default is not None and param.type != "size":
            edited(workflow.graph.nodes, param.edits(param.default))


@contextmanager
def _graphs(folder: Path) -> Iterator[Check]:
    path = folder / "w.json"

    def check(data: bytes) -> None:
        try:
            graph = parsed_graph(data, "w.json", _known, known=TOLD)
        except Faults as faults:
            told(faults)
            return
        try:
            workflow_of_graph("w.json", graph, _known)
        except Faults as faults:
            told(faults)
        path.write_bytes(data)
        try:
            of_graph(path, _known, known=TOLD)
        except Faults as faults:
            told(faults)

    yield check


def _known(name: str) -> Any:
    return classes(name) or pages.classes(name)


@contextmanager
def _old(folder: Path) -> Iterator[Check]:
    path = folder / "old.yaml"
    (folder / "graph.json").write_text(json.dumps(text_to_image()))

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            sound(of_legacy(path, _known).notes)
        except Faults as faults:
            told(faults)

    yield check


def _definition_seeds() -> Sequence[bytes]:
    whole = RECORDED / "whole"
    seeds = [(whole / "whole.yaml").read_bytes() + _BETWEEN + (whole / "whole.json").read_bytes()]
    for path in islice(sorted(shipped_folder().glob("*.yaml")), 6):
        text = path.read_bytes().replace(path.stem.encode() + b".json", b"whole.json")
        text = text.replace(b"name: " + path.stem.encode(), b"name: whole")
        seeds.append(text + _BETWEEN + path.with_suffix(".json").read_bytes())
    return seeds


def _graph_seeds() -> Sequence[bytes]:
    shipped = sorted(shipped_folder().glob("*.json"))
    return [json.dumps(text_to_image()).encode(), *(path.read_bytes() for path in shipped)]


_OLD = """\
name: wan
description: Two stages.
category: video_gen
input_type: image
input_extensions: [.png, .jpg]
template: graph.json
file_bindings:
  output_prefix: {nodes: ["9"], field: filename_prefix}
  seed: {nodes: ["3"], fields: [noise_seed, seed]}
parameters:
  positive_prompt: {type: text, label: Prompt, nodes: ["6"], field: text, default: a cat}
  steps: {type: int, nodes: ["3"], field: steps, default: 20, min: 1, max: 60}
  cfg: {type: float, nodes: ["3"], field: cfg, default: 7.5, step: 0.5}
  sampler: {type: choice, nodes: ["3"], field: sampler_name, choices: [euler, heun]}
  flag: {type: bool, default: "yes"}
switch_states: {fast: {"3": {steps: 4}}}
move_processed: true
"""


def _load() -> dict[str, Any]:
    return a_node(1, "LoadImage", ["a.png", "image"])


def _save() -> dict[str, Any]:
    return a_node(9, "SaveImage", ["x"])


def _page_seeds() -> Sequence[bytes]:
    middle = a_node(2, "ImageBlur", [1, 1.0], mode=4)
    wires: list[Wire] = [(1, 0, 2, "image"), (2, 0, 9, "images")]
    blurring = a_subgraph(
        "blur",
        [a_node(3, "ImageBlur", [3, 2.0])],
        [(ENTRANCE, 0, 3, "image"), (3, 0, EXIT, 0)],
        inputs=[("image", "IMAGE")],
        outputs=[("out", "IMAGE")],
    )
    instance = an_instance(2, "blur", ("image", "IMAGE"))
    sampler = a_node(4, "KSampler", [7, "fixed", 20, 8.0, "euler"])
    resize = a_node(7, "Resize", ["both", 64, "crop", "area"])
    found = (
        a_page([_load(), middle, _save()], wires),
        a_page([_load(), instance, _save()], wires, [blurring], version=1.0),
        a_page([sampler, a_node(6, "Encode", ["a {b|c}"]), resize]),
        a_page([_load(), a_node(5, "Reroute"), _save()], [(1, 0, 5, ""), (5, 0, 9, "images")]),
    )
    return [json.dumps(page).encode() for page in found]


DEFINITIONS = Surface(
    "definitions",
    _definitions,
    _definition_seeds,
    parts_of(_BETWEEN, text_of(_KEYS + WORDS, *PHRASES), json_of(_OF_GRAPHS)),
)
GRAPHS = Surface("graphs", _graphs, _graph_seeds, json_of(_OF_GRAPHS))
PAGES = Surface("pages", _graphs, _page_seeds, json_of(_OF_PAGES))
OLD_DEFINITIONS = Surface("old-definitions", _old, lambda: [_OLD.encode()], text_of(_KEYS))
