import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqd.comfy.messages import (
    Device,
    Running,
    Waiting,
    finished_entry,
    place_in_queue,
    server_facts,
)
from vqd.comfy.outputs import RemoteFile, RemoteText
from vqd.comfy.refusals import refusal

RECORDED = Path(__file__).parent.parent / "recorded" / "comfy"
PROMPT_ID = "0b5f9d3e-5d0c-4f57-9a58-1f9c36c1a6de"

_NAMES = """
    a status messages outputs prompt queue_pending queue_running system devices vram_total
    error node_errors errors extra_info input_config filename images
"""
_KEYS = st.sampled_from(_NAMES.split())
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_bytes())


def test_a_success_is_read_with_its_files_and_its_time() -> None:
    finished = finished_entry(PROMPT_ID, recorded("history_success.json"))
    assert finished is not None
    assert finished.completed
    assert finished.outputs == {"2": (RemoteFile("slow_00019_.png", "job", "output"),)}
    assert finished.seconds == 1.39
    assert finished.started_at == 1795463332.563
    assert not finished.cached_nodes
    assert finished.error is None


@pytest.mark.parametrize("ended_at", [-1e15, 0.0, 1795463332.0, 1e10, 1e15])
def test_a_time_during_which_the_servers_clock_was_set_is_not_known(ended_at: float) -> None:
    finished = finished_entry(PROMPT_ID, recorded("history_success.json"))
    assert finished is not None
    assert replace(finished, ended_at=ended_at).seconds == 0.0


def test_an_error_is_read_with_the_nodes_title() -> None:
    finished = finished_entry(PROMPT_ID, recorded("history_error.json"))
    assert finished is not None
    assert not finished.completed
    assert finished.error is not None
    assert finished.error.title == "Grey card"
    assert finished.error.message == "[Errno 28] No space left on device"


def test_an_interrupt_is_told_from_an_error_that_looks_the_same() -> None:
    interrupted = finished_entry(PROMPT_ID, recorded("history_interrupted.json"))
    error = finished_entry(PROMPT_ID, recorded("history_error.json"))
    assert interrupted is not None
    assert error is not None
    assert interrupted.status == error.status == "error"
    assert (interrupted.interrupted, error.interrupted) == (True, False)


def test_files_under_any_key_count_for_the_node_that_the_graph_has() -> None:
    finished = finished_entry(PROMPT_ID, recorded("history_video_pack.json"))
    assert finished is not None
    assert finished.outputs == {
        "12": (RemoteFile("clip_00001.mp4"),),
        "2": (RemoteText("héllo"),),
    }


def test_an_unknown_prompt_has_no_entry() -> None:
    assert finished_entry("other", recorded("history_success.json")) is None
    assert finished_entry(PROMPT_ID, {}) is None


def test_a_place_in_the_queue_is_counted_in_the_order_of_the_servers_heap() -> None:
    queue = recorded("queue.json")
    assert place_in_queue("runs", queue) == Running()
    assert place_in_queue("jumped", queue) == Waiting(1)
    assert place_in_queue("next", queue) == Waiting(2)
    assert place_in_queue("last", queue) == Waiting(3)
    assert place_in_queue("absent", queue) is None


def test_a_server_tells_its_version_and_its_devices() -> None:
    facts = server_facts(recorded("system_stats.json"))
    assert facts is not None
    assert (facts.version, facts.devices) == ("0.3.64", (Device("cuda", 25756696576),))


@given(_JSON)
def test_no_answer_is_strange_enough_to_raise(document: Any) -> None:
    finished_entry("a", {"a": document})
    finished_entry("a", document)
    place_in_queue("a", document)
    server_facts(document)
    refusal(document)
