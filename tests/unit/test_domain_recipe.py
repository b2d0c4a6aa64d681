"""Recipes: what a prompt is made of, by one name."""

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import a_plan
from vqd.domain.graph import NamedGraph, Target, edited
from vqd.domain.job import InputBind, Plan
from vqd.domain.outcome import ReadFile
from vqd.domain.recipe import Recipes

GRAPH = NamedGraph.of(
    {
        "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "3": {"class_type": "KSampler", "inputs": {"cfg": 3.5, "image": ["1", 0]}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
    }
)
PLAN = a_plan(1, inputs={"image": InputBind("image", (".png",), (Target("1", "image"),))})
CAT = {"image": ReadFile("c" * 64, 3, "2026-01-01T00:00:00.000Z")}
CFG = Target("3", "cfg")


def recipe(
    graph: NamedGraph = GRAPH,
    edits: dict[Target, Any] | None = None,
    plan: Plan = PLAN,
    **files: Any,
) -> str:
    return Recipes(plan).of(graph.sha256, graph.nodes, edits or {}, files or CAT)


def test_a_value_is_the_same_whether_it_varies_or_is_the_same_in_all() -> None:
    fixed = NamedGraph.of(edited(GRAPH.nodes, {CFG: 5.0}))
    assert recipe(edits={CFG: 5.0}) == recipe(fixed)
    assert recipe(edits={CFG: 3.5}) == recipe()


@pytest.mark.parametrize(
    "other",
    [
        recipe(edits={CFG: 5.0}),
        recipe(edits={CFG: "3.5"}),
        recipe(image=replace(CAT["image"], sha256="d" * 64)),
        recipe(NamedGraph.of({**GRAPH.nodes, "4": {"class_type": "Note", "inputs": {}}})),
        recipe(NamedGraph.of({name: node for name, node in GRAPH.nodes.items() if name != "3"})),
    ],
)
def test_a_value_an_input_or_a_node_that_differs_makes_another(other: str) -> None:
    assert other != recipe()


def test_names_of_files_and_titles_of_nodes_make_no_difference() -> None:
    titled = {**GRAPH.nodes, "1": {**GRAPH.nodes["1"], "_meta": {"title": "Load"}}}
    moved = replace(CAT["image"], bytes=4, modified_at="2020-01-01T00:00:00.000Z")
    named = {Target("1", "image"): "other.png", Target("2", "filename_prefix"): "y"}
    assert {recipe(NamedGraph.of(titled)), recipe(image=moved), recipe(edits=named)} == {recipe()}


def test_an_edit_of_a_node_that_is_bypassed_makes_no_difference() -> None:
    assert recipe(edits={Target("99", "x"): 1}) == recipe()
