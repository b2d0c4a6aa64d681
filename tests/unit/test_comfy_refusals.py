import json
from pathlib import Path
from typing import Any

from vqd.comfy.refusals import refusal

RECORDED = Path(__file__).parent.parent / "recorded" / "comfy"


def said(document: Any) -> str:
    refused = refusal(document)
    assert refused is not None
    return refused.said


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_bytes())


def an_error(kind: str, **extra: Any) -> Any:
    fault = {"type": kind, "message": "M", "details": "D", "extra_info": extra}
    return {"node_errors": {"5": {"class_type": "KSampler", "errors": [fault]}}}


def test_every_fault_of_every_node_is_said_in_words() -> None:
    assert said(recorded("refused_inputs.json")).split("; ") == [
        "CheckpointLoaderSimple.ckpt_name: 'sd15.safetensors' is not on the server, "
        "which has none to choose from",
        "KSampler.steps: 900 is above 150",
        "KSampler.seed is missing",
        "LoadImage: image - Invalid image file: nope.png",
    ]


def test_the_first_node_is_named() -> None:
    refused = refusal(recorded("refused_inputs.json"))
    assert refused is not None
    assert refused.node == "1"


def test_a_missing_node_class_is_said_as_the_server_says_it() -> None:
    assert said(recorded("refused_node.json")) == (
        "Cannot execute because node Nope does not exist: Node ID '#3'"
    )


def test_an_accepted_prompt_with_node_errors_is_refused() -> None:
    assert said(recorded("partly_refused.json")) == (
        "SaveImage.images: Return type mismatch between linked nodes: "
        "images, received_type(LATENT) mismatch input_type(IMAGE)"
    )


def test_a_taken_graph_is_not_refused() -> None:
    assert refusal({"prompt_id": "p", "number": 0, "node_errors": {}}) is None


def test_the_models_that_the_server_has_are_listed() -> None:
    config = [["a.safetensors", "b.safetensors"], {}]
    fault = an_error("value_not_in_list", input_name="m", received_value="c", input_config=config)
    assert said(fault) == (
        "KSampler.m: 'c' is not on the server (it has a.safetensors, b.safetensors)"
    )


def test_a_long_list_of_models_is_left_out() -> None:
    config = [[f"model-{n}.safetensors" for n in range(20)], {}]
    fault = an_error("value_not_in_list", input_name="m", received_value="c", input_config=config)
    assert said(fault) == "KSampler.m: 'c' is not on the server"


def test_a_bound_that_the_server_keeps_to_itself_is_still_said() -> None:
    fault = an_error("value_smaller_than_min", input_name="cfg", received_value=-1)
    assert said(fault) == "KSampler.cfg: -1 is below the minimum"


def test_a_fault_of_an_unknown_kind_is_passed_on() -> None:
    assert said(an_error("new_in_2027")) == "KSampler: M: D"


def test_only_the_first_faults_of_many_are_said() -> None:
    faults = [{"type": "required_input_missing", "details": f"x{number}"} for number in range(9)]
    document = {"node_errors": {"5": {"class_type": "K", "errors": faults}}}
    assert said(document).endswith("K.x5 is missing; and 3 more")


def test_node_errors_without_words_are_a_refusal_too() -> None:
    assert said({"prompt_id": "p", "node_errors": {"5": {}}}) == "node 5 did not validate"


def test_a_cycle_that_each_of_its_nodes_tells_is_said_once() -> None:
    fault = {
        "type": "dependency_cycle",
        "message": "Dependency cycle detected",
        "details": "a (ImageInvert) -> b (ImageInvert) -> a (ImageInvert)",
        "extra_info": {"cycle_nodes": ["a", "b"]},
    }
    told = {"class_type": "ImageInvert", "errors": [fault], "dependent_outputs": ["out"]}
    assert said({"node_errors": {"a": told, "b": told}}) == (
        "ImageInvert: Dependency cycle detected: "
        "a (ImageInvert) -> b (ImageInvert) -> a (ImageInvert)"
    )


def test_a_cycle_which_comfyui_does_not_explain_is_a_refusal() -> None:
    document = {"error": {"type": "x", "message": "", "details": ""}, "node_errors": {}}
    assert said(document) == "no reason was given"


def test_the_files_that_a_server_has_not_are_told_apart_from_other_faults() -> None:
    def fault(kind: str, details: str) -> dict[str, object]:
        return {"type": kind, "message": "…", "details": details, "extra_info": {}}

    errors = [
        fault("custom_validation_failed", "image - Invalid image file: vqd/a b.png"),
        fault("custom_validation_failed", "file - Invalid video file: vqd/c.mp4"),
        fault("custom_validation_failed", "model_file - Invalid 3D model file: vqd/d.glb"),
        fault("custom_validation_failed", "latent - Invalid latent file: vqd/e.latent"),
        fault("custom_validation_failed", "seed - Must be even"),
        fault("value_not_in_list", "image: 'Invalid image file: d.png' not in []"),
    ]
    node_errors = {"1": {"class_type": "LoadImage", "errors": errors}}
    refused = refusal({"error": {"type": "x"}, "node_errors": node_errors})
    assert refused is not None
    assert refused.lacking == {"vqd/a b.png", "vqd/c.mp4", "vqd/d.glb", "vqd/e.latent"}


def is_unavailable(document: Any) -> bool:
    refused = refusal(document)
    assert refused is not None
    return refused.is_unavailable


def test_a_graph_that_wants_for_a_model_or_a_class_alone_is_told_from_one_that_is_wrong() -> None:
    model = an_error("value_not_in_list", input_name="lora", received_value="wan/film.safetensors")
    sampler = an_error("value_not_in_list", input_name="sampler", received_value="oiler")
    both = {"node_errors": {**model["node_errors"], "6": sampler["node_errors"]["5"]}}
    assert is_unavailable(model)
    assert is_unavailable(recorded("refused_node.json"))
    assert is_unavailable(recorded("refused_node_later.json"))
    assert not is_unavailable(sampler)
    assert not is_unavailable(both)
    assert not is_unavailable(recorded("refused_inputs.json"))
    of_no_class = {"node_id": "3", "class_type": None, "node_title": None}
    assert not is_unavailable({"error": {"type": "missing_node_type", "extra_info": of_no_class}})


def test_a_class_that_cannot_list_its_choices_is_not_there_and_one_that_raises_at_a_value_is() -> (
    None
):
    def raised(where: str) -> Any:
        line = f'  File "nodes.py", line 1634, in {where}\n    files = os.listdir(input_dir)\n'
        told = {"exception_type": "FileNotFoundError", "traceback": ["  File …\n", line]}
        return an_error("exception_during_inner_validation", **told)

    assert is_unavailable(raised("INPUT_TYPES"))
    assert not is_unavailable(raised("VALIDATE_INPUTS"))
