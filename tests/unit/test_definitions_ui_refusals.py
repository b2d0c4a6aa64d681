"""What of a graph that ComfyUI's page saved cannot be converted, and hostile ones."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, lists, sampled_from, tuples

from tests.pages import ENTRANCE, EXIT, Wire, a_node, a_page, a_subgraph, an_instance, converted
from vqd.definitions.ui.page import MUTED
from vqd.domain.errors import Faults, Problem

IMAGE = ("image", "IMAGE")


def load(node: int | str = 1) -> dict[str, Any]:
    return a_node(node, "LoadImage", ["a.png", "image"])


def save(node: int = 9) -> dict[str, Any]:
    return a_node(node, "SaveImage", ["x"])


def problems_of(page: Any, **classes: Any) -> tuple[Problem, ...]:
    with pytest.raises(Faults) as caught:
        converted(page, **classes)
    return caught.value.problems


def codes_of(page: Any, **classes: Any) -> set[str]:
    return {problem.code for problem in problems_of(page, **classes)}


def test_an_unknown_class_is_refused_with_the_nearest_known() -> None:
    node = {**a_node(1, "LoadImag", ["a.png"]), "title": "Start"}
    (problem,) = problems_of(a_page([node, save()], [(1, 0, 9, "images")]))
    assert (problem.code, problem.where, problem.key) == ("unknown_class", "w.json", "1")
    assert problem.said == "node 1 “Start” (LoadImag) is of a class that no server has."
    assert str(problem.hint).startswith("Did you mean LoadImage? If not: Install its node pack")


def test_every_fault_is_told_at_once() -> None:
    nodes = [a_node(1, "Nope"), a_node(2, "workflow>Old"), a_node(3, "Webcam"), save()]
    wires: list[Wire] = [(1, 0, 9, "images"), (2, 0, 9, "other"), (3, 0, 9, "third")]
    page = a_page(nodes, wires)
    assert codes_of(page) == {"unknown_class", "group_node", "unconvertible_node"}


def test_a_muted_node_may_be_of_any_class() -> None:
    nodes = [load(), a_node(2, "Nope", mode=MUTED), save()]
    assert [*converted(a_page(nodes, [(1, 0, 9, "images")]))] == ["1", "9"]


def test_a_group_node_is_refused_with_the_way_out() -> None:
    (problem,) = problems_of(a_page([a_node(1, "workflow>Old")]))
    assert (problem.code, problem.key) == ("group_node", "1")
    assert "Make it a subgraph" in str(problem.hint)


def test_a_subgraph_without_a_definition_is_refused() -> None:
    key = "0a1b2c3d-0000-4000-8000-123456789abc"
    assert codes_of(a_page([a_node(1, key)])) == {"missing_subgraph"}


@pytest.mark.parametrize("name", ["Anything Everywhere", "Anything Everywhere3", "Seed Everywhere"])
def test_a_node_that_wires_without_wires_is_refused(name: str) -> None:
    everywhere = {"input": {"required": {}}, "output_node": True}
    (problem,) = problems_of(a_page([load(), a_node(2, name)]), **{name: everywhere})
    assert (problem.code, problem.key) == ("unconvertible_node", "2")
    assert "Export (API)" in str(problem.hint)


def test_a_value_that_only_the_page_can_make_is_refused() -> None:
    (problem,) = problems_of(a_page([a_node(1, "Webcam")]))
    assert (problem.code, problem.key) == ("unconvertible_node", "1")
    assert "input image" in problem.said


def test_a_get_node_whose_variable_nobody_sets_is_refused_with_the_nearest() -> None:
    nodes = [load(), a_node(2, "SetNode", ["picture"]), a_node(3, "GetNode", ["pictur"]), save()]
    page = a_page(nodes, [(1, 0, 2, "value"), (3, 0, 9, "images")])
    (problem,) = problems_of(page)
    assert (problem.code, problem.key) == ("unknown_variable", "3")
    assert problem.hint == "Did you mean picture?"


def test_a_page_on_which_nothing_runs_is_refused() -> None:
    assert codes_of(a_page([a_node(1, "Note", ["hi"])])) == {"empty_graph"}
    assert codes_of(a_page([])) == {"empty_graph"}


def test_a_link_that_is_missing_is_refused() -> None:
    page = a_page([load(), save()], [(1, 0, 9, "images")])
    page["links"] = []
    (problem,) = problems_of(page)
    assert (problem.code, problem.key) == ("broken_link", "9")
    assert "wired at images by link 1" in problem.said


def test_a_link_from_a_node_that_is_missing_is_refused() -> None:
    page = a_page([save()], [(1, 0, 9, "images")])
    (problem,) = problems_of(page)
    assert (problem.code, problem.key) == ("broken_link", "9")
    assert "node 1, which the graph has not" in problem.said


def test_links_to_ports_that_a_subgraph_has_not_are_refused() -> None:
    inside = a_subgraph("s", [a_node(3, "ImageBlur")], [(ENTRANCE, 7, 3, "image")])
    page = a_page([load(), an_instance(2, "s", IMAGE), save()], [(2, 5, 9, "images")], [inside])
    assert {(one.code, one.key) for one in problems_of(page)} == {
        ("broken_link", "2"),
        ("broken_link", "2:3"),
    }


def test_a_circle_of_reroutes_is_refused() -> None:
    nodes = [a_node(1, "Reroute"), a_node(2, "Reroute"), save()]
    page = a_page(nodes, [(1, 0, 2, ""), (2, 0, 1, ""), (2, 0, 9, "images")])
    assert codes_of(page) == {"endless_wire"}


def test_a_set_node_fed_by_its_own_get_node_is_refused() -> None:
    nodes = [a_node(1, "SetNode", ["x"]), a_node(2, "GetNode", ["x"]), save()]
    page = a_page(nodes, [(2, 0, 1, "value"), (2, 0, 9, "images")])
    assert codes_of(page) == {"endless_wire"}


def test_a_subgraph_inside_itself_is_refused() -> None:
    one = a_subgraph("one", [an_instance(3, "two", IMAGE)], [])
    two = a_subgraph("two", [an_instance(4, "one", IMAGE)], [])
    page = a_page([load(), an_instance(2, "one", IMAGE)], [], [one, two])
    assert codes_of(page) == {"endless_subgraph"}


def test_subgraphs_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    subgraphs = [
        a_subgraph(f"s{at}", [an_instance(node, f"s{at + 1}") for node in range(40)], [])
        for at in range(20)
    ]
    page = a_page([an_instance(1, "s0")], [], [*subgraphs, a_subgraph("s20", [load()], [])])
    assert codes_of(page) == {"too_large"}


def test_subgraphs_nested_too_deep_are_refused() -> None:
    subgraphs = [a_subgraph(f"s{at}", [an_instance(1, f"s{at + 1}")], []) for at in range(99)]
    assert "too_deep" in codes_of(a_page([an_instance(1, "s0")], [], subgraphs))


def test_a_very_long_chain_of_reroutes_with_many_ends_is_followed_quickly() -> None:
    length = 5_000
    nodes = [load(), *(a_node(at, "Reroute") for at in range(2, length))]
    nodes += [a_node(length + at, "SaveImage", ["x"]) for at in range(2_000)]
    wires: list[Wire] = [(at - 1, 0, at, "") for at in range(2, length)]
    wires += [(length - 1, 0, length + at, "images") for at in range(2_000)]
    graph = converted(a_page(nodes, wires))
    assert graph[str(length)]["inputs"]["images"] == ["1", 0]


def test_inputs_that_fork_at_every_level_and_lead_nowhere_are_followed_quickly() -> None:
    ports = [("a", "INT"), ("b", "INT")]
    wires: list[Wire] = [(ENTRANCE, at, 1, name) for at in range(2) for name in ("a", "b")]
    subgraphs = []
    for level in range(30):
        inner = an_instance(1, f"s{level + 1}", *ports, values=[1, 2])
        subgraphs.append(a_subgraph(f"s{level}", [inner], wires, inputs=ports))
        inner["inputs"] = [
            {"name": name, "type": "INT", "link": link}
            for link, name in enumerate(("a", "b", "a", "b"), 1)
        ]
    last = a_subgraph("s30", [load()], [], inputs=ports)
    page = a_page([an_instance(1, "s0", *ports, values=[1, 2])], [], [*subgraphs, last])
    assert [*converted(page)] == [":".join(["1"] * 32)]


def test_only_so_many_faults_are_told() -> None:
    page = a_page([load(0), *(a_node(at, "Nope", title=str(at)) for at in range(1, 1_000))])
    assert len(problems_of(page)) == 50


@pytest.mark.parametrize(
    "odd",
    [
        {"nodes": [None]},
        {"nodes": [{"id": 1}]},
        {"nodes": [{"id": True, "type": "X"}]},
        {"nodes": [{"id": 1, "type": 5}]},
        {"nodes": [{"id": [], "type": "X"}]},
        {"nodes": [], "links": [[1]]},
        {"nodes": [], "links": [[1, 2, "x", 3, 0, "T"]]},
        {"nodes": [], "links": [[1, 2, -4, 3, 0, "T"]]},
        {"nodes": [], "links": ["no"]},
        {"nodes": [{"id": 1, "type": "A"}, {"id": "1", "type": "B"}]},
    ],
)
def test_a_node_or_link_of_no_known_form_is_refused(odd: Any) -> None:
    assert codes_of(odd) <= {"not_a_node", "broken_link", "duplicate_node"}


@pytest.mark.parametrize(
    "odd",
    [
        {"inputs": 5, "outputs": None, "widgets_values": "text", "mode": "on"},
        {"inputs": [None, 3, {}, {"name": 4, "link": {}, "type": {}, "widget": 1}]},
        {"properties": [], "title": 7, "widgets_values_named": []},
        {"outputs": [{}, {"type": ["a", "b"]}, "x"], "widgets_values": None},
    ],
)
def test_odd_parts_of_a_node_count_as_not_there(odd: Any) -> None:
    page = {"nodes": [{"id": 1, "type": "LoadImage", **odd}], "links": None, "definitions": []}
    assert converted(page)["1"]["inputs"]["image"] == "a.png"


@pytest.mark.parametrize(
    "odd",
    [
        {"properties": {"proxyWidgets": "x", "proxyWidgetErrorQuarantine": [None, {}, {"a": 1}]}},
        {"widgets_values": {"a": 1}},
        {"widgets_values": [[], {}, None], "inputs": [{"name": "nobody", "link": 5}]},
    ],
)
def test_odd_parts_of_a_subgraph_node_count_as_not_there(odd: Any) -> None:
    inside = a_subgraph("s", [load(3)], [(3, 0, EXIT, 0)], outputs=[("IMAGE", "IMAGE")])
    inside["inputs"] = [None, {"name": "n", "linkIds": [7, None, {}]}]
    page = a_page([{**an_instance(2, "s"), **odd}, save()], [(2, 0, 9, "images")], [inside])
    assert converted(page)["9"]["inputs"]["images"] == ["2:3", 0]


def test_an_id_that_is_also_that_of_an_inner_node_is_refused() -> None:
    inside = a_subgraph("s", [load(3)], [])
    page = a_page([an_instance(2, "s"), load("2:3")], [], [inside])
    assert codes_of(page) == {"duplicate_node"}


WHOLE = a_page(
    [
        load(),
        a_node(2, "Reroute"),
        an_instance(3, "s", IMAGE, values=[5], properties={"proxyWidgets": [["4", "sigma"]]}),
        a_node(5, "PrimitiveNode", [3, "fixed"]),
        a_node(6, "Resize", ["both", 64, "crop", "area"], mode=4),
        save(),
    ],
    [(1, 0, 2, ""), (2, 0, 3, "image"), (3, 0, 6, "image"), (6, 0, 9, "images")],
    [
        a_subgraph(
            "s",
            [a_node(4, "ImageBlur", [1, 0.5])],
            [(ENTRANCE, 0, 4, "image"), (4, 0, EXIT, 0)],
            inputs=[IMAGE],
            outputs=[("IMAGE", "IMAGE")],
        )
    ],
)
ODD: list[Any] = [None, True, -1, 4, 2**70, 0.5, "", "x", "-10", [], {}, [[]], {"a": 1}]


def places_in(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything inside a JSON value."""
    entries: Iterable[tuple[str | int, Any]] = (
        value.items() if isinstance(value, dict) else enumerate(value)
    )
    for key, inner in entries:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places_in(inner, *path, key)


@settings(max_examples=300)
@given(changes=lists(tuples(integers(0, 10_000), sampled_from(ODD)), min_size=1, max_size=4))
def test_a_page_that_is_odd_anywhere_is_converted_or_refused(
    changes: list[tuple[int, Any]],
) -> None:
    page = copy.deepcopy(WHOLE)
    for number, odd in changes:
        places = [*places_in(page)]
        *above, last = places[number % len(places)]
        holder: Any = page
        for key in above:
            holder = holder[key]
        holder[last] = copy.deepcopy(odd)
    with suppress(Faults):
        assert converted(page)


def test_a_page_of_classes_that_no_server_has_is_one_fault() -> None:
    page = a_page([a_node(1, "Nope"), a_node(2, "Neither")])
    assert [problem.code for problem in problems_of(page)] == ["ui_format"]
