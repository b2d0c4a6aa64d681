"""The engine's check of a graph, where HTTP adds nothing."""

from pathlib import Path
from typing import Any

import pytest

from vqd.engine.graph import by_readiness, in_order
from vqd.engine.nodes import NODES
from vqd.engine.nodes.signature import Folders
from vqd.engine.validate import Verdict, validate
from vqd.engine.wire import encoded

Graph = dict[str, dict[str, Any]]


def checked(graph: Any) -> Verdict:
    """Check a graph on a server whose folders are empty."""
    nowhere = Path("/nonexistent")
    return validate(graph, NODES, Folders(nowhere, nowhere, nowhere), None)


def chain(length: int) -> Graph:
    """A graph whose nodes each need the one before."""
    inputs = {"width": 1, "height": 1, "batch_size": 1, "color": 0}
    graph: Graph = {"n0": {"class_type": "EmptyImage", "inputs": inputs}}
    for number in range(1, length):
        link = {"image": [f"n{number - 1}", 0]}
        graph[f"n{number}"] = {"class_type": "ImageInvert", "inputs": link}
    saver = {"images": [f"n{length - 1}", 0], "filename_prefix": "x"}
    graph["out"] = {"class_type": "SaveImage", "inputs": saver}
    return graph


def test_a_graph_may_be_deeper_than_python_recurses() -> None:
    graph = chain(20_000)
    assert checked(graph).outputs == ("out",)
    whole = [*(f"n{number}" for number in range(20_000)), "out"]
    assert in_order(graph, NODES, ["out"]) == whole
    assert [*by_readiness(graph, NODES, ["out"], ())] == whole


def test_what_a_known_node_needs_is_not_run() -> None:
    graph = chain(4)
    assert [*by_readiness(graph, NODES, ["out"], {"n0", "n1", "n2"})] == ["n3", "out"]
    assert [*by_readiness(graph, NODES, ["out"], {*graph})] == ["out"]


def test_a_fault_far_up_is_told_for_every_output_that_needs_it() -> None:
    graph = chain(3)
    graph["second"] = {"class_type": "PreviewImage", "inputs": {"images": ["n1", 0]}}
    graph["n0"]["inputs"]["width"] = 0
    verdict = checked(graph)
    assert verdict.error is not None
    assert verdict.error["type"] == "prompt_outputs_failed_validation"
    assert verdict.node_errors.keys() == {"n0"}
    assert sorted(verdict.node_errors["n0"]["dependent_outputs"]) == ["out", "second"]


def test_the_headline_names_the_faults_of_the_outputs_themselves() -> None:
    graph = chain(1)
    del graph["out"]["inputs"]["filename_prefix"]
    verdict = checked(graph)
    assert verdict.error is not None
    assert verdict.error["details"] == "Required input is missing: filename_prefix"


@pytest.mark.parametrize("needs", ["n1", "n2"])
def test_a_node_that_needs_itself_is_refused(needs: str) -> None:
    graph = chain(3)
    graph["n1"]["inputs"]["image"] = [needs, 0]
    verdict = checked(graph)
    assert (verdict.outputs, verdict.node_errors) == ((), {})
    assert verdict.error is not None


def test_two_ways_to_one_node_are_no_cycle() -> None:
    graph = chain(1)
    both = {"image1": ["n0", 0], "image2": ["n0", 0]}
    graph["both"] = {"class_type": "ImageBatch", "inputs": both}
    graph["out"]["inputs"]["images"] = ["both", 0]
    assert checked(graph).outputs == ("out",)
    assert in_order(graph, NODES, ["out"]) == ["n0", "both", "out"]


@pytest.mark.parametrize("graph", ["text", 5, [1], None])
def test_what_is_no_graph_is_a_type_error(graph: Any) -> None:
    with pytest.raises(TypeError):
        checked(graph)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": 1}, b'{"a":1}'),
        (2**70, b"1180591620717411303424"),
        ("\ud800", b'"\\ud800"'),
        ({1: None}, b'{"1":null}'),
    ],
)
def test_whatever_a_client_can_send_is_told_back(value: Any, told: bytes) -> None:
    assert encoded(value) == told
