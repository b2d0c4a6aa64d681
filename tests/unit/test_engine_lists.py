"""How often a node is run, and what becomes of what it gave."""

from collections.abc import Mapping, Sequence
from typing import Any

from vqd.engine.lists import joined, turns
from vqd.engine.nodes.signature import NodeClass, Shown

Inputs = Mapping[str, Sequence[Any]]


def a_class(**changes: Any) -> NodeClass:
    """A class of which only the lists matter."""
    return NodeClass("A", "", {}, ("INT",), _nothing, **changes)


def _nothing(*_: Any) -> Sequence[Any]:
    return ()


def test_a_node_is_run_for_each_value_and_a_short_list_stays_at_its_last() -> None:
    inputs: Inputs = {"image": ["a", "b", "c"], "size": [1, 2], "mode": ["x"]}
    assert [(one["image"], one["size"], one["mode"]) for one in turns(a_class(), inputs)] == [
        ("a", 1, "x"),
        ("b", 2, "x"),
        ("c", 2, "x"),
    ]


def test_a_node_without_inputs_is_run_once() -> None:
    assert [*turns(a_class(), {})] == [{}]


def test_a_class_that_takes_lists_is_run_once_with_all_of_them() -> None:
    inputs: Inputs = {"images": ["a", "b"], "size": [1]}
    assert [*turns(a_class(takes_lists=True), inputs)] == [inputs]


def test_what_was_given_becomes_one_list_for_each_output() -> None:
    assert joined(a_class(), [(1, "a"), (2, "b")]).values == [[1, 2], ["a", "b"]]


def test_lists_that_were_given_are_joined() -> None:
    assert joined(a_class(gives_lists=True), [([1, 2],), ([3],)]).values == [[1, 2, 3]]


def test_everything_that_an_output_node_tells_is_told_in_order() -> None:
    told = joined(a_class(), [Shown({"images": ["a"]}), Shown({"images": ["b", "c"]})])
    assert told.ui == {"images": ["a", "b", "c"]}
    assert joined(a_class(), [(1,)]).ui is None
