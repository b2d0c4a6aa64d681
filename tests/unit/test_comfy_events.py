import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqd.comfy.events import (
    Begun,
    Cached,
    Ended,
    Executed,
    Remaining,
    ServerEvent,
    Step,
    Success,
    event_in,
    preview_in,
)


def heard(kind: str, **data: Any) -> ServerEvent | None:
    return event_in(json.dumps({"type": kind, "data": data}).encode())


def test_a_status_tells_how_many_prompts_remain() -> None:
    assert heard("status", status={"exec_info": {"queue_remaining": 3}}, sid="x") == Remaining(3)


@pytest.mark.parametrize("told", [-1, None, "3", 1.5])
def test_a_number_of_prompts_that_is_none_tells_nothing(told: Any) -> None:
    assert heard("status", status={"exec_info": {"queue_remaining": told}}) is None


def test_the_end_is_executing_without_a_node() -> None:
    assert heard("executing", node=None, prompt_id="p") == Ended("p")


def test_success_is_not_the_end_because_the_history_is_not_written_yet() -> None:
    assert heard("execution_success", prompt_id="p", timestamp=1500) == Success("p", 1.5)
    assert heard("execution_success", prompt_id="p", timestamp="now") == Success("p", None)


def test_a_node_that_was_made_while_running_puts_out_what_counts_as_the_graphs() -> None:
    made = {"images": [{"filename": "a.png"}]}
    told = heard("executed", node="5.0.3", display_node="5", output=made, prompt_id="p")
    assert told == Executed("p", "5.0.3", "5", made)
    assert heard("executed", node="5", output=None, prompt_id="p") == Executed("p", "5", "5", {})


def test_executing_without_a_prompt_which_a_reconnect_brings_tells_nothing() -> None:
    assert heard("executing", node="2") is None
    assert heard("executing", node=None) is None


def test_the_beginning_tells_when_and_then_which_nodes_do_not_run() -> None:
    assert heard("execution_start", prompt_id="p", timestamp=2000) == Begun("p", 2.0)
    assert heard("execution_cached", nodes=["1", 2], prompt_id="p") == Cached(
        "p", frozenset({"1", "2"})
    )


def test_progress_is_a_fraction_of_a_node() -> None:
    assert heard("progress", value=1, max=4, prompt_id="p", node="5") == Step(
        "p", "5", 0.25, step="1/4"
    )


@pytest.mark.parametrize(
    ("value", "most"), [(3, 0), (-1, 2), ("a", 2), (None, None), (1, -1), (0, 1)]
)
def test_a_senseless_progress_is_no_progress(value: Any, most: Any) -> None:
    assert heard("progress", value=value, max=most, prompt_id="p", node="5") == Step("p", "5", 0.0)


def test_progress_never_passes_one() -> None:
    assert heard("progress", value=9, max=4, prompt_id="p", node="5") == Step("p", "5", 1.0)


def test_a_progress_state_counts_nodes_and_names_the_one_of_the_graph() -> None:
    nodes = {
        "1": {"value": 1.0, "max": 1.0, "state": "finished", "display_node_id": "1"},
        "5.0.3": {"value": 5.0, "max": 20.0, "state": "running", "display_node_id": "5"},
    }
    assert heard("progress_state", prompt_id="p", nodes=nodes) == Step("p", "5", 0.25, 1, "5/20")


def test_messages_of_custom_packs_tell_nothing() -> None:
    assert heard("crystools.monitor", cpu=3, prompt_id="p") is None


@pytest.mark.parametrize(
    ("value", "most"),
    [("Infinity", "Infinity"), ("1" + 400 * "0", "1"), ("NaN", "NaN"), ("1", "0"), ('"1"', "2")],
)
def test_progress_that_is_no_part_of_anything_is_none(value: str, most: str) -> None:
    text = f'{{"type":"progress","data":{{"value":{value},"max":{most},"prompt_id":"p"}}}}'
    assert event_in(text.encode()) == Step("p", None, 0.0)


def test_a_literal_nan_is_read() -> None:
    text = b'{"type":"progress","data":{"value":NaN,"max":2,"prompt_id":"p","node":"5"}}'
    assert event_in(text) == Step("p", "5", 0.0)


def test_a_preview_is_the_picture_behind_the_head() -> None:
    assert preview_in(struct.pack(">II", 1, 1) + b"jpeg") == b"jpeg"
    assert preview_in(struct.pack(">II", 4, 2) + b"{}jpeg") == b"jpeg"


def test_binary_messages_that_are_no_preview_are_none() -> None:
    assert preview_in(b"") is None
    assert preview_in(struct.pack(">II", 3, 1) + b"1text") is None


@given(st.binary(max_size=60))
def test_no_message_is_strange_enough_to_raise(message: bytes) -> None:
    event_in(message)
    preview_in(message)


def test_a_deep_message_is_garbage() -> None:
    assert event_in(b"[" * 100_000) is None
