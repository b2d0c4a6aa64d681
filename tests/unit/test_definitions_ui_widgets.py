"""The values of the fields of a graph that ComfyUI's page saved."""

from typing import Any

import pytest

from tests.pages import a_node, a_page, converted, told
from vqd.domain.errors import Faults


def inputs_of(class_name: str, values: Any, **more: Any) -> dict[str, Any]:
    """The inputs that one node has in the API graph."""
    classes = {name: more.pop(name) for name in [*more] if name[0].isupper()}
    return dict(
        converted(a_page([a_node(1, class_name, values, **more)]), **classes)["1"]["inputs"]
    )


def test_values_are_read_in_the_order_of_the_class() -> None:
    assert inputs_of("KSampler", [5, "fixed", 30, 4.5, "heun"]) == {
        "seed": 5,
        "steps": 30,
        "cfg": 4.5,
        "sampler_name": "heun",
    }


@pytest.mark.parametrize("control", ["fixed", "increment", "decrement", "randomize", True, False])
def test_what_a_seed_does_after_a_prompt_takes_a_place_and_is_not_sent(control: Any) -> None:
    assert inputs_of("KSampler", [5, control, 30, 4.5, "heun"])["steps"] == 30


def test_a_file_older_than_the_seed_s_control_is_read_too() -> None:
    assert inputs_of("KSampler", [5, 30, 4.5, "heun"])["steps"] == 30


@pytest.mark.parametrize("name", ["seed", "noise_seed"])
def test_a_number_called_seed_has_a_control_without_being_told(name: str) -> None:
    noise = told(**{name: ["INT", {}], "steps": ["INT", {}]})
    assert inputs_of("Noise", [1, "randomize", 2], Noise=noise) == {name: 1, "steps": 2}


def test_a_choice_with_a_control_has_a_filter_beside_it() -> None:
    pick = told(file=[["a", "b"], {"control_after_generate": True}], n=["INT", {}])
    assert inputs_of("Pick", ["a", "increment", "", 3], Pick=pick) == {"file": "a", "n": 3}


def test_an_upload_button_s_place_is_passed_over() -> None:
    assert inputs_of("LoadImage", ["b.png", "image"]) == {"image": "b.png"}


def test_a_field_that_was_not_saved_has_its_default() -> None:
    assert inputs_of("KSampler", [5, "fixed"]) == {
        "seed": 5,
        "steps": 20,
        "cfg": 8.0,
        "sampler_name": "euler",
    }


def test_a_field_without_a_default_has_what_the_page_starts_with() -> None:
    plain = told(i=["INT", {}], f=["FLOAT"], s=["STRING"], b=["BOOLEAN"], c=[["x", "y"]], none=[[]])
    assert inputs_of("Plain", [], Plain=plain) == {"i": 0, "f": 0, "s": "", "b": False, "c": "x"}


def test_a_field_that_is_wired_still_takes_its_place() -> None:
    number = told(value=["INT", {}])
    nodes = [a_node(1, "Number", [3]), a_node(2, "ImageBlur", [31, 0.5])]
    inputs = converted(a_page(nodes, [(1, 0, 2, "blur_radius")]), Number=number)["2"]["inputs"]
    assert inputs == {"blur_radius": ["1", 0], "sigma": 0.5}


def test_an_input_that_must_be_wired_has_no_place() -> None:
    forced = told(a=["INT", {"forceInput": True}], b=["INT", {}])
    assert inputs_of("Forced", [4], Forced=forced) == {"b": 4}


def test_the_place_that_an_old_page_kept_for_one_that_must_be_wired_is_passed_over() -> None:
    forced = told(a=["INT", {"forceInput": True}], b=["INT", {}])
    assert inputs_of("Forced", [0, 4], Forced=forced) == {"b": 4}


def test_values_saved_by_name_are_read_by_name() -> None:
    values = {"sigma": 2.5, "blur_radius": 3}
    assert inputs_of("ImageBlur", values) == {"blur_radius": 3, "sigma": 2.5}


def test_fields_that_a_script_added_are_sent_when_saved_by_name() -> None:
    combine = told(frame_rate=["FLOAT", {}], format=[["video/h264-mp4"]])
    values = {
        "frame_rate": 16,
        "format": "video/h264-mp4",
        "crf": 19,
        "pix_fmt": "yuv420p",
        "choose video to upload": "image",
        "videopreview": {"hidden": False, "params": {}},
    }
    assert inputs_of("Combine", values, Combine=combine) == {
        "frame_rate": 16,
        "format": "video/h264-mp4",
        "crf": 19,
        "pix_fmt": "yuv420p",
    }


def test_the_saved_names_of_the_places_count_before_the_order_of_the_class() -> None:
    named = {"sigma": 9.0, "blur_radius": 9}
    blur = inputs_of("ImageBlur", [2.5, 3], widgets_values_named=named)
    assert blur == {"blur_radius": 3, "sigma": 2.5}


def test_saved_names_that_are_not_as_many_as_the_places_do_not_count() -> None:
    named = {"image": "stale.png"}
    loaded = inputs_of("LoadImage", ["fresh.png", "image"], widgets_values_named=named)
    assert loaded == {"image": "fresh.png"}


def test_a_control_is_not_sent_under_its_saved_name_either() -> None:
    named = {
        "seed": 1,
        "control_after_generate": "fixed",
        "steps": 2,
        "cfg": 3,
        "sampler_name": "x",
    }
    values = [1, "fixed", 2, 3, "heun"]
    sent = inputs_of("KSampler", values, widgets_values_named=named)
    assert sent == {"seed": 1, "steps": 2, "cfg": 3, "sampler_name": "heun"}


def test_fields_of_a_branch_that_is_not_chosen_are_not_sent_by_name_either() -> None:
    values = {"resize_type": "both", "resize_type.longer_size": 9, "resize_type.width": 8}
    assert inputs_of("Resize", values) == {
        "resize_type": "both",
        "resize_type.width": 8,
        "resize_type.fit": "crop",
        "method": "area",
    }


def test_a_list_of_choices_is_wrapped_so_that_it_is_no_link() -> None:
    many = told(tags=[["a", "b", "c"], {"multiselect": True}])
    assert inputs_of("Many", [["a", "b"]], Many=many) == {"tags": {"__value__": ["a", "b"]}}


def test_rows_of_a_power_lora_loader_get_the_names_that_its_script_gives_them() -> None:
    row = {"on": True, "lora": "film.safetensors", "strength": 0.8}
    values = [{}, {"type": "PowerLoraLoaderHeaderWidget"}, row, {**row, "on": False}, {}, ""]
    stack = {"input": {"required": {}, "optional": {}}, "output_node": True}
    sent = inputs_of(
        "Power Lora Loader (rgthree)", values, **{"Power Lora Loader (rgthree)": stack}
    )
    assert sent == {"lora_1": row, "lora_2": {**row, "on": False}}


def test_a_dynamic_choice_s_fields_follow_it_and_bear_its_name() -> None:
    assert inputs_of("Resize", ["both", 320, "pad", "lanczos"]) == {
        "resize_type": "both",
        "resize_type.width": 320,
        "resize_type.fit": "pad",
        "method": "lanczos",
    }


def test_only_the_fields_of_the_chosen_branch_are_sent() -> None:
    assert inputs_of("Resize", ["longer side", 640, "area"]) == {
        "resize_type": "longer side",
        "resize_type.longer_size": 640,
        "method": "area",
    }


def test_a_dynamic_choice_that_was_not_saved_is_its_first() -> None:
    assert inputs_of("Resize", []) == {
        "resize_type": "longer side",
        "resize_type.longer_size": 512,
        "method": "area",
    }


def test_a_dynamic_choice_within_another_is_read() -> None:
    inner = [
        "COMFY_DYNAMICCOMBO_V3",
        {"options": [{"key": "x", "inputs": {"required": {"n": ["INT"]}}}]},
    ]
    outer = [
        "COMFY_DYNAMICCOMBO_V3",
        {"options": [{"key": "on", "inputs": {"required": {"how": inner}}}]},
    ]
    nested = told(mode=outer, last=["INT"])
    assert inputs_of("Nested", ["on", "x", 3, 4], Nested=nested) == {
        "mode": "on",
        "mode.how": "x",
        "mode.how.n": 3,
        "last": 4,
    }


def test_inputs_that_have_grown_are_wired_by_their_names() -> None:
    nodes = [a_node(1, "LoadImage", ["a.png"]), a_node(2, "Batch", [12.0])]
    page = a_page(nodes, [(1, 0, 2, "images.image0"), (1, 0, 2, "images.image1")])
    assert converted(page)["2"]["inputs"] == {
        "fps": 12.0,
        "images.image0": ["1", 0],
        "images.image1": ["1", 0],
    }


def grown(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "type": "STRING", "widget": {"name": name}} for name in names]


def test_fields_that_have_grown_take_a_place_each_before_all_others() -> None:
    template = {"input": {"required": {"text": ["STRING", {}]}}, "prefix": "text", "min": 1}
    lines = told(first=["INT"], texts=["COMFY_AUTOGROW_V3", {"template": template}])
    slots = grown("texts.text0", "texts.text1")
    assert inputs_of("Lines", ["a", "b", 7], inputs=slots, Lines=lines) == {
        "texts.text0": "a",
        "texts.text1": "b",
        "first": 7,
    }


def test_fields_that_grow_in_a_chosen_branch_take_their_places_there() -> None:
    template = {"input": {"required": {"text": ["STRING"], "voice": ["AUDIO"]}}, "min": 1}
    two = {"lines": ["COMFY_AUTOGROW_V3", {"template": template}], "speed": ["FLOAT"]}
    options = [{"key": "two", "inputs": {"required": two}}]
    talk = told(how=["COMFY_DYNAMICCOMBO_V3", {"options": options}], last=["INT"])
    slots = grown("how.lines.text0", "how.lines.voice0", "how.lines.text1")
    assert inputs_of("Talk", ["two", "a", "b", 0.5, 7], inputs=slots, Talk=talk) == {
        "how": "two",
        "how.lines.text0": "a",
        "how.lines.text1": "b",
        "how.speed": 0.5,
        "last": 7,
    }


def test_an_input_that_takes_whatever_type_is_wired() -> None:
    nodes = [a_node(1, "LoadImage", ["a.png"]), a_node(2, "Switch", [False])]
    page = a_page(nodes, [(1, 0, 2, "on"), (1, 1, 2, "off")])
    assert converted(page)["2"]["inputs"] == {"on": ["1", 0], "off": ["1", 1], "choose": False}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a cat /* or a dog */ sleeps", "a cat  sleeps"),
        ("a cat // asleep\non a wall", "a cat \non a wall"),
        ("a {quiet} cat", "a quiet cat"),
        (r"a \{b\|c\} d\n", r"a {b|c} d\n"),
        ("a } | b", "a } | b"),
    ],
)
def test_a_prompt_is_sent_as_the_page_reads_it(text: str, sent: str) -> None:
    assert inputs_of("Encode", [text])["text"] == sent


def test_a_text_that_is_no_prompt_is_sent_as_it_is() -> None:
    note = told(text=["STRING", {}])
    assert inputs_of("Keep", ['{"a|b": 1} // c'], Keep=note)["text"] == '{"a|b": 1} // c'


def test_a_prompt_with_alternatives_is_refused() -> None:
    with pytest.raises(Faults) as caught:
        inputs_of("Encode", ["a {red|blue} cat"], title="Positive")
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("undecided_text", "1")
    assert "node 1 “Positive” (Encode)" in problem.said


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["euler", 20, 4.5, "heun"], "seed"),
        ([5, "fixed", "heun", 4.5], "steps"),
        ([5, "fixed", 20, True], "cfg"),
    ],
)
def test_values_of_other_fields_are_refused_not_sent(values: list[Any], field: str) -> None:
    with pytest.raises(Faults) as caught:
        inputs_of("KSampler", values)
    (problem,) = caught.value.problems
    assert problem.code == "misplaced_value"
    assert f"its {field} (" in problem.said
