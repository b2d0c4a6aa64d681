"""A definition from a graph: what becomes a parameter, what it is called, and that it loads."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graphs import Nodes, classes, node, text_to_image, unknown
from vqd.definitions.load import Definitions
from vqd.definitions.new import sketch_of
from vqd.definitions.proof import DefinitionFiles, files_of
from vqd.definitions.sketch import Sketch
from vqd.definitions.written import WIDTH, written, written_graph
from vqd.documents.reader import parse
from vqd.documents.tree import Mapping
from vqd.domain.errors import Faults
from vqd.domain.graph import Target

TEXT_TO_IMAGE = """\
# Written from w.json by `vqd workflows new`. What its parameters are called and what may vary was
# guessed: read it once.
vqd_workflow: 1
name: w
version: 1
label: W
group: Image
graph: w.json
params:
  prompt: {type: text, caption: true, multiline: true, default: a red fox, bind: 6.text}
  negative: {type: text, multiline: true, default: blurry, bind: 7.text}
  size:
    type: size
    default: 1024x768
    min: 16
    max: 16384
    multiple_of: 8
    bind: "@Empty Latent Image"
  steps: {type: int, default: 20, min: 1, max: 10000, bind: "@KSampler.steps"}
  cfg:
    type: float
    default: 6.5
    min: 0
    max: 100
    step: 0.1
    bind: "@KSampler.cfg"
    help: How closely the prompt is kept to.
  sampler:
    type: choice
    choices_from: KSampler.sampler_name
    default: sampler_1
    bind: "@KSampler.sampler_name"
  scheduler: {type: choice, choices: [normal, karras], default: karras, bind: "@KSampler.scheduler"}
  denoise: {type: float, default: 1.0, min: 0, max: 1, step: 0.01, bind: "@KSampler.denoise"}
  checkpoint: {type: checkpoint, default: sdxl.safetensors, bind: "@Load Checkpoint.ckpt_name"}
  seed: {type: seed, bind: "@KSampler.seed"}
  # What else the graph lets you set; take in what should vary:
  # batch_size: {type: int, default: 1, min: 1, max: 4096, bind: "@Empty Latent Image.batch_size"}
outputs:
  image: {node: "@Save Image", kind: image, prefix: filename_prefix}
# `requires: {vram_gb: 16}` keeps it off servers with less: say here what it needs.
"""


def made(graph: Nodes, known: Any = classes) -> DefinitionFiles:
    return files_of(sketch_of(graph, "w", known, where="w.json"), known)


def entries(graph: Nodes, known: Any = classes) -> dict[str, Any]:
    return params_in(made(graph, known).definition)


def params_in(definition: str) -> dict[str, Any]:
    params, _ = parse(definition, "w.yaml").reach(["params"])
    assert isinstance(params, Mapping)
    return {str(name): entry for name, entry in params.items()}


def with_video(**more: Any) -> Nodes:
    graph = {
        "1": node("EmptyVideo", width=832, height=480, length=81),
        "2": node("VAEDecode", samples=["1", 0], vae=["9", 2]),
        "3": node("CreateVideo", images=["2", 0], fps=16.0),
        "4": node("SaveVideo", video=["3", 0], filename_prefix="v"),
        "9": node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
    }
    return {**graph, **more}


def blurred(**inputs: Any) -> Nodes:
    return {
        "1": node("LoadImage", image="a.png"),
        "2": node("ImageBlur", image=["1", 0], blur_radius=1, sigma=1.0, invert=False, **inputs),
        "3": node("SaveImage", images=["2", 0], filename_prefix="x"),
    }


def test_a_text_to_image_graph_becomes_what_a_person_would_have_written() -> None:
    assert made(text_to_image()).definition == TEXT_TO_IMAGE


def test_the_files_load_from_a_folder(tmp_path: Path) -> None:
    files = made(text_to_image())
    (tmp_path / "w.yaml").write_text(files.definition, encoding="utf-8")
    (tmp_path / "w.json").write_text(files.graph, encoding="utf-8")
    assert Definitions([tmp_path]).problems("w") == ()
    assert json.loads(files.graph) == text_to_image()


def test_the_negative_prompt_is_told_by_where_its_text_goes() -> None:
    graph = text_to_image()
    graph["3"]["inputs"] |= {"positive": ["7", 0], "negative": ["6", 0]}
    assert entries(graph)["prompt"]["default"] == "blurry"
    assert entries(graph)["negative"]["default"] == "a red fox"


def test_a_text_that_feeds_both_is_the_prompt() -> None:
    zero = node("ConditioningZeroOut", conditioning=["6", 0])
    graph = text_to_image(n30=zero)
    graph["3"]["inputs"]["negative"] = ["30", 0]
    del graph["7"]
    assert [*entries(graph)][:2] == ["prompt", "size"]


def test_a_text_that_reaches_the_prompt_through_a_primitive_is_the_caption() -> None:
    graph = text_to_image(n20=node("StringNode", "Words", text="a cat"))
    graph["6"]["inputs"]["text"] = ["20", 0]
    assert entries(graph)["prompt"] == {
        "type": "text",
        "caption": "true",
        "multiline": "true",
        "default": "a cat",
        "bind": "@Words.text",
    }


def test_seeds_are_one_parameter_whatever_they_hold() -> None:
    graph = text_to_image()
    graph["10"] = {**graph["3"], "inputs": {**graph["3"]["inputs"], "seed": 99}}
    assert entries(graph)["seed"] == {"type": "seed", "bind": "KSampler*.seed"}


def test_equal_values_of_two_samplers_are_one_parameter_and_others_are_told_apart() -> None:
    graph = text_to_image()
    high, low = graph["3"]["inputs"], {**graph["3"]["inputs"], "cfg": 1.0}
    graph |= {
        "3": node("KSampler", "High noise", **high),
        "10": node("KSampler", "Low noise", **low),
    }
    made_of = entries(graph)
    assert made_of["steps"]["bind"] == "KSampler*.steps"
    assert made_of["cfg_high_noise"]["bind"] == "@High noise.cfg"
    assert made_of["cfg_low_noise"]["bind"] == "@Low noise.cfg"


def test_models_without_titles_are_told_apart_by_their_files() -> None:
    graph = text_to_image(
        n30=node("UNETLoader", unet_name="wan2.2_high_14B.safetensors"),
        n31=node("UNETLoader", unet_name="wan2.2_low_14B.safetensors"),
    )
    made_of = entries(graph)
    assert made_of["model_high"]["default"] == "wan2.2_high_14B.safetensors"
    assert made_of["model_low"] == {
        "type": "model",
        "folder": "diffusion_models",
        "default": "wan2.2_low_14B.safetensors",
        "bind": "31.unet_name",
    }


def test_a_lora_can_be_none_and_its_two_strengths_are_one() -> None:
    lora = node(
        "LoraLoader",
        model=["4", 0],
        clip=["4", 1],
        lora_name="film.safetensors",
        strength_model=0.8,
        strength_clip=0.8,
    )
    graph = text_to_image(n20=lora)
    made_of = entries(graph)
    assert made_of["lora"]["when_none"] == "bypass"
    assert made(graph).workflow.params["lora"].when_none == ("20",)
    assert made_of["lora_strength"]["bind"] == [
        "@Load LoRA.strength_model",
        "@Load LoRA.strength_clip",
    ]


def test_frames_keep_to_the_steps_of_their_node() -> None:
    frames = entries(with_video())["frames"]
    assert (frames["multiple_of"], frames["plus"]) == ("4", "1")
    assert made(with_video()).workflow.params["frames"].read("85") == 85


def test_the_first_picture_fans_out_and_the_second_is_one_for_all() -> None:
    graph = blurred()
    graph["4"] = node("LoadImage", "Load End", image="b.png")
    workflow = made(graph).workflow
    assert {name: slot.fan_out for name, slot in workflow.inputs.items()} == {
        "image": True,
        "end_image": False,
    }
    assert workflow.inputs["end_image"].targets == (Target("4", "image"),)


def test_a_clip_fans_out_before_a_picture() -> None:
    graph = with_video(
        **{"5": node("LoadImage", image="a.png"), "6": node("LoadVideo", file="a.mp4")}
    )
    workflow = made(graph).workflow
    assert [slot.name for slot in workflow.inputs.values() if slot.fan_out] == ["video"]


def test_a_picture_from_the_servers_own_outputs_is_no_input() -> None:
    graph = {**blurred(), "4": node("LoadImageOutput", image="a.png")}
    assert [*made(graph).workflow.inputs] == ["image"]


def test_a_value_that_is_wired_in_is_what_it_goes_to() -> None:
    graph = blurred()
    graph["4"] = node("PrimitiveInt", value=3)
    graph["2"]["inputs"]["blur_radius"] = ["4", 0]
    assert [*entries(graph)] == ["sigma", "invert", "blur_radius"]
    assert entries(graph)["blur_radius"] == {
        "type": "int",
        "default": "3",
        "min": "1",
        "max": "31",
        "bind": "@PrimitiveInt.value",
    }


def test_a_value_with_a_title_is_called_so() -> None:
    graph = blurred()
    graph["4"] = node("PrimitiveInt", "How soft", value=3)
    graph["2"]["inputs"]["blur_radius"] = ["4", 0]
    assert entries(graph)["how_soft"]["bind"] == "@How soft.value"


def test_a_seed_that_is_wired_in_is_a_seed() -> None:
    graph = text_to_image(n20=node("PrimitiveInt", value=5))
    graph["3"]["inputs"]["seed"] = ["20", 0]
    assert entries(graph)["seed"] == {"type": "seed", "bind": "@PrimitiveInt.value"}


def test_a_length_that_is_not_of_frames_is_none() -> None:
    graph = {**blurred(), "4": node("Cut", length=7)}
    assert entries(graph)["length"]["default"] == "7"


def test_a_node_without_a_unique_title_is_named_by_its_class_or_its_id() -> None:
    graph = blurred()
    for one in graph.values():
        one["_meta"]["title"] = "Same"
    assert entries(graph)["sigma"]["bind"] == "ImageBlur.sigma"
    graph["4"] = node("ImageBlur", "Same", image=["1", 0], blur_radius=2, sigma=2.0, invert=True)
    assert entries(graph)["sigma_2"]["bind"] == "4.sigma"


def test_an_input_with_a_dot_in_its_name_is_bound() -> None:
    graph = {**blurred(), "4": node("NewSampler")}
    graph["4"]["inputs"]["model.cfg"] = 2.5
    param = made(graph).workflow.params["model_cfg"]
    assert param.targets == (Target("4", "model.cfg"),)


def test_a_bound_that_the_graph_breaks_is_left_out() -> None:
    graph = blurred()
    graph["2"]["inputs"]["blur_radius"] = 50
    assert entries(graph)["blur_radius"] == {
        "type": "int",
        "default": "50",
        "min": "1",
        "bind": "@Image Blur.blur_radius",
    }


def test_without_a_server_types_come_from_the_values_and_the_head_says_so() -> None:
    files = made(text_to_image(), unknown)
    assert files.workflow.params["cfg"].type == "float"
    assert files.workflow.params["steps"].max is None
    assert "No server told these classes" in files.definition
    assert files.workflow.inputs == {}


def test_many_plain_inputs_are_left_for_a_person_to_take_in() -> None:
    graph = blurred()
    graph |= {
        f"1{at}": node("ImageBlur", image=["1", 0], blur_radius=at, sigma=at + 0.5, invert=True)
        for at in range(1, 6)
    }
    files = made(graph)
    assert files.workflow.params == {}
    lines = files.definition.splitlines()
    assert "  # What else the graph lets you set; take in what should vary:" in lines
    taken_in = "\n".join(
        line.replace("# ", "", 1)
        for line in lines
        if line not in lines[:2] and "What else" not in line
    )
    assert len(params_in(taken_in)) == 18


def test_whatever_is_saved_is_brought_home_and_previews_are_told() -> None:
    graph = text_to_image(
        n10=node("SaveLatent", samples=["3", 0], filename_prefix="l"),
        n11=node("PreviewImage", images=["8", 0]),
    )
    files = made(graph)
    assert [output.slot for output in files.workflow.outputs] == ["image", "latent"]
    assert "# Not brought home, being previews: @PreviewImage." in files.definition


def test_previews_are_brought_home_where_nothing_is_saved() -> None:
    graph = text_to_image(n9=node("PreviewImage", images=["8", 0]))
    graph["10"] = node("PreviewAny", source=["3", 0])
    outputs = made(graph).workflow.outputs
    assert [(one.slot, one.kind, one.takes_temp) for one in outputs] == [
        ("image", "image", True),
        ("text", "text", False),
    ]


@pytest.mark.parametrize(
    ("class_type", "inputs", "kind"),
    [
        ("SaveGLB", {}, "model3d"),
        ("SaveSVGNode", {}, "vector"),
        ("Save Text File", {}, "text"),
        ("SaveWhatever", {}, "file"),
        ("VHS_VideoCombine", {"format": "video/h264-mp4"}, "video"),
        ("VHS_VideoCombine", {"format": "image/gif"}, "image"),
        ("VHS_VideoCombine", {"format": "video/ffmpeg-gif"}, "image"),
    ],
)
def test_the_kind_of_an_output_is_guessed_by_what_saves_it(
    class_type: str, inputs: dict[str, str], kind: str
) -> None:
    graph = text_to_image(n9=node(class_type, images=["8", 0], filename_prefix="x", **inputs))
    assert [one.kind for one in made(graph).workflow.outputs] == [kind]


def test_two_outputs_have_two_names() -> None:
    graph = text_to_image(n10=node("SaveImage", "Second", images=["8", 0], filename_prefix="b"))
    outputs = made(graph).workflow.outputs
    assert [(one.slot, one.node, one.prefix_input) for one in outputs] == [
        ("image", "9", "filename_prefix"),
        ("image_2", "10", "filename_prefix"),
    ]


def test_a_graph_that_saves_and_shows_nothing_is_refused() -> None:
    graph = text_to_image(n9=node("VAEEncode", pixels=["8", 0]))
    with pytest.raises(Faults) as caught:
        made(graph)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("no_output", "w.json")
    assert problem.hint is not None
    assert problem.hint.startswith("Add a node that saves")


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "22:00", "010", "~", "null", "1e3", "- a", "a: b", "a #b", "{a}", "[a", "@x"),
        *(
            "  lead",
            "trail ",
            'it\'s "q"',
            "\n\nx",
            "x\n",
            "a\tb",
            "\x07",
            "a\u2028b",
            "日本語",
            "😀",
        ),
        *("one\ntwo: x\n\n  deep", " first\nsecond", "long words " * 30 + "end", "x\n\n"),
    ],
)
def test_every_prompt_is_written_so_that_it_reads_back(text: str) -> None:
    graph = text_to_image()
    graph["6"]["inputs"]["text"] = text
    assert made(graph).workflow.params["prompt"].default == text


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=120), max_size=4))
def test_any_text_is_written_so_that_it_reads_back(texts: dict[str, str]) -> None:
    keys = {f"k{at}": {"type": "text", "default": text} for at, text in enumerate(texts.values())}
    text = written(Sketch("w", {}, params={name: {**entry} for name, entry in keys.items()}))
    assert not keys or params_in(text) == keys


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=20,
    )
)
def test_any_graph_is_written_so_that_it_reads_back(value: Any) -> None:
    graph = {"1": {"class_type": "X", "inputs": {"a": value}}}
    assert json.loads(written_graph(graph)) == graph


def test_lines_are_kept_short() -> None:
    graph = text_to_image()
    graph["6"]["inputs"]["text"] = "many words " * 40 + "end"
    files = made(graph)
    assert max(map(len, files.definition.splitlines())) <= WIDTH
