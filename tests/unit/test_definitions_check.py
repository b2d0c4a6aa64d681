"""Workflows and values against what the servers can do."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import write
from tests.graphs import CLASSES, Nodes, node, text_to_image
from vqd.definitions.check import ServerCheck, Unknown, check, drifted, value_fault
from vqd.definitions.load import Definitions
from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.errors import Problem
from vqd.domain.signature import WHOLE, SignatureChange, differences
from vqd.domain.workflow import Workflow

Define = Callable[..., Workflow]

PARAMS = """\
  steps: {type: int, default: 20, min: 4, max: 60, bind: KSampler.steps}
  sampler: {type: choice, choices_from: KSampler.sampler_name, default: sampler_1,
            bind: KSampler.sampler_name}
  checkpoint: {type: checkpoint, default: SDXL.safetensors, bind: 4.ckpt_name}
  size: {type: size, default: 1024x768, min: 16, max: 4096, bind: "5"}
  seed: {type: seed, bind: 3.seed}
"""


class Told:
    """A catalogue of what servers told, by server and class."""

    def __init__(self, **servers: Mapping[str, NodeClass]) -> None:
        self._servers = servers

    def servers(self) -> tuple[str, ...]:
        return tuple(self._servers)

    def node_class(self, server: str, name: str) -> NodeClass | None:
        return self._servers[server].get(name)

    def class_names(self, server: str) -> tuple[str, ...]:
        return tuple(sorted(self._servers[server]))


@pytest.fixture
def define(tmp_path: Path) -> Define:
    """Gives the workflow of some parameters over a graph."""

    def workflow(params: str = PARAMS, graph: Nodes | None = None, inputs: str = "") -> Workflow:
        write(tmp_path / "w.json", json.dumps(graph or text_to_image()))
        text = (
            f"vqd_workflow: 1\ngraph: w.json\n{inputs}params:\n{params or '  {}'}\n"
            "outputs: {image: {node: '9', kind: image, prefix: filename_prefix}}\n"
        )
        write(tmp_path / "w.yaml", text)
        return Definitions([tmp_path]).get("w")

    return workflow


def with_input(name: str, input_name: str, entry: list[Any] | None) -> dict[str, NodeClass]:
    """The usual classes, in which one input is another, or missing where `entry` is None."""
    told = CLASSES[name]
    inputs = {one: given for one, given in told.inputs.items() if one != input_name}
    if entry is not None:
        inputs |= read_node_class("", {"input": {"required": {input_name: entry}}}).inputs
    outputs = {"outputs": told.outputs, "is_output": told.is_output}
    return {**CLASSES, name: NodeClass(name, inputs, **outputs)}  # type: ignore[arg-type]


def found(workflow: Workflow, classes: Mapping[str, NodeClass]) -> ServerCheck:
    return check(workflow, Told(gpu1=classes)).servers["gpu1"]


def only_fault(workflow: Workflow, classes: Mapping[str, NodeClass]) -> Problem:
    (problem,) = found(workflow, classes).faults
    assert problem.where == workflow.where
    return problem


def test_nothing_is_wrong_on_a_server_that_has_everything(define: Define) -> None:
    checked = check(define(), Told(gpu1=CLASSES))
    assert checked.servers == {"gpu1": ServerCheck()}
    assert checked.able == ("gpu1",)


def test_before_any_server_was_seen_nothing_is_said(define: Define) -> None:
    checked = check(define(), Told())
    assert checked.is_unknown
    assert checked.able == ()


def test_each_server_is_judged_by_itself(define: Define) -> None:
    checked = check(define(), Told(gpu1=CLASSES, bare={}, gpu2=CLASSES))
    assert checked.able == ("gpu1", "gpu2")
    assert {problem.code for problem in checked.servers["bare"].faults} == {"missing_class"}


def test_a_class_that_a_server_has_not_is_told_with_the_nearest(define: Define) -> None:
    graph = text_to_image(n8=node("VAEDecoder", samples=["3", 0], vae=["4", 2]))
    problem = only_fault(define("", graph), CLASSES)
    assert (problem.code, problem.key) == ("missing_class", "graph 8")
    assert problem.hint == "Did you mean VAEDecode?"


def test_many_classes_that_a_server_has_not_are_one_fault(define: Define) -> None:
    problem = only_fault(define(), {})
    assert (problem.code, problem.key) == ("missing_class", "graph")
    assert "CheckpointLoaderSimple, EmptyLatentImage, KSampler" in problem.said


def test_a_bound_input_that_a_class_has_not_is_a_fault_where_it_is_bound(define: Define) -> None:
    problem = only_fault(define(), with_input("KSampler", "steps", None))
    assert (problem.code, problem.key) == ("unknown_node_input", "params.steps.bind")
    assert "KSampler has no input steps" in problem.said


def test_an_input_that_a_class_has_not_and_nothing_binds_is_a_note(define: Define) -> None:
    checked = found(define(), with_input("VAEDecode", "vae", None))
    assert checked.faults == ()
    assert [(note.code, note.key) for note in checked.notes] == [
        ("ignored_node_input", "graph 8.vae")
    ]


def test_inputs_that_a_class_names_as_it_likes_are_not_judged(define: Define) -> None:
    graph = text_to_image(
        n8={"class_type": "Join", "inputs": {"samples.1": ["3", 0], "samples.2": ["3", 0]}},
    )
    joins = {"input": {"required": {"samples": ["COMFY_AUTOGROW_V3", {}]}}, "output": ["IMAGE"]}
    classes = {**CLASSES, "Join": read_node_class("Join", joins)}
    assert found(define("", graph), classes) == ServerCheck()


def test_a_required_input_that_is_neither_set_nor_wired_is_a_fault(define: Define) -> None:
    problem = only_fault(define(), with_input("VAEDecode", "tile", ["INT", {}]))
    assert (problem.code, problem.key) == ("missing_node_input", "graph 8.tile")


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        (0, "out_of_range", "0 is below 1."),
        (10_001, "out_of_range", "10001 is above 10000."),
        ("many", "wrong_type", "many is not a whole number."),
    ],
)
def test_a_number_of_the_graph_that_the_server_refuses_is_a_fault(
    define: Define, value: object, code: str, said: str
) -> None:
    graph = text_to_image()
    graph["3"]["inputs"]["steps"] = value
    problem = only_fault(define("", graph), CLASSES)
    assert (problem.code, problem.key, problem.said) == (code, "graph 3.steps", said)


def test_a_choice_of_the_graph_is_found_blind_to_slashes_and_case(define: Define) -> None:
    graph = text_to_image()
    graph["4"]["inputs"]["ckpt_name"] = "Sub/SDXL.safetensors"
    windows = with_input("CheckpointLoaderSimple", "ckpt_name", [["sub\\sdxl.safetensors"]])
    assert found(define("", graph), windows) == ServerCheck()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("sdxll.safetensors", "wan\\sdxl.safetensors"), ("SDXL.safetensors", "wan\\sdxl.safetensors")],
)
def test_a_choice_that_is_none_is_told_with_the_nearest_or_the_same_file_elsewhere(
    define: Define, name: str, meant: str
) -> None:
    graph = text_to_image()
    graph["4"]["inputs"]["ckpt_name"] = name
    files = ["a.safetensors", "wan\\sdxl.safetensors"]
    problem = only_fault(
        define("", graph), with_input("CheckpointLoaderSimple", "ckpt_name", [files])
    )
    assert (problem.code, problem.key) == ("unknown_option", "graph 4.ckpt_name")
    assert problem.hint == f"Did you mean {meant}?"
    assert problem.allowed == ", ".join(files)


def test_a_choice_whose_options_the_server_keeps_to_itself_is_not_judged(define: Define) -> None:
    remote = with_input("CheckpointLoaderSimple", "ckpt_name", ["COMBO", {"remote": {}}])
    assert found(define("", text_to_image()), remote) == ServerCheck()


def test_what_a_bind_sets_is_not_judged_by_what_the_graph_has_there(define: Define) -> None:
    graph = text_to_image(n5=node("EmptyLatentImage", width=8, height=8, batch_size=1))
    assert found(define(PARAMS, graph), CLASSES) == ServerCheck()


def test_a_file_that_a_drop_brings_needs_not_to_be_on_the_server(define: Define) -> None:
    graph = text_to_image(n1=node("LoadImage", image="none yet.png"))
    slot = "inputs: {image: {kind: image, bind: 1.image}}\n"
    assert found(define("", graph, slot), CLASSES) == ServerCheck()


@pytest.mark.parametrize("name", ["sub/old.png", "old.png [output]", "A.PNG"])
def test_a_file_that_may_be_on_the_server_is_not_judged(define: Define, name: str) -> None:
    graph = text_to_image(n1=node("LoadImage", image=name))
    assert found(define("", graph), CLASSES) == ServerCheck()


def test_a_file_that_nothing_brings_and_the_server_has_not_is_a_fault(define: Define) -> None:
    graph = text_to_image(n1=node("LoadImage", image="old.png"))
    problem = only_fault(define("", graph), CLASSES)
    assert (problem.code, problem.key) == ("missing_file", "graph 1.image")


def test_a_range_wider_than_the_servers_is_a_fault_of_the_parameter(define: Define) -> None:
    workflow = define("  steps: {type: int, default: 20, min: 0, max: 20000, bind: 3.steps}\n")
    low, high = found(workflow, CLASSES).faults
    assert (low.code, low.key, low.hint) == ("out_of_range", "params.steps.min", "Write min: 1.")
    assert (high.code, high.key, high.hint) == (
        "out_of_range",
        "params.steps.max",
        "Write max: 10000.",
    )


def test_seeds_that_the_server_does_not_take_are_a_fault(define: Define) -> None:
    problem = only_fault(define(), with_input("KSampler", "seed", ["INT", {"max": 0xFFFFFFFF}]))
    assert (problem.key, problem.hint) == ("params.seed.max", "Write max: 4294967295.")


@pytest.mark.parametrize(
    ("params", "code", "key"),
    [
        (
            "  d: {type: float, default: 1.5, bind: 3.denoise}\n",
            "out_of_range",
            "params.d.default",
        ),
        (
            "  d: {type: choice, choices: {low: 0.1, high: 2}, bind: 3.denoise}\n",
            "out_of_range",
            "params.d.choices.high",
        ),
        (
            "  s: {type: choice, choices: [normal, karass], bind: 3.scheduler}\n",
            "unknown_option",
            "params.s.choices.karass",
        ),
        (
            "  s: {type: choice, default: a, sets: {a: {3.scheduler: exp}, b: {3.steps: 5}}}\n",
            "unknown_option",
            "params.s.sets.a",
        ),
        (
            "  s: {type: text, default: exp, bind: 3.scheduler}\n",
            "unknown_option",
            "params.s.default",
        ),
        (
            "  s: {type: size, default: 64x8, bind: '5'}\n",
            "out_of_range",
            "params.s.default",
        ),
        (
            "  s: {type: size, default: 64x64, presets: {thin: 8x64}, bind: '5'}\n",
            "out_of_range",
            "params.s.presets.thin",
        ),
        (
            "  s: {type: choice, choices_from: KSampler.method, default: a, bind: 3.scheduler}\n",
            "no_choices",
            "params.s.choices_from",
        ),
        (
            "  c: {type: checkpoint, default: other.pt, bind: 4.ckpt_name}\n",
            "unknown_option",
            "params.c.default",
        ),
    ],
)
def test_what_a_parameter_declares_and_the_server_refuses_is_told_at_its_key(
    define: Define, params: str, code: str, key: str
) -> None:
    problem = only_fault(define(params), CLASSES)
    assert (problem.code, problem.key) == (code, key)


@pytest.mark.parametrize(
    ("gives", "wanted", "fits"),
    [
        ("LATENT", "LATENT", True),
        ("LATENT", "IMAGE", False),
        ("LATENT", "*", True),
        ("*", "LATENT", True),
        ("LATENT", "IMAGE, LATENT", True),
        ("MASK,LATENT", "IMAGE,LATENT", True),
        ("MASK,AUDIO", "IMAGE,LATENT", False),
        ("COMFY_MATCHTYPE_V3", "LATENT", True),
        ("STRING", "COMBO", False),
    ],
)
def test_links_are_judged_by_comfyuis_rules(
    define: Define, gives: str, wanted: str, fits: bool
) -> None:
    sampler = NodeClass("KSampler", CLASSES["KSampler"].inputs, (gives,))
    decode = with_input("VAEDecode", "samples", [wanted, {}])["VAEDecode"]
    faults = found(define(), {**CLASSES, "KSampler": sampler, "VAEDecode": decode}).faults
    assert [(one.code, one.key) for one in faults] == (
        [] if fits else [("wrong_link", "graph 8.samples")]
    )


def test_a_link_to_an_output_that_is_not_there_is_a_fault(define: Define) -> None:
    graph = text_to_image(n8=node("VAEDecode", samples=["3", 1], vae=["4", 2]))
    problem = only_fault(define("", graph), CLASSES)
    assert (problem.code, problem.key) == ("wrong_link", "graph 8.samples")


def test_an_output_whose_node_saves_nothing_is_a_fault(define: Define) -> None:
    saver = NodeClass("SaveImage", CLASSES["SaveImage"].inputs)
    problem = only_fault(define(), {**CLASSES, "SaveImage": saver})
    assert (problem.code, problem.key) == ("not_an_output", "outputs.image.node")


def fault_of(workflow: Workflow, name: str, value: Any, **servers: Mapping[str, NodeClass]) -> Any:
    return value_fault(workflow, workflow.params[name], value, Told(**servers))


def test_a_value_is_right_if_one_server_takes_it(define: Define) -> None:
    other = with_input("CheckpointLoaderSimple", "ckpt_name", [["Flux\\dev.pt"]])
    for name in ("sdxl.safetensors", "flux/DEV.pt"):
        assert fault_of(define(), "checkpoint", name, gpu1=CLASSES, gpu2=other) is None


def test_a_model_that_no_server_has_is_told_with_the_nearest_of_all(define: Define) -> None:
    other = with_input("CheckpointLoaderSimple", "ckpt_name", [["flux_dev.pt"]])
    problem = fault_of(define(), "checkpoint", "flux_deb.pt", gpu1=CLASSES, gpu2=other)
    assert (problem.code, problem.key) == ("missing_model", "params.checkpoint")
    assert problem.hint == "Did you mean flux_dev.pt?"
    assert "no server has the checkpoint flux_deb.pt" in problem.said


def test_a_choice_from_the_servers_that_is_none_is_told(define: Define) -> None:
    problem = fault_of(define(), "sampler", "sampler_99", gpu1=CLASSES)
    assert (problem.code, problem.found) == ("unknown_option", "sampler_99")
    assert fault_of(define(), "sampler", "SAMPLER_7", gpu1=CLASSES) is None


def test_a_number_above_what_any_server_takes_is_told(define: Define) -> None:
    workflow = define("  steps: {type: int, default: 20, bind: 3.steps}\n")
    assert fault_of(workflow, "steps", 20_000, gpu1=CLASSES).code == "out_of_range"


def test_of_a_value_that_no_server_could_judge_nothing_is_said(define: Define) -> None:
    assert fault_of(define(), "sampler", "any") is Unknown.UNKNOWN
    assert fault_of(define(), "sampler", "any", bare={}) is Unknown.UNKNOWN


def test_none_of_a_model_needs_no_server(define: Define) -> None:
    graph = text_to_image(
        n10=node("LoraLoader", model=["4", 0], clip=["4", 1], lora_name="film.safetensors")
    )
    lora = "  lora: {type: lora, default: none, bind: 10.lora_name, when_none: {bypass: ['10']}}\n"
    assert fault_of(define(lora, graph), "lora", "none", gpu1=CLASSES) is None


def test_what_is_bound_to_nothing_is_always_right(define: Define) -> None:
    assert fault_of(define("  tag: {type: text, default: ''}\n"), "tag", "x") is None


def test_a_workflow_has_drifted_where_a_signature_it_relies_on_changed(define: Define) -> None:
    changes = [
        SignatureChange("KSampler", "steps", "INT, required, max 100", "INT, required, max 50"),
        SignatureChange("KSampler", "extra", None, "FLOAT, optional, default 1"),
        SignatureChange("KSampler", "gone", "FLOAT, optional, default 1", None),
        SignatureChange("KSampler", "left out", "INT, optional", "INT, optional, default 2"),
        SignatureChange("VAEDecode", WHOLE, "gives IMAGE", "gives IMAGE, MASK"),
        SignatureChange("ImageBlur", "sigma", "FLOAT, required", None),
    ]
    told = drifted(define(), changes)
    assert [(one.code, one.key) for one in told] == [
        ("drifted", "graph 3.steps"),
        ("drifted", "graph 3.left out"),
        ("drifted", "graph 8"),
    ]
    assert told[0].said == "was INT, required, max 100, and is INT, required, max 50."


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "model", "min", "max", "options", "default", "required"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
ODD_INPUTS = st.dictionaries(st.sampled_from(["steps", "seed", "model", "extra"]), ODD)
STEPS_AND_SEED = """\
  steps: {type: int, default: 20, max: 60, bind: 3.steps}
  seed: {type: seed, bind: 3.seed}
"""


@given(told=ODD_INPUTS, outputs=ODD)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_a_server_tells_of_a_class_something_is_said(
    define: Define, told: Any, outputs: Any
) -> None:
    odd = read_node_class("KSampler", {"input": {"required": told}, "output": outputs})
    classes = {**CLASSES, "KSampler": odd}
    workflow = define(STEPS_AND_SEED)
    assert all(str(problem) for problem in found(workflow, classes).faults)
    for change in differences("KSampler", CLASSES["KSampler"], odd):
        assert change.was != change.now
    value_fault(workflow, workflow.params["steps"], 5, Told(gpu1=classes))
