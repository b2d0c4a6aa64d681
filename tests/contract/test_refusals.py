"""Prompts that are refused, in whole or in part."""

from typing import Any

import pytest

from tests.contract.conversation import Server
from tests.contract.graphs import Graph, empty, node, saving, tiny_graph
from vqd.comfy.refusals import refusal


def refused(server: Server, body: Any) -> dict[str, Any]:
    """Post a prompt that must be refused; give the answer."""
    answer = server.post("/prompt", body)
    assert answer.status_code == 400, answer.text
    told: dict[str, Any] = answer.json()
    assert told.keys() == {"error", "node_errors"}
    assert told["error"].keys() == {"type", "message", "details", "extra_info"}
    return told


def fault_types(told: dict[str, Any]) -> set[str]:
    """What is wrong with any node."""
    nodes = told["node_errors"].values()
    return {fault["type"] for node in nodes for fault in node["errors"]}


def with_input(name: str, value: Any) -> Graph:
    """A graph whose first node has one other input."""
    made = empty()
    made["inputs"][name] = value
    return saving({"made": made})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "no_prompt"),
        ([], "no_prompt"),
        ({"client_id": "x"}, "no_prompt"),
        ({"prompt": {}}, "prompt_no_outputs"),
        ({"prompt": []}, "prompt_no_outputs"),
        ({"prompt": {"1": empty()}}, "prompt_no_outputs"),
        ({"prompt": tiny_graph(), "partial_execution_targets": []}, "prompt_no_outputs"),
        ({"prompt": tiny_graph(), "partial_execution_targets": ["no"]}, "prompt_no_outputs"),
        ({"prompt": {"1": {"inputs": {}}}}, "invalid_prompt"),
        ({"prompt": {"1": []}}, "invalid_prompt"),
    ],
)
def test_a_prompt_that_is_none_is_refused(server: Server, body: Any, kind: str) -> None:
    if server.is_newer and body in ({"prompt": []}, {"prompt": {"1": []}}):
        assert server.post("/prompt", body).status_code == 500
        return
    told = refused(server, body)
    is_unknown_class = server.is_newer and kind == "invalid_prompt"
    assert told["error"]["type"] == ("missing_node_type" if is_unknown_class else kind)
    assert told["node_errors"] == {}


def test_an_unknown_class_is_named_even_if_nothing_needs_it(server: Server) -> None:
    told = refused(server, {"prompt": {**tiny_graph(), "3": node("NoSuchNode")}})
    assert told["error"]["message"] == (
        "Node 'NoSuchNode' not found. The custom node may not be installed."
        if server.is_newer
        else "Cannot execute because node NoSuchNode does not exist."
    )
    assert told["error"]["details"] == "Node ID '#3'"
    assert told["node_errors"] == {}
    understood = refusal(told)
    assert understood is not None
    assert understood.is_unavailable


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("width", 0, "value_smaller_than_min"),
        ("width", 16385, "value_bigger_than_max"),
        ("width", 10**30, "value_bigger_than_max"),
        ("width", "wide", "invalid_input_type"),
        ("width", None, "invalid_input_type"),
        ("width", float("nan"), "invalid_input_type"),
        ("width", float("inf"), "invalid_input_type"),
        ("width", ["1"], "bad_linked_input"),
        ("width", ["1", 0, 0], "bad_linked_input"),
    ],
)
def test_a_bad_value_is_told_with_its_input(
    server: Server, name: str, value: Any, kind: str
) -> None:
    told = refused(server, {"prompt": with_input(name, value)})
    assert told["error"]["type"] == "prompt_outputs_failed_validation"
    assert told["node_errors"].keys() == {"made"}
    error = told["node_errors"]["made"]
    assert error["class_type"] == "EmptyImage"
    assert error["dependent_outputs"] == ["out"]
    (fault,) = error["errors"]
    assert (fault["type"], fault["extra_info"]["input_name"]) == (kind, name)
    assert fault["extra_info"]["input_config"][0] == "INT"


def test_a_value_out_of_range_is_told_as_comfyui_does(server: Server) -> None:
    told = refused(server, {"prompt": with_input("width", "0")})
    (fault,) = told["node_errors"]["made"]["errors"]
    assert fault["message"] == "Value 0 smaller than min of 1"
    assert fault["details"] == "width"
    assert fault["extra_info"]["received_value"] == 0
    assert fault["extra_info"]["input_config"][1]["max"] == 16384


def test_a_missing_input_is_told(server: Server) -> None:
    graph = tiny_graph()
    del graph["made"]["inputs"]["width"], graph["made"]["inputs"]["height"]
    told = refused(server, {"prompt": graph})
    faults = told["node_errors"]["made"]["errors"]
    assert {(fault["type"], fault["details"]) for fault in faults} == {
        ("required_input_missing", "width"),
        ("required_input_missing", "height"),
    }


def test_a_value_that_is_no_option_is_told_with_the_options(server: Server) -> None:
    scale = node(
        "ImageScale",
        image=["first", 0],
        upscale_method="cubist",
        width=8,
        height=8,
        crop="disabled",
    )
    told = refused(server, {"prompt": saving({"first": empty(), "made": scale})})
    (fault,) = told["node_errors"]["made"]["errors"]
    assert fault["type"] == "value_not_in_list"
    assert fault["details"] == (
        "upscale_method: 'cubist' not in "
        "['nearest-exact', 'bilinear', 'area', 'bicubic', 'lanczos']"
    )
    methods = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
    assert fault["extra_info"] == {
        "input_name": "upscale_method",
        "input_config": [methods, {}],
        "received_value": "cubist",
    }


def test_nothing_as_a_value_is_told_too(server: Server) -> None:
    told = refused(server, {"prompt": with_input("width", None)})
    (fault,) = told["node_errors"]["made"]["errors"]
    assert fault["extra_info"]["received_value"] is None


@pytest.mark.parametrize(
    ("made", "details"),
    [
        (node("LoadImage", image="nope.png"), "image - Invalid image file: nope.png"),
        (node("LoadVideo", file="no.mp4"), "file - Invalid video file: no.mp4"),
    ],
)
def test_a_missing_file_is_told(server: Server, made: dict[str, Any], details: str) -> None:
    graph = saving({"made": made})
    if made["class_type"] == "LoadVideo":
        parts = node("GetVideoComponents", video=["file", 0])
        graph = {**saving({"made": parts}), "file": made}
    told = refused(server, {"prompt": graph})
    (error,) = told["node_errors"].values()
    (fault,) = error["errors"]
    assert (fault["type"], fault["details"]) == ("custom_validation_failed", details)


def test_a_link_of_the_wrong_type_is_told(server: Server) -> None:
    graph = saving({"made": node("PrimitiveInt", value=3)})
    (fault,) = refused(server, {"prompt": graph})["node_errors"]["out"]["errors"]
    assert fault["type"] == "return_type_mismatch"
    assert fault["details"] == "images, received_type(INT) mismatch input_type(IMAGE)"
    assert fault["extra_info"]["linked_node"] == ["made", 0]


@pytest.mark.parametrize("link", [["no", 0], ["made", 7], [1, 0]])
def test_a_link_to_nowhere_is_told_where_the_output_has_it(server: Server, link: list[Any]) -> None:
    graph = tiny_graph()
    graph["out"]["inputs"]["images"] = link
    told = refused(server, {"prompt": graph})
    (fault,) = told["node_errors"]["out"]["errors"]
    assert fault["type"] == "exception_during_validation"
    assert fault["extra_info"]["exception_type"] in ("KeyError", "IndexError")


def test_a_link_to_nowhere_further_up_is_told_as_an_inner_fault(server: Server) -> None:
    graph = saving({"made": node("ImageInvert", image=["no", 0])})
    (error,) = refused(server, {"prompt": graph})["node_errors"].values()
    assert error["errors"][0]["type"] == "exception_during_inner_validation"
    assert error["errors"][0]["extra_info"]["linked_node"] == ["made", 0]


def test_a_cycle_is_refused_without_details_until_later(server: Server) -> None:
    graph = saving(
        {
            "made": node("ImageInvert", image=["other", 0]),
            "other": node("ImageInvert", image=["made", 0]),
        }
    )
    told = refused(server, {"prompt": graph})
    assert told["error"]["details"] == ""
    assert fault_types(told) == ({"dependency_cycle"} if server.is_newer else set())


def test_a_cycle_beside_what_is_right_is_left_out_without_a_word(server: Server) -> None:
    graph = tiny_graph()
    graph["round"] = node("ImageInvert", image=["round", 0])
    graph["lost"] = node("PreviewImage", images=["round", 0])
    told = server.post("/prompt", {"prompt": graph}).json()
    assert fault_types(told) == ({"dependency_cycle"} if server.is_newer else set())
    entry = server.finished(told["prompt_id"])
    assert entry["prompt"][4] == ["out"]
    assert entry["status"]["status_str"] == "success"


def test_what_is_right_runs_although_another_output_is_wrong(server: Server) -> None:
    graph = tiny_graph()
    graph["bad"] = empty(size=(0, 8))
    graph["lost"] = node("PreviewImage", images=["bad", 0])
    answer = server.post("/prompt", {"prompt": graph})
    assert answer.status_code == 200
    told = answer.json()
    assert told["node_errors"]["bad"]["dependent_outputs"] == ["lost"]
    entry = server.finished(told["prompt_id"])
    assert entry["prompt"][4] == ["out"]
    assert entry["outputs"].keys() == {"out"}
    assert entry["status"]["status_str"] == "success"


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": {"1": null}}',
        b'{"prompt": {"1": 5}}',
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b'{"prompt": null}',
        b'{"prompt": "text"}',
        b'{"prompt": {"1": {"class_type": "EmptyImage"}}, "number": "zz"}',
    ],
)
def test_what_cannot_be_read_is_500_in_plain_text(server: Server, body: bytes) -> None:
    answer = server.post("/prompt", body)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_body_beyond_the_limit_is_413(server: Server) -> None:
    body = b'{"prompt": {}, "filler": "' + b"x" * (100 * 1024 * 1024) + b'"}'
    assert server.post("/prompt", body).status_code == 413


def test_what_was_made_before_another_node_failed_stays_in_the_history(server: Server) -> None:
    # An output runs as soon as it can, so `early` before `made`, which `out` waits for.
    graph = saving(
        {"first": empty(), "made": node("ImageInvert", image=["first", 0])}, "../outside"
    )
    graph["early"] = node("PreviewImage", images=["first", 0])
    entry = server.carry_out(graph)
    assert entry["status"]["status_str"] == "error"
    assert entry["outputs"].keys() == entry["meta"].keys() == {"early"}


def test_a_node_that_fails_tells_what_it_was_given(server: Server) -> None:
    graph = saving({"made": empty(color=11), "prefix": node("PrimitiveString", value="../outside")})
    graph["out"]["inputs"]["filename_prefix"] = ["prefix", 0]
    _, told = server.carry_out(graph)["status"]["messages"][-1]
    assert told["current_inputs"]["filename_prefix"] == ["../outside"]
    assert told["current_inputs"]["images"] != [str(["made", 0])]
    assert sorted(told["current_outputs"]) == ["made", "out", "prefix"]


def test_a_node_that_fails_is_told_in_the_history(server: Server) -> None:
    graph = saving({"made": empty()}, prefix="../outside")
    entry = server.carry_out(graph)
    assert entry["status"]["status_str"] == "error"
    assert entry["status"]["completed"] is False
    kind, told = entry["status"]["messages"][-1]
    assert kind == "execution_error"
    assert (told["node_id"], told["node_type"]) == ("out", "SaveImage")
    assert told["executed"] == ["made"]
    assert "outside the output folder" in told["exception_message"]
    assert told["exception_message"].endswith("\n")
    assert isinstance(told["traceback"], list)
    assert {"exception_type", "current_inputs", "current_outputs", "timestamp"} <= told.keys()
    assert entry["outputs"] == {}
