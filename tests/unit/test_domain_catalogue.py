"""Node classes as `/object_info` tells them."""

from vqd.domain.catalogue import read_node_class

SAMPLER = {
    "input": {
        "required": {
            "steps": ["INT", {"default": 20, "min": 1}],
            "model": ["MODEL", {"tooltip": "The model."}],
            "method": [["euler", "heun"]],
            "kind": ["COMBO", {"options": ["a", "b"], "default": "a"}],
        },
        "optional": {"strength": ["FLOAT", {"forceInput": True}]},
        "hidden": {"prompt": "PROMPT"},
    },
    "input_order": {"required": ["model", "steps", "method"], "optional": ["strength"]},
    "output": ["LATENT", ["x", "y"]],
    "output_name": ["LATENT", "choice"],
    "output_node": False,
    "display_name": "Sampler",
    "category": "sampling",
}


def test_inputs_come_in_the_order_of_the_page_and_those_left_out_of_it_last() -> None:
    assert [*read_node_class("S", SAMPLER).inputs] == [
        "model",
        "steps",
        "method",
        "kind",
        "strength",
    ]


def test_both_spellings_of_a_choice_give_its_options() -> None:
    inputs = read_node_class("S", SAMPLER).inputs
    assert (inputs["method"].type, inputs["method"].options) == ("COMBO", ("euler", "heun"))
    assert (inputs["kind"].type, inputs["kind"].options) == ("COMBO", ("a", "b"))
    assert inputs["steps"].options is None


def test_a_choice_whose_options_the_page_fetches_has_none_that_are_known() -> None:
    entry = {"input": {"required": {"image": ["COMBO", {"remote": {"route": "/files"}}]}}}
    assert read_node_class("S", entry).inputs["image"].options is None


def test_an_input_that_must_be_wired_is_no_widget() -> None:
    inputs = read_node_class("S", SAMPLER).inputs
    assert [name for name, one in inputs.items() if one.is_widget] == ["steps", "method", "kind"]
    assert not inputs["strength"].is_required


def test_outputs_have_types_also_where_they_are_choices() -> None:
    read = read_node_class("S", SAMPLER)
    assert read.outputs == ("LATENT", "COMBO")
    assert (read.label, read.category, read.is_output) == ("Sampler", "sampling", False)


def test_what_is_of_no_known_form_is_left_out() -> None:
    odd = {"input": {"required": {"a": 5, "b": [], "c": ["INT"]}, "optional": []}, "output": None}
    read = read_node_class("Odd", odd)
    assert [*read.inputs] == ["c"]
    assert read.outputs == ()
