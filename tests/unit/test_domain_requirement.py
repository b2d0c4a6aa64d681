"""What graphs require of a server, and what it has not of that."""

from dataclasses import replace
from typing import Any

import pytest

from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.graph import Graph
from vqd.domain.requirement import Lack, Model, Requirement, lacks, names_model, near, required

LORA = Model("LoraLoader", "lora_name", "wan/film.safetensors")
GRAPH: Graph = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "2": {
        "class_type": "LoraLoader",
        "inputs": {"model": ["1", 0], "lora_name": "wan/film.safetensors", "strength": 1.0},
    },
    "3": {"class_type": "Save", "inputs": {"images": ["2", 0], "prefix": "out"}},
}


class Told:
    """A catalogue of servers that told just this."""

    def __init__(self, **servers: dict[str, Any]) -> None:
        self._servers = servers

    def servers(self) -> tuple[str, ...]:
        return tuple(self._servers)

    def node_class(self, server: str, name: str) -> NodeClass | None:
        told = self._servers[server].get(name)
        return None if told is None else read_node_class(name, told)

    def class_names(self, server: str) -> tuple[str, ...]:
        return tuple(sorted(self._servers[server]))


def loader(name: str, *files: str) -> dict[str, Any]:
    """What a server tells of a node that loads one of these files."""
    return {"input": {"required": {name: [[*files], {}]}}}


def a_server(*loras: str, **more: Any) -> dict[str, Any]:
    return {
        "CheckpointLoaderSimple": loader("ckpt_name", "SDXL.safetensors"),
        "LoraLoader": loader("lora_name", *loras),
        "Save": {},
        **more,
    }


def test_a_graph_requires_its_classes_and_the_models_that_outputs_are_made_of() -> None:
    unused = {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "lora_name": "old.pt"}}
    assert required({**GRAPH, "4": unused}) == Requirement(
        ("CheckpointLoaderSimple", "LoraLoader", "Save"),
        (Model("CheckpointLoaderSimple", "ckpt_name", "sdxl.safetensors"), LORA),
    )


def test_a_graph_whose_links_lead_round_or_nowhere_is_read_all_the_same() -> None:
    odd: Graph = {
        "1": {"class_type": "A", "inputs": {"a": ["2", 0], "name": "a.pt"}},
        "2": {"class_type": "A", "inputs": {"a": ["1", 0]}},
        "3": {"class_type": "B", "inputs": {"a": ["9", 0]}},
        "4": {"class_type": "C"},
    }
    assert required(odd) == Requirement(("A", "B", "C"))


@pytest.mark.parametrize(
    ("value", "is_model"),
    [
        ("wan\\High.SAFETENSORS", True),
        ("4x.pth", True),
        ("q4.gguf", True),
        ("euler", False),
        ("cat.png", False),
        (7, False),
        (["1", 0], False),
        ("x" * 300 + ".pt", False),
    ],
)
def test_a_model_is_told_by_how_its_name_ends(value: object, is_model: bool) -> None:
    assert names_model(value) is is_model


def test_the_models_of_two_workflows_are_the_same_however_they_are_spelled() -> None:
    one = Requirement(("A",), (Model("A", "x", "wan/High.pt"),))
    other = Requirement(("B",), (Model("B", "y", "Wan\\high.pt"),))
    assert one.model_set == other.model_set == {"wan/high.pt"}


def test_models_are_looked_for_blind_to_slashes_and_case() -> None:
    assert lacks(required(GRAPH), "gpu1", Told(gpu1=a_server("Wan\\FILM.safetensors"))) == ()


def test_what_a_server_lacks_is_named_with_what_may_be_meant() -> None:
    told = Told(gpu1=a_server("sdxl/film.safetensors", Saved={}))
    graph: Graph = {**GRAPH, "5": {"class_type": "Saved2", "inputs": {}}}
    node_class, model = lacks(required(graph), "gpu1", told)
    assert (node_class, model) == (Lack("Saved2"), Lack("LoraLoader", LORA))
    assert (node_class.said, model.said) == ("node class Saved2", "model wan/film.safetensors")
    assert near(node_class, ["gpu1"], told) == "Saved"
    assert near(model, ["gpu1"], told) == "sdxl/film.safetensors"


def test_of_thousands_of_names_one_is_found_in_no_time() -> None:
    names = [f"wan/{kind}_{number}.pt" for kind in ("film", "noir") for number in range(3000)]
    told = Told(gpu1=a_server(*names), gpu2=a_server("wan/flim.safetensor.pt"))
    meant = near(Lack("LoraLoader", replace(LORA, name="fiml_17.pt")), ["gpu1", "gpu2"], told)
    assert meant is not None
    assert meant.startswith("wan/film_")


def test_an_input_without_a_list_takes_any_model() -> None:
    open_loader = {"input": {"required": {"lora_name": ["STRING", {}]}}}
    assert lacks(required(GRAPH), "gpu1", Told(gpu1=a_server(LoraLoader=open_loader))) == ()
    assert lacks(required(GRAPH), "gpu1", Told(gpu1=a_server(LoraLoader={}))) == ()
