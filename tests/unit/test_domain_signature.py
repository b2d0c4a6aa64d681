"""How a node class differs between two looks at a server."""

from typing import Any

from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.signature import WHOLE, SignatureChange, differences


def a_class(*, output: tuple[str, ...] = ("IMAGE",), **inputs: Any) -> NodeClass:
    return read_node_class("Blur", {"input": {"required": inputs}, "output": [*output]})


def test_nothing_differs_where_only_words_and_files_changed() -> None:
    before = a_class(radius=["INT", {"min": 1, "tooltip": "old"}], file=[["a.pt"], {}])
    after = a_class(radius=["INT", {"tooltip": "new", "min": 1}], file=[["a.pt", "b.pt"], {}])
    assert differences("Blur", before, after) == ()


def test_inputs_that_came_went_and_changed_are_told_one_by_one() -> None:
    before = a_class(radius=["INT", {"min": 1, "max": 9}], sigma=["FLOAT", {}])
    after = a_class(radius=["INT", {"min": 1, "max": 5}], device=["STRING", {}])
    assert differences("Blur", before, after) == (
        SignatureChange(
            "Blur", "radius", "INT, required, min 1, max 9", "INT, required, min 1, max 5"
        ),
        SignatureChange("Blur", "sigma", "FLOAT, required", None),
        SignatureChange("Blur", "device", None, "STRING, required"),
    )


def test_other_outputs_are_a_difference_of_the_class_itself() -> None:
    (change,) = differences("Blur", a_class(), a_class(output=("IMAGE", "MASK")))
    assert (change.input, change.was, change.now) == (WHOLE, "gives IMAGE", "gives IMAGE, MASK")


def test_a_class_that_went_or_came_is_one_difference() -> None:
    blur = a_class(radius=["INT", {}])
    assert differences("Blur", blur, None) == (SignatureChange("Blur", WHOLE, "gives IMAGE", None),)
    assert differences("Blur", None, blur) == (SignatureChange("Blur", WHOLE, None, "gives IMAGE"),)


def test_another_default_matters_where_a_graph_may_leave_the_input_out() -> None:
    def shaped(default: int) -> NodeClass:
        entry = {"input": {"optional": {"steps": ["INT", {"default": default}]}}, "output": []}
        return read_node_class("Shape", entry)

    (change,) = differences("Shape", shaped(4), shaped(8))
    assert (change.was, change.now) == ("INT, optional, default 4", "INT, optional, default 8")
