"""Graphs' files that ComfyUI's page saved, where definitions are read and made."""

import json
from pathlib import Path

import pytest

from tests.pages import a_node, a_page, classes, converted
from vqd.definitions.graphs import read_graph
from vqd.definitions.load import Definitions
from vqd.definitions.made import of_graph
from vqd.domain.catalogue import NodeClass, NothingKnown
from vqd.domain.errors import Faults
from vqd.domain.graph import Target

PAGE = a_page(
    [a_node(1, "LoadImage", ["a.png", "image"]), a_node(9, "SaveImage", ["x"])],
    [(1, 0, 9, "images")],
)
DEFINITION = """\
vqd_workflow: 1
graph: w.json
inputs: {image: {kind: image, bind: LoadImage.image}}
outputs: {image: {node: SaveImage, kind: image, prefix: filename_prefix}}
"""


class Known(NothingKnown):
    """The classes of these tests, once a server was seen."""

    def __init__(self) -> None:
        self.is_seen = False

    def version(self) -> str:
        return "1" if self.is_seen else ""

    def find(self, name: str) -> NodeClass | None:
        return classes(name) if self.is_seen else None

    def names(self) -> list[str]:
        return ["LoadImage", "SaveImage"]


def test_a_page_s_graph_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(PAGE))
    graph = read_graph(path, "w.json", classes)
    assert graph.nodes["9"]["inputs"]["images"] == ["1", 0]


def test_before_any_server_was_seen_a_page_s_graph_is_refused_with_the_export_step(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(PAGE))
    with pytest.raises(Faults) as caught:
        read_graph(path, "w.json")
    (problem,) = caught.value.problems
    assert problem.code == "ui_format"
    assert "no server was seen" in problem.said
    assert "Export (API)" in str(problem.hint)


def test_a_graph_in_the_api_format_is_read_as_it_is(tmp_path: Path) -> None:
    nodes = {"1": {"class_type": "Whatever", "inputs": {"a": 1}}}
    path = tmp_path / "w.json"
    path.write_text(json.dumps(nodes))
    assert read_graph(path, "w.json", classes).nodes == nodes


def test_a_definition_over_a_page_s_graph_can_be_used_once_a_server_was_seen(
    tmp_path: Path,
) -> None:
    (tmp_path / "w.yaml").write_text(DEFINITION)
    (tmp_path / "w.json").write_text(json.dumps(PAGE))
    known = Known()
    definitions = Definitions([tmp_path], known)
    assert [problem.code for problem in definitions.problems("w")] == ["ui_format"]
    known.is_seen = True
    workflow = definitions.get("w")
    assert workflow.inputs["image"].targets == (Target("1", "image"),)
    assert workflow.graph.nodes == converted(PAGE)


def test_a_definition_names_the_class_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(DEFINITION)
    (tmp_path / "w.json").write_text(json.dumps(PAGE).replace('"SaveImage"', '"SaveImages"'))
    known = Known()
    known.is_seen = True
    (problem,) = Definitions([tmp_path], known).problems("w")
    assert problem.code == "unknown_class"
    assert str(problem.hint).startswith("Did you mean SaveImage?")


def test_a_definition_is_written_over_a_page_s_graph(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(PAGE))
    files = of_graph(path, classes).files
    assert json.loads(files.graph) == converted(PAGE)
    (tmp_path / "w.yaml").write_text(files.definition)
    path.write_text(files.graph)
    assert [*Definitions([tmp_path]).get("w").inputs] == ["image"]
