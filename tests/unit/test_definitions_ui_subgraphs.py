"""Subgraphs of a graph that ComfyUI's page saved."""

from typing import Any

import pytest

from tests.pages import ENTRANCE, EXIT, a_node, a_page, a_subgraph, an_instance, converted
from vqd.definitions.ui.page import BYPASSED, MUTED

IMAGE = ("image", "IMAGE")
RADIUS = ("blur_radius", "INT")


def load(node: int = 1) -> dict[str, Any]:
    return a_node(node, "LoadImage", ["a.png", "image"])


def save(node: int = 9) -> dict[str, Any]:
    return a_node(node, "SaveImage", ["x"])


def softener(*fields: str, name: str = "soften") -> dict[str, Any]:
    """A subgraph that blurs an image twice (its nodes 3 and 4); `fields` of node 3 are shown."""
    inputs = [IMAGE, *((field, "INT") for field in fields)]
    wires: list[Any] = [(ENTRANCE, 0, 3, "image"), (3, 0, 4, "image"), (4, 0, EXIT, 0)]
    wires += [(ENTRANCE, at, 3, field) for at, field in enumerate(fields, 1)]
    nodes = [a_node(3, "ImageBlur", [1, 0.1]), a_node(4, "ImageBlur", [2, 0.2])]
    return a_subgraph(name, nodes, wires, inputs=inputs, outputs=[("IMAGE", "IMAGE")])


def blurred(instance: dict[str, Any], *subgraphs: dict[str, Any], wires: Any = ()) -> Any:
    """The API graph of: load an image, soften it in node 2, save it."""
    nodes = [load(), instance, save(), a_node(5, "PrimitiveNode", [77])]
    along = [(1, 0, 2, "image"), (2, 0, 9, "images")]
    return converted(a_page(nodes, [*along, *wires], subgraphs or [softener()]))


def test_inner_nodes_bear_the_ids_that_the_page_gives_them() -> None:
    graph = blurred(an_instance(2, "soften", IMAGE))
    assert [*graph] == ["1", "2:3", "2:4", "9"]
    assert graph["2:3"]["inputs"]["image"] == ["1", 0]
    assert graph["2:4"]["inputs"]["image"] == ["2:3", 0]
    assert graph["9"]["inputs"]["images"] == ["2:4", 0]


def test_a_subgraph_used_twice_gives_its_nodes_twice() -> None:
    nodes = [load(), an_instance(2, "soften", IMAGE), an_instance(7, "soften", IMAGE), save()]
    wires = [(1, 0, 2, "image"), (2, 0, 7, "image"), (7, 0, 9, "images")]
    graph = converted(a_page(nodes, wires, [softener()]))
    assert [*graph] == ["1", "2:3", "2:4", "7:3", "7:4", "9"]
    assert graph["7:3"]["inputs"]["image"] == ["2:4", 0]


def test_subgraphs_may_lie_in_subgraphs() -> None:
    outer = a_subgraph(
        "outer",
        [an_instance(6, "soften", IMAGE)],
        [(ENTRANCE, 0, 6, "image"), (6, 0, EXIT, 0)],
        inputs=[IMAGE],
        outputs=[("IMAGE", "IMAGE")],
    )
    graph = blurred(an_instance(2, "outer", IMAGE), outer, softener())
    assert [*graph] == ["1", "2:6:3", "2:6:4", "9"]
    assert graph["2:6:3"]["inputs"]["image"] == ["1", 0]
    assert graph["9"]["inputs"]["images"] == ["2:6:4", 0]


def test_a_subgraph_may_lead_an_input_straight_to_its_output() -> None:
    through = a_subgraph(
        "through", [], [(ENTRANCE, 0, EXIT, 0)], inputs=[IMAGE], outputs=[("IMAGE", "IMAGE")]
    )
    graph = blurred(an_instance(2, "through", IMAGE), through)
    assert graph["9"]["inputs"]["images"] == ["1", 0]


def test_the_inputs_of_a_subgraph_node_are_told_apart_by_name_not_by_place() -> None:
    instance = an_instance(2, "soften", RADIUS, IMAGE)
    graph = blurred(instance, softener("blur_radius"), wires=[(5, 0, 2, "blur_radius")])
    assert graph["2:3"]["inputs"] == {"image": ["1", 0], "blur_radius": 77, "sigma": 0.1}


def test_a_bypassed_subgraph_node_is_stepped_over_whole() -> None:
    graph = blurred(an_instance(2, "soften", IMAGE, mode=BYPASSED))
    assert [*graph] == ["1", "9"]
    assert graph["9"]["inputs"]["images"] == ["1", 0]


def test_a_muted_subgraph_node_and_what_needs_it_are_left_out() -> None:
    assert [*blurred(an_instance(2, "soften", IMAGE, mode=MUTED))] == ["1"]


def test_a_node_bypassed_inside_a_subgraph_is_stepped_over() -> None:
    bypassing = softener()
    bypassing["nodes"][1]["mode"] = BYPASSED
    graph = blurred(an_instance(2, "soften", IMAGE), bypassing)
    assert graph["9"]["inputs"]["images"] == ["2:3", 0]


def test_the_value_on_a_subgraph_node_goes_to_the_field_that_it_shows() -> None:
    graph = blurred(an_instance(2, "soften", IMAGE, RADIUS, values=[31]), softener("blur_radius"))
    assert graph["2:3"]["inputs"]["blur_radius"] == 31
    assert graph["2:4"]["inputs"]["blur_radius"] == 2


def test_each_use_of_a_subgraph_has_values_of_its_own() -> None:
    nodes = [load()]
    nodes += [an_instance(at, "soften", IMAGE, RADIUS, values=[at * 10]) for at in (2, 7)]
    wires = [(1, 0, 2, "image"), (2, 0, 7, "image")]
    graph = converted(a_page(nodes, wires, [softener("blur_radius")]))
    assert [graph[key]["inputs"]["blur_radius"] for key in ("2:3", "7:3")] == [20, 70]


def test_without_a_value_on_the_subgraph_node_the_inner_one_stays() -> None:
    graph = blurred(an_instance(2, "soften", IMAGE, RADIUS), softener("blur_radius"))
    assert graph["2:3"]["inputs"]["blur_radius"] == 1


def test_values_on_a_subgraph_node_are_found_by_their_saved_names() -> None:
    named = {"sigma": 9.0, "blur_radius": 9}
    instance = an_instance(2, "soften", IMAGE, values=[0.7, 41], widgets_values_named=named)
    graph = blurred(instance, softener("blur_radius", "sigma"))
    assert graph["2:3"]["inputs"] == {"image": ["1", 0], "blur_radius": 41, "sigma": 0.7}


def test_one_input_may_set_the_fields_of_several_nodes() -> None:
    both = a_subgraph(
        "both",
        [a_node(3, "ImageBlur", [1, 0.1]), a_node(4, "ImageBlur", [2, 0.2])],
        [
            (ENTRANCE, 0, 3, "image"),
            (3, 0, 4, "image"),
            (ENTRANCE, 1, 3, "blur_radius"),
            (ENTRANCE, 1, 4, "blur_radius"),
            (4, 0, EXIT, 0),
        ],
        inputs=[IMAGE, RADIUS],
        outputs=[("IMAGE", "IMAGE")],
    )
    graph = blurred(an_instance(2, "both", IMAGE, RADIUS, values=[50]), both)
    assert [graph[key]["inputs"]["blur_radius"] for key in ("2:3", "2:4")] == [50, 50]
    unset = blurred(an_instance(2, "both", IMAGE, RADIUS), both)
    assert [unset[key]["inputs"]["blur_radius"] for key in ("2:3", "2:4")] == [1, 1]


def nested(*, inner_values: Any = ()) -> dict[str, Any]:
    """A subgraph around `soften`, which hands its own `blur_radius` in."""
    return a_subgraph(
        "outer",
        [an_instance(6, "soften", IMAGE, RADIUS, values=inner_values)],
        [(ENTRANCE, 0, 6, "image"), (ENTRANCE, 1, 6, "blur_radius"), (6, 0, EXIT, 0)],
        inputs=[IMAGE, RADIUS],
        outputs=[("IMAGE", "IMAGE")],
    )


@pytest.mark.parametrize(
    ("outer", "inner", "sent"), [([60], [50], 60), ([], [50], 50), ([], [], 1)]
)
def test_of_nested_subgraph_nodes_the_outermost_value_counts(
    outer: list[int], inner: list[int], sent: int
) -> None:
    instance = an_instance(2, "outer", IMAGE, RADIUS, values=outer)
    graph = blurred(instance, nested(inner_values=inner), softener("blur_radius"))
    assert graph["2:6:3"]["inputs"]["blur_radius"] == sent


def test_a_primitive_s_value_goes_into_a_subgraph_before_the_value_on_it() -> None:
    instance = an_instance(2, "outer", IMAGE, RADIUS, values=[60])
    wires = [(5, 0, 2, "blur_radius")]
    graph = blurred(instance, nested(), softener("blur_radius"), wires=wires)
    assert graph["2:6:3"]["inputs"]["blur_radius"] == 77


def test_a_field_named_by_proxy_widgets_takes_the_value_at_its_place() -> None:
    proxies = {"proxyWidgets": [["4", "sigma"], ["3", "blur_radius"], ["3", "seed"]]}
    instance = an_instance(2, "soften", IMAGE, values=[0.9, 33], properties=proxies)
    graph = blurred(instance, softener())
    assert graph["2:4"]["inputs"]["sigma"] == 0.9
    assert graph["2:3"]["inputs"]["blur_radius"] == 33


def test_proxy_widgets_without_values_leave_the_inner_ones() -> None:
    proxies = {"proxyWidgets": [["3", "blur_radius"], ["-1", "text"], "odd", []]}
    graph = blurred(an_instance(2, "soften", IMAGE, properties=proxies))
    assert graph["2:3"]["inputs"]["blur_radius"] == 1


def test_proxy_widgets_may_name_the_subgraph_node_s_own_input() -> None:
    proxies = {"proxyWidgets": [["-1", "blur_radius"]]}
    instance = an_instance(2, "soften", IMAGE, RADIUS, values=[34], properties=proxies)
    graph = blurred(instance, softener("blur_radius"))
    assert graph["2:3"]["inputs"]["blur_radius"] == 34


def test_a_proxied_field_that_is_wired_to_an_input_is_that_input() -> None:
    proxies = {"proxyWidgets": [["3", "blur_radius"]]}
    instance = an_instance(2, "soften", IMAGE, RADIUS, values=[34], properties=proxies)
    graph = blurred(instance, softener("blur_radius"))
    assert graph["2:3"]["inputs"]["blur_radius"] == 34


def test_a_field_of_a_nested_subgraph_node_may_be_proxied() -> None:
    proxies = {"proxyWidgets": [["6", "3: blur_radius"]]}
    outer = a_subgraph(
        "outer",
        [an_instance(6, "soften", IMAGE, RADIUS, values=[50])],
        [(ENTRANCE, 0, 6, "image"), (6, 0, EXIT, 0)],
        inputs=[IMAGE],
        outputs=[("IMAGE", "IMAGE")],
    )
    instance = an_instance(2, "outer", IMAGE, values=[35], properties=proxies)
    graph = blurred(instance, outer, softener("blur_radius"))
    assert graph["2:6:3"]["inputs"]["blur_radius"] == 35


def test_values_that_the_page_kept_aside_are_taken() -> None:
    aside = [{"originalEntry": ["-1", "blur_radius"], "reason": "gone", "hostValue": 36}]
    properties = {"proxyWidgetErrorQuarantine": aside}
    instance = an_instance(2, "soften", IMAGE, RADIUS, values=[5], properties=properties)
    graph = blurred(instance, softener("blur_radius"))
    assert graph["2:3"]["inputs"]["blur_radius"] == 36


def test_a_primitive_inside_a_subgraph_may_be_set_from_outside() -> None:
    inside = softener()
    inside["nodes"].append(a_node(8, "PrimitiveNode", [12, "fixed"]))
    inside["nodes"][0]["inputs"].append(
        {"name": "blur_radius", "type": "INT", "link": 99, "widget": {"name": "blur_radius"}}
    )
    link = {"id": 99, "origin_id": 8, "origin_slot": 0, "target_id": 3, "target_slot": 1}
    inside["links"].append(link)
    assert blurred(an_instance(2, "soften", IMAGE), inside)["2:3"]["inputs"]["blur_radius"] == 12
    proxies = {"proxyWidgets": [["8", "value"]]}
    instance = an_instance(2, "soften", IMAGE, values=[13], properties=proxies)
    assert blurred(instance, inside)["2:3"]["inputs"]["blur_radius"] == 13


@pytest.mark.parametrize("shown_by", ["input", "proxyWidgets"])
def test_a_prompt_on_a_subgraph_node_is_sent_as_it_is_written(shown_by: str) -> None:
    text = '{"shot": "a|b"} // as written'
    say = a_subgraph(
        "say",
        [a_node(3, "Encode", ["unset"])],
        [(ENTRANCE, 0, 3, "text")] if shown_by == "input" else [],
        inputs=[("text", "STRING")] if shown_by == "input" else [],
    )
    proxies = {} if shown_by == "input" else {"proxyWidgets": [["3", "text"]]}
    page = a_page([an_instance(2, "say", values=[text], properties=proxies)], [], [say])
    assert converted(page)["2:3"]["inputs"]["text"] == text


def test_a_get_node_inside_a_subgraph_finds_the_set_node_around_it() -> None:
    getting = a_subgraph(
        "getting", [a_node(3, "GetNode", ["pic"])], [(3, 0, EXIT, 0)], outputs=[("IMAGE", "IMAGE")]
    )
    nodes = [load(), a_node(4, "SetNode", ["pic"]), an_instance(2, "getting"), save()]
    graph = converted(a_page(nodes, [(1, 0, 4, "value"), (2, 0, 9, "images")], [getting]))
    assert graph["9"]["inputs"]["images"] == ["1", 0]
