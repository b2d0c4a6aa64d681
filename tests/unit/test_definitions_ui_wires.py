"""What feeds an input of a graph that ComfyUI's page saved."""

from typing import Any

import pytest

from tests.pages import a_node, a_page, converted
from vqd.definitions.ui.page import BYPASSED, MUTED


def load(node: int = 1) -> dict[str, Any]:
    return a_node(node, "LoadImage", ["a.png", "image"])


def save(node: int = 9) -> dict[str, Any]:
    return a_node(node, "SaveImage", ["x"])


def images(graph: dict[str, Any], node: str = "9") -> Any:
    return graph[node]["inputs"].get("images")


@pytest.mark.parametrize("version", [0.4, 1.0])
def test_links_of_both_schema_versions_are_read(version: float) -> None:
    page = a_page([load(), save()], [(1, 0, 9, "images")], version=version)
    assert converted(page) == {
        "1": {
            "class_type": "LoadImage",
            "inputs": {"image": "a.png"},
            "_meta": {"title": "Load Image"},
        },
        "9": {
            "class_type": "SaveImage",
            "inputs": {"images": ["1", 0], "filename_prefix": "x"},
            "_meta": {"title": "SaveImage"},
        },
    }


def test_ids_may_be_numbers_or_text() -> None:
    page = a_page([load(), save()], [(1, 0, 9, "images")])
    page["links"] = [["1", "1", "0", "9", "0", "IMAGE"]]
    page["nodes"][0]["id"] = "1"
    assert images(converted(page)) == ["1", 0]


def test_the_points_that_a_link_is_led_through_change_nothing() -> None:
    page = a_page([load(), save()], [(1, 0, 9, "images")], version=1.0)
    page["links"][0]["parentId"] = 2
    page["reroutes"] = [{"id": 2, "pos": [0, 0], "linkIds": [1]}]
    page["extra"] = {"linkExtensions": [{"id": 1, "parentId": 2}]}
    page["floatingLinks"] = [{"id": 8, "origin_id": 1, "origin_slot": 0, "target_id": -1}]
    assert images(converted(page)) == ["1", 0]


def test_a_chain_of_reroutes_is_followed() -> None:
    nodes = [load(), a_node(2, "Reroute"), a_node(3, "Reroute"), save()]
    graph = converted(a_page(nodes, [(1, 0, 2, ""), (2, 0, 3, ""), (3, 0, 9, "images")]))
    assert [*graph] == ["1", "9"]
    assert images(graph) == ["1", 0]


def test_a_reroute_that_nothing_feeds_leaves_the_input_unwired() -> None:
    graph = converted(a_page([load(), a_node(2, "Reroute"), save()], [(2, 0, 9, "images")]))
    assert graph["9"]["inputs"] == {"filename_prefix": "x"}


def test_a_primitive_s_value_goes_into_every_input_that_it_feeds() -> None:
    nodes = [
        load(),
        a_node(2, "PrimitiveNode", [96, "fixed"]),
        a_node(3, "ImageBlur", [1, 1.0]),
        a_node(4, "ImageBlur", [2, 1.0]),
    ]
    wires = [(1, 0, 3, "image"), (3, 0, 4, "image"), (2, 0, 3, "blur_radius")]
    graph = converted(a_page(nodes, [*wires, (2, 0, 4, "blur_radius")]))
    assert [graph[node]["inputs"]["blur_radius"] for node in ("3", "4")] == [96, 96]
    assert "2" not in graph


def test_a_primitive_s_value_goes_through_reroutes_and_into_inputs_without_a_field() -> None:
    nodes = [a_node(1, "PrimitiveNode", [7]), a_node(2, "Reroute"), a_node(3, "Wired")]
    page = a_page(nodes, [(1, 0, 2, ""), (2, 0, 3, "count")])
    told = {"input": {"required": {"count": ["INT", {"forceInput": True}]}}}
    assert converted(page, Wired=told)["3"]["inputs"] == {"count": 7}


def test_a_get_node_gives_what_the_set_node_of_its_name_was_given() -> None:
    nodes = [load(), a_node(2, "SetNode", ["pic"]), a_node(3, "GetNode", ["pic"]), save()]
    graph = converted(a_page(nodes, [(1, 0, 2, "value"), (3, 0, 9, "images")]))
    assert [*graph] == ["1", "9"]
    assert images(graph) == ["1", 0]


def test_a_set_node_passes_on_what_it_is_given() -> None:
    nodes = [load(), a_node(2, "SetNode", ["pic"]), save()]
    graph = converted(a_page(nodes, [(1, 0, 2, "value"), (2, 0, 9, "images")]))
    assert images(graph) == ["1", 0]


def test_a_chain_of_bypassed_nodes_is_stepped_over() -> None:
    nodes = [
        load(),
        a_node(2, "ImageBlur", [1, 1.0], mode=BYPASSED),
        a_node(3, "ImageBlur", [1, 1.0], mode=BYPASSED),
        save(),
    ]
    graph = converted(a_page(nodes, [(1, 0, 2, "image"), (2, 0, 3, "image"), (3, 0, 9, "images")]))
    assert [*graph] == ["1", "9"]
    assert images(graph) == ["1", 0]


def test_a_bypassed_node_s_input_of_the_same_type_takes_its_place() -> None:
    told = {
        "input": {"required": {"mask": ["MASK"], "image": ["IMAGE"], "other": ["IMAGE"]}},
        "output": ["IMAGE"],
    }
    mix = a_node(3, "Mix", mode=BYPASSED)
    mix["outputs"] = [{"name": "IMAGE", "type": "IMAGE"}]
    wires = [(1, 1, 3, "mask"), (1, 0, 3, "image"), (2, 0, 3, "other"), (3, 0, 9, "images")]
    page = a_page([load(), load(2), mix, save()], wires)
    page["nodes"][2]["inputs"][0]["type"] = "MASK"
    assert images(converted(page, Mix=told)) == ["1", 0]


def test_of_a_bypassed_node_the_input_beside_the_output_comes_first() -> None:
    told = {"input": {"required": {"a": ["IMAGE"], "b": ["IMAGE"]}}, "output": ["IMAGE", "IMAGE"]}
    two = a_node(3, "Two", mode=BYPASSED)
    two["outputs"] = [{"name": "x", "type": "IMAGE"}, {"name": "y", "type": "IMAGE"}]
    page = a_page(
        [load(), load(2), two, save()], [(1, 0, 3, "a"), (2, 0, 3, "b"), (3, 1, 9, "images")]
    )
    assert images(converted(page, Two=told)) == ["2", 0]


def test_a_bypassed_node_is_stepped_over_by_the_types_it_may_be_wired_to() -> None:
    nodes = [load(), a_node(2, "Any", mode=BYPASSED), save()]
    nodes[1]["outputs"] = [{"name": "out", "type": "*"}]
    page = a_page(nodes, [(1, 0, 2, "in"), (2, 0, 9, "images")])
    told = {"input": {"required": {"in": ["IMAGE,MASK"]}}, "output": ["*"]}
    assert images(converted(page, Any=told)) == ["1", 0]


def test_a_bypassed_node_may_be_of_a_class_that_no_server_has() -> None:
    nodes = [load(), a_node(2, "Gone", mode=BYPASSED), save()]
    nodes[1]["outputs"] = [{"name": "IMAGE", "type": "IMAGE"}]
    assert images(converted(a_page(nodes, [(1, 0, 2, "i"), (2, 0, 9, "images")]))) == ["1", 0]


def test_what_needs_a_bypassed_node_that_nothing_can_stand_in_for_is_left_out() -> None:
    nodes = [load(), load(2), a_node(3, "MaskToImage", mode=BYPASSED), save(), save(8)]
    page = a_page(nodes, [(1, 1, 3, "mask"), (3, 0, 9, "images"), (2, 0, 8, "images")])
    assert [*converted(page)] == ["1", "2", "8"]


def test_a_field_keeps_its_own_value_when_what_feeds_it_is_bypassed() -> None:
    number = a_node(2, "Number", [5], mode=BYPASSED)
    number["outputs"] = [{"name": "INT", "type": "INT"}]
    nodes = [load(), number, a_node(3, "ImageBlur", [31, 1.0])]
    page = a_page(nodes, [(1, 0, 3, "image"), (2, 0, 3, "blur_radius")])
    told = {"input": {"required": {"value": ["FLOAT", {}]}}, "output": ["INT"]}
    assert converted(page, Number=told)["3"]["inputs"]["blur_radius"] == 31


def test_a_muted_node_and_all_that_needs_it_are_left_out() -> None:
    nodes = [load(), load(2), a_node(3, "ImageBlur", [1, 1.0], mode=MUTED)]
    nodes += [a_node(4, "ImageBlur", [1, 1.0]), save(), save(8)]
    wires = [(1, 0, 3, "image"), (3, 0, 4, "image"), (4, 0, 9, "images"), (2, 0, 8, "images")]
    assert [*converted(a_page(nodes, wires))] == ["1", "2", "8"]


def test_what_can_do_without_a_muted_node_loses_that_input_alone() -> None:
    nodes = [load(), load(2), load(3), a_node(4, "ImageMix")]
    nodes[2]["mode"] = MUTED
    page = a_page(nodes, [(1, 0, 4, "image"), (2, 0, 4, "other"), (3, 1, 4, "mask")])
    assert converted(page)["4"]["inputs"] == {"image": ["1", 0], "other": ["2", 0]}


def test_nodes_that_only_decorate_the_page_are_left_out() -> None:
    decoration = [a_node(5, "Note", ["hi"]), a_node(6, "MarkdownNote", ["# hi"])]
    decoration.append({**a_node(7, "Label of some pack", ["big"]), "outputs": []})
    page = a_page([load(), *decoration, save()], [(1, 0, 9, "images")])
    assert [*converted(page)] == ["1", "9"]


def test_a_node_s_title_is_kept_and_else_its_class_s_label_taken() -> None:
    page = a_page([{**load(), "title": "Load Start"}, load(2)])
    titles = [node["_meta"]["title"] for node in converted(page).values()]
    assert titles == ["Load Start", "Load Image"]


def test_inputs_that_a_script_added_stay_wired() -> None:
    page = a_page([load(), a_node(2, "Open")], [(1, 0, 2, "image_7")])
    told = {"input": {"required": {}}, "output_node": True}
    assert converted(page, Open=told)["2"]["inputs"] == {"image_7": ["1", 0]}


def test_a_field_made_an_input_by_an_old_page_is_wired_by_its_own_name() -> None:
    nodes = [load(), a_node(2, "Number", [4]), a_node(3, "ImageBlur", [1, 1.0])]
    page = a_page(nodes, [(1, 0, 3, "image"), (2, 0, 3, "radius of blur")])
    page["nodes"][2]["inputs"][1]["widget"] = {"name": "blur_radius"}
    told = {"input": {"required": {"value": ["INT", {}]}}, "output": ["INT"]}
    inputs = converted(page, Number=told)["3"]["inputs"]
    assert inputs == {"image": ["1", 0], "blur_radius": ["2", 0], "sigma": 1.0}
