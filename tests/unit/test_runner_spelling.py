"""Graphs in each server's own spelling."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.builders import NOW
from vqd.domain.graph import Graph
from vqd.runner.spelling import Spelling
from vqd.store.learning import learn
from vqd.store.store import Store

GRAPH: Graph = {
    "1": {"class_type": "Loader", "inputs": {"name": "wan/high.pt", "strength": 1.0}},
    "2": {"class_type": "Sampler", "inputs": {"model": ["1", 0], "method": "Euler", "text": "A/b"}},
    "3": {"class_type": "Unheard", "inputs": {"name": "wan/high.pt"}},
}


def tell(store: Store, server: str, sha: str, *files: str) -> None:
    classes: dict[str, Any] = {
        "Loader": {"input": {"required": {"name": [[*files], {}], "strength": ["FLOAT", {}]}}},
        "Sampler": {
            "input": {
                "required": {
                    "model": ["MODEL"],
                    "method": ["COMBO", {"options": ["euler", "heun"]}],
                    "text": ["STRING", {"default": "a\\B"}],
                }
            }
        },
    }
    learn(store, server, sha * 64, classes.items, now=NOW)


def test_a_choice_is_sent_as_each_server_spells_it(store: Store) -> None:
    tell(store, "windows", "a", "Wan\\High.pt", "other.pt")
    tell(store, "linux", "b", "wan/high.pt")
    spelling = Spelling(store)
    windows, linux = (spelling.spelled(server, GRAPH) for server in ("windows", "linux"))
    assert windows["1"]["inputs"] == {"name": "Wan\\High.pt", "strength": 1.0}
    assert windows["2"]["inputs"] == {"model": ["1", 0], "method": "euler", "text": "A/b"}
    assert windows["3"] is GRAPH["3"]
    assert linux["1"] is GRAPH["1"]
    assert GRAPH["1"]["inputs"]["name"] == "wan/high.pt"


def test_what_is_no_choice_there_and_what_is_not_known_stays_as_it_is(store: Store) -> None:
    tell(store, "gpu1", "a", "low.pt")
    spelling = Spelling(store)
    assert spelling.spelled("gpu1", {"1": GRAPH["1"]})["1"] is GRAPH["1"]
    assert spelling.spelled("gpu2", GRAPH) is GRAPH


def test_other_choices_are_known_as_soon_as_a_look_has_ended(store: Store) -> None:
    tell(store, "gpu1", "a", "low.pt")
    spelling = Spelling(store)
    spelling.spelled("gpu1", GRAPH)
    tell(store, "gpu1", "b", "WAN\\high.pt")
    spelling.end_look("gpu1")
    assert spelling.spelled("gpu1", GRAPH)["1"]["inputs"]["name"] == "WAN\\high.pt"


def test_what_was_refused_is_spelled_anew_when_the_first_look_has_ended(store: Store) -> None:
    spelling = Spelling(store)
    assert spelling.spelled("gpu1", GRAPH) is GRAPH
    with ThreadPoolExecutor(1) as thread:
        anew = thread.submit(spelling.spelled_anew, "gpu1", GRAPH)
        tell(store, "gpu1", "a", "WAN\\high.pt")
        assert not anew.done()
        spelling.end_look("gpu1")
        assert anew.result(5)["1"]["inputs"]["name"] == "WAN\\high.pt"


def test_a_look_that_does_not_end_is_not_waited_for_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.spelling.FIRST_LOOK_S", 0.01)
    assert Spelling(store).spelled_anew("gpu1", GRAPH) is GRAPH


def test_a_node_without_inputs_is_left_alone(store: Store) -> None:
    tell(store, "gpu1", "a", "low.pt")
    bare: Graph = {"1": {"class_type": "Loader"}}
    assert Spelling(store).spelled("gpu1", bare) is bare
