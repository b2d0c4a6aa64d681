"""Definitions of video_queue, converted: the same graphs as there, from the same values."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW, write
from tests.graphs import Nodes, classes, node, unknown
from tests.samples import picture
from vqd.definitions.made import Made, of_legacy
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import edited
from vqd.service.drafts import Drafting
from vqd.spool.layout import Spool

Graphs = list[dict[str, Any]]


def lora_chain() -> Nodes:
    """Two models, each through a fixed LoRA, an extra one and its sampler, as WAN 2.2 has them."""
    return {
        "93": node("CLIPTextEncode", text="template prompt", clip=["38", 0]),
        "89": node("CLIPTextEncode", text="template negative", clip=["38", 0]),
        "38": node("CLIPLoader", clip_name="umt5.safetensors", type="wan"),
        "52": node("LoadImage", image="example.png"),
        "95": node("UNETLoader", unet_name="high.gguf"),
        "96": node("UNETLoader", unet_name="low.gguf"),
        "101": node("LoraLoaderModelOnly", model=["95", 0], lora_name="4step_high.safetensors"),
        "102": node("LoraLoaderModelOnly", model=["96", 0], lora_name="4step_low.safetensors"),
        "201": node(
            "LoraLoaderModelOnly", model=["101", 0], lora_name="a.safetensors", strength_model=0.0
        ),
        "202": node(
            "LoraLoaderModelOnly", model=["102", 0], lora_name="b.safetensors", strength_model=0.0
        ),
        "98": node("WanImageToVideo", width=480, height=832, length=81, start_image=["52", 0]),
        "86": node("KSamplerAdvanced", model=["201", 0], noise_seed=11, cfg=1.0, latent=["98", 0]),
        "85": node("KSamplerAdvanced", model=["202", 0], noise_seed=12, cfg=1.0, latent=["86", 0]),
        "108": node("SaveVideo", video=["85", 0], filename_prefix="template"),
    }


WAN = """\
name: wan-two-stage
description: Two stages.
category: video_gen
input_type: image
input_extensions: [.png, .jpg]
template: graph.json
file_bindings:
  load_image: {nodes: ["52"], field: image}
  output_prefix: {nodes: ["108"], field: filename_prefix}
  seed: {nodes: ["86", "85"], fields: [noise_seed, seed]}
parameters:
  positive_prompt: {type: text, label: Prompt, nodes: ["93"], field: text, default: a cat}
  negative_prompt: {type: text, nodes: ["89"], field: text, default: ""}
  randomize_seed: {type: bool, default: false}
  tries: {type: int, default: 1, min: 1, max: 10}
  output_prefix: {type: text, default: video/wan}
  flip_orientation: {type: bool, default: false}
  extra_lora_enabled: {type: bool, default: false}
  extra_lora_high_name: {type: text, nodes: ["201"], field: lora_name, default: ""}
  extra_lora_low_name: {type: text, nodes: ["202"], field: lora_name, default: ""}
  extra_lora_strength_high: {type: float, nodes: ["201"], field: strength_model, default: 1.0}
  extra_lora_strength_low: {type: float, nodes: ["202"], field: strength_model, default: 1.0}
"""


def converted(folder: Path, old: str, template: object = None, known: Any = unknown) -> Made:
    (folder / "old").mkdir(exist_ok=True)
    path = write(folder / "old" / "old.yaml", old)
    (path.parent / "graph.json").write_text(json.dumps(template or lora_chain()))
    return of_legacy(path, known)


def rendered(
    folder: Path,
    old: str,
    job: str = "",
    *,
    template: Nodes | None = None,
    pictures: tuple[str, ...] = ("a.png",),
) -> Graphs:
    """Convert, load, plan and render: the graph of each prompt of a job."""
    made = converted(folder, old, template)
    write(folder / "workflows" / f"{made.files.name}.yaml", made.files.definition)
    write(folder / "workflows" / f"{made.files.name}.json", made.files.graph)
    for name in pictures:
        picture(folder / "job" / name)
    job_file = write(folder / "job" / "job.yaml", f"vqd: 1\nworkflow: {made.files.name}\n{job}")
    drafting = Drafting(
        Spool.create(folder / "spool"), workflows=[folder / "workflows"], input_roots=()
    )
    draft = drafting.draft(job_file, now=NOW)
    assert draft.problems == ()
    assert draft.planned is not None
    return [edited(prompt.graph.nodes, prompt.edits) for prompt in draft.planned.prompts()]


def with_values(template: Nodes, values: dict[str, Any]) -> Nodes:
    graph = copy.deepcopy(template)
    for target, value in values.items():
        node_id, _, name = target.partition(".")
        graph[node_id]["inputs"][name] = value
    return graph


def without_extra_loras(values: dict[str, Any]) -> Nodes:
    graph = with_values(lora_chain(), {"86.model": ["101", 0], "85.model": ["102", 0]})
    del graph["201"], graph["202"]
    return with_values(graph, values)


def inline(body: str, template: Nodes) -> str:
    return f"{body}template_inline: {json.dumps(template)}\n"


PICTURE: Nodes = {
    "1": node("LoadImage", image="example.png"),
    "2": node("ImageScale", image=["1", 0], width=640, height=360, upscale_method="area"),
    "3": node("SaveImage", images=["2", 0], filename_prefix="x"),
}
HEAD = """\
name: pictures
description: ""
input_type: image
input_extensions: [.png]
file_bindings:
  load_image: {nodes: ["1"], field: image}
  output_prefix: {nodes: ["3"], field: filename_prefix}
"""


def sides(graph: dict[str, Any], node_id: str) -> tuple[int, int]:
    inputs = graph[node_id]["inputs"]
    return inputs["width"], inputs["height"]


def notes_of(made: Made) -> dict[str, str]:
    return {problem.key or "": problem.said for problem in made.notes}


def faults_of(folder: Path, old: str, template: object = None) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        converted(folder, old, template)
    return [*caught.value.problems]


def test_defaults_are_written_and_unused_extra_loras_are_bypassed(tmp_path: Path) -> None:
    (graph,) = rendered(tmp_path, WAN)
    assert graph == without_extra_loras(
        {"93.text": "a cat", "89.text": "", "86.noise_seed": 11, "85.noise_seed": 11}
    )


def test_extra_loras_that_are_named_are_on(tmp_path: Path) -> None:
    job = (
        "params:\n  extra_lora_high_name: x_high.safetensors\n"
        "  extra_lora_low_name: x_low.safetensors\n"
        "  extra_lora_strength_high: 1.25\n  seed: 5\n"
    )
    (graph,) = rendered(tmp_path, WAN, job)
    assert graph == with_values(
        lora_chain(),
        {
            "93.text": "a cat",
            "89.text": "",
            "86.noise_seed": 5,
            "85.noise_seed": 5,
            "201.lora_name": "x_high.safetensors",
            "202.lora_name": "x_low.safetensors",
            "201.strength_model": 1.25,
            "202.strength_model": 1.0,
        },
    )


def test_tries_become_seeds_that_both_samplers_share(tmp_path: Path) -> None:
    graphs = rendered(tmp_path, WAN, "fan_out:\n  seeds: {count: 3}\n")
    seeds = [graph["86"]["inputs"]["noise_seed"] for graph in graphs]
    assert [graph["85"]["inputs"]["noise_seed"] for graph in graphs] == seeds
    assert len({*seeds, 11}) == 4
    assert graphs[2] == without_extra_loras(
        {"93.text": "a cat", "89.text": "", "86.noise_seed": seeds[2], "85.noise_seed": seeds[2]}
    )


def test_a_seed_that_was_drawn_differs_from_input_to_input(tmp_path: Path) -> None:
    old = WAN.replace(
        "randomize_seed: {type: bool, default: false}",
        "randomize_seed: {type: bool, default: true}",
    )
    first, second = rendered(tmp_path, old, pictures=("a.png", "b.png"))
    assert first["86"]["inputs"]["noise_seed"] != second["86"]["inputs"]["noise_seed"]


def test_per_file_overrides_are_values_per_input(tmp_path: Path) -> None:
    job = "fan_out:\n  per_input:\n    b.png: {positive_prompt: prompt B}\n"
    graphs = rendered(tmp_path, WAN, job, pictures=("a.png", "b.png"))
    assert [graph["93"]["inputs"]["text"] for graph in graphs] == ["a cat", "prompt B"]


def test_the_text_beside_a_picture_is_its_prompt(tmp_path: Path) -> None:
    write(tmp_path / "job" / "a.txt", "a dog")
    (graph,) = rendered(tmp_path, WAN)
    assert graph["93"]["inputs"]["text"] == "a dog"


def test_a_resolution_is_a_size(tmp_path: Path) -> None:
    (graph,) = rendered(tmp_path, WAN, "params: {size: 640x1136, seed: 11}\n")
    assert graph == without_extra_loras(
        {
            "93.text": "a cat",
            "89.text": "",
            "86.noise_seed": 11,
            "85.noise_seed": 11,
            "98.width": 640,
            "98.height": 1136,
        }
    )


def test_a_flip_swaps_the_sides(tmp_path: Path) -> None:
    (graph,) = rendered(tmp_path, WAN, "params: {flip: true}\n")
    assert sides(graph, "98") == (832, 480)
    (graph,) = rendered(tmp_path, WAN, "params: {flip: true, size: 640x1136}\n")
    assert sides(graph, "98") == (1136, 640)


def test_a_flip_that_was_usual_still_is(tmp_path: Path) -> None:
    old = WAN.replace(
        "flip_orientation: {type: bool, default: false}",
        "flip_orientation: {type: bool, default: true}",
    )
    (graph,) = rendered(tmp_path, old)
    assert sides(graph, "98") == (832, 480)


def test_the_output_prefix_is_where_vqd_names_its_outputs(tmp_path: Path) -> None:
    made = converted(tmp_path, WAN)
    (output,) = made.files.workflow.outputs
    assert (output.node, output.prefix_input, output.kind) == ("108", "filename_prefix", "video")
    assert notes_of(made)["parameters.output_prefix"].endswith(
        "It was video/wan where a job said nothing."
    )


def test_split_prompts_go_to_their_stages(tmp_path: Path) -> None:
    template = lora_chain() | {"193": node("CLIPTextEncode", text="x", clip=["38", 0])}
    old = WAN.replace(
        next(line for line in WAN.splitlines(keepends=True) if "positive_prompt" in line),
        '  positive_prompt_stage1: {type: text, nodes: ["93"], field: text, default: one}\n'
        '  positive_prompt_stage2: {type: text, nodes: ["193"], field: text, default: two}\n',
    )
    (graph,) = rendered(
        tmp_path, old, "params: {positive_prompt_stage2: deux}\n", template=template
    )
    assert (graph["93"]["inputs"]["text"], graph["193"]["inputs"]["text"]) == ("one", "deux")


def test_one_value_goes_to_all_its_nodes_and_to_the_first_field_that_each_has(
    tmp_path: Path,
) -> None:
    template = {
        **copy.deepcopy(PICTURE),
        "4": node("A", scale=1.0, factor=1.0),
        "5": node("B", factor=1.0),
        "6": node("C"),
    }
    old = HEAD + (
        "parameters:\n  scale_by: {type: float, nodes: ['4', '5', '6'], fields: [scale, factor],"
        " default: 2.0, min: 1, max: 4}\n"
    )
    (graph,) = rendered(tmp_path, inline(old, template), "params: {scale_by: 3.5}\n")
    assert graph == with_values(template, {"4.scale": 3.5, "5.factor": 3.5, "6.scale": 3.5})


def test_an_input_that_was_wired_is_set_as_it_was_there(tmp_path: Path) -> None:
    template = {**copy.deepcopy(PICTURE), "4": node("Text", text="x")}
    template["2"]["inputs"]["upscale_method"] = ["4", 0]
    old = HEAD + (
        "parameters:\n  method: {type: text, nodes: ['2'], field: upscale_method, default: area}\n"
    )
    (graph,) = rendered(tmp_path, inline(old, template))
    assert graph == with_values(template, {"2.upscale_method": "area"})


def test_switch_states_win_over_parameters(tmp_path: Path) -> None:
    template = {**copy.deepcopy(PICTURE), "5": node("Switch", switch=True, fps=24)}
    old = HEAD + (
        "switch_states:\n  '5': {field: switch, value: no}\n"
        "parameters:\n  interpolate: {type: bool, nodes: ['5'], field: switch, default: true}\n"
        "  fps: {type: int, nodes: ['5'], field: fps, default: 48}\n"
    )
    (graph,) = rendered(tmp_path, inline(old, template), "params: {interpolate: true}\n")
    assert graph == with_values(template, {"5.switch": False, "5.fps": 48})
    assert (
        "whatever it was"
        in notes_of(converted(tmp_path, inline(old, template)))["parameters.interpolate"]
    )


def test_width_and_height_become_one_size_with_both_their_bounds(tmp_path: Path) -> None:
    old = HEAD + (
        "parameters:\n"
        "  width: {type: int, nodes: ['2'], field: width, default: 1280, min: 64, max: 4096}\n"
        "  height: {type: int, nodes: ['2'], field: height, default: 720, min: 32, max: 2160}\n"
    )
    (graph,) = rendered(tmp_path, inline(old, PICTURE))
    assert graph == with_values(PICTURE, {"2.width": 1280, "2.height": 720})
    (graph,) = rendered(tmp_path, inline(old, PICTURE), "params: {size: 800x600, flip: yes}\n")
    assert graph == with_values(PICTURE, {"2.width": 600, "2.height": 800})
    size = converted(tmp_path, inline(old, PICTURE)).files.workflow.params["size"]
    assert (size.min, size.max) == (64, 2160)


def test_a_multiple_of_the_inputs_size_is_a_size_too(tmp_path: Path) -> None:
    old = HEAD + (
        "parameters:\n  scale_multiple: {type: float, default: 1.5}\n"
        "  width: {type: int, nodes: ['2'], field: width, default: 1280}\n"
        "  height: {type: int, nodes: ['2'], field: height, default: 720}\n"
    )
    (graph,) = rendered(tmp_path, inline(old, PICTURE))
    size = picture_size(tmp_path / "job" / "a.png")
    assert sides(graph, "2") == tuple(max(16, round(side * 1.5 / 16) * 16) for side in size)


def picture_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[16:24]
    return int.from_bytes(head[:4]), int.from_bytes(head[4:])


def test_a_resolution_parameter_gives_the_size_its_default(tmp_path: Path) -> None:
    old = HEAD + "parameters:\n  resolution: {type: text, label: Resolution, default: 512x512}\n"
    (graph,) = rendered(tmp_path, inline(old, PICTURE))
    assert graph == with_values(PICTURE, {"2.width": 512, "2.height": 512})


def test_a_node_of_another_size_is_left_and_told(tmp_path: Path) -> None:
    template = {**copy.deepcopy(PICTURE), "4": node("Pad", width=99, height=98)}
    template["5"] = node("Latent", width=640, height=360)
    old = inline(HEAD, template)
    (graph,) = rendered(tmp_path, old, "params: {size: 64x32}\n")
    assert {key: sides(graph, key) for key in "245"} == {
        "2": (64, 32),
        "4": (99, 98),
        "5": (64, 32),
    }
    said = "a resolution also set node 4, which stays 99x98."
    assert notes_of(converted(tmp_path, old))[""] == said


def test_a_definition_without_inputs_makes_a_prompt_for_each_try(tmp_path: Path) -> None:
    template = {
        "1": node("CLIPTextEncode", text="default"),
        "2": node("KSampler", seed=3, positive=["1", 0]),
        "3": node("SaveImage", images=["2", 0], filename_prefix="x"),
    }
    old = inline(
        "name: text-only\ndescription: ''\ninput_type: none\ninput_extensions: [.png]\n"
        "file_bindings: {seed: {nodes: ['2'], field: seed}}\n"
        "parameters:\n  positive_prompt: {type: text, nodes: ['1'], field: text, default: ''}\n"
        "  tries: {type: int, default: 2}\n",
        template,
    )
    job = "params: {positive_prompt: hello}\nfan_out: {seeds: [7, 8]}\n"
    graphs = rendered(tmp_path, old, job, pictures=())
    assert graphs == [
        with_values(template, {"1.text": "hello", "2.seed": 7}),
        with_values(template, {"1.text": "hello", "2.seed": 8}),
    ]


def test_the_lora_pair_of_the_first_definitions_is_a_pair_of_loras(tmp_path: Path) -> None:
    old = WAN[: WAN.index("  extra_lora_enabled")] + (
        '  lora_high_name: {type: text, nodes: ["201"], field: lora_name, default: h.safetensors}\n'
        '  lora_low_name: {type: text, nodes: ["202"], field: lora_name, default: l.safetensors}\n'
        '  lora_strength: {type: float, nodes: ["201", "202"], field: strength_model,'
        " default: 0.85}\n"
    )
    (graph,) = rendered(tmp_path, old, "params: {lora_low_name: none, lora_strength: 0.5}\n")
    expected = with_values(
        lora_chain(),
        {
            "93.text": "a cat",
            "89.text": "",
            "86.noise_seed": 11,
            "85.noise_seed": 11,
            "201.lora_name": "h.safetensors",
            "201.strength_model": 0.5,
            "85.model": ["102", 0],
        },
    )
    del expected["202"]
    assert graph == expected


def test_a_graph_may_stand_under_prompt(tmp_path: Path) -> None:
    made = converted(tmp_path, WAN, {"prompt": lora_chain(), "client_id": "x"})
    assert json.loads(made.files.graph).keys() == lora_chain().keys()


def test_a_graph_that_the_page_saved_is_converted_too(tmp_path: Path) -> None:
    page = {
        "nodes": [
            {"id": 1, "type": "LoadImage", "widgets_values": ["a.png", "image"]},
            {
                "id": 2,
                "type": "SaveImage",
                "widgets_values": ["x"],
                "inputs": [{"name": "images", "type": "IMAGE", "link": 5}],
            },
        ],
        "links": [[5, 1, 0, 2, 0, "IMAGE"]],
        "version": 0.4,
    }
    old = HEAD.replace('nodes: ["3"]', 'nodes: ["2"]') + "template: graph.json\n"
    graph = json.loads(converted(tmp_path, old, page, known=classes).files.graph)
    assert graph["2"]["inputs"] == {"images": ["1", 0], "filename_prefix": "x"}


def test_a_renamed_schedule_is_written_by_its_new_name(tmp_path: Path) -> None:
    schedule = node("WanContextWindowsManual", context_schedule="uniform_standard")
    template = {**copy.deepcopy(PICTURE), "4": schedule}
    (graph,) = rendered(tmp_path, inline(HEAD, template))
    assert graph == with_values(template, {"4.context_schedule": "standard_uniform"})


def test_bounds_are_kept(tmp_path: Path) -> None:
    old = HEAD + (
        "parameters:\n  sharp: {type: float, label: Sharp, nodes: ['2'], field: sharp, default: 1,"
        " min: 0.5, max: 2}\n"
    )
    param = converted(tmp_path, inline(old, PICTURE)).files.workflow.params["sharp"]
    assert (param.type, param.default, param.min, param.max) == ("float", 1.0, 0.5, 2.0)
    assert param.hints.label == "Sharp"


def test_options_become_choices(tmp_path: Path) -> None:
    old = HEAD + (
        "parameters:\n  method: {type: select, nodes: ['2'], field: upscale_method,"
        " options: [area, lanczos], default: lanczos}\n"
    )
    (graph,) = rendered(tmp_path, inline(old, PICTURE))
    assert graph == with_values(PICTURE, {"2.upscale_method": "lanczos"})


def test_without_an_output_binding_the_nodes_that_save_are_the_outputs(tmp_path: Path) -> None:
    old = HEAD.replace('  output_prefix: {nodes: ["3"], field: filename_prefix}\n', "")
    made = converted(tmp_path, inline(old, PICTURE), known=classes)
    assert [(one.slot, one.node) for one in made.files.workflow.outputs] == [("image", "3")]


def test_every_key_that_means_nothing_is_told_with_its_line(tmp_path: Path) -> None:
    old = inline(HEAD + "colour: red\nparameters:\n  a: {type: text, shape: round}\n", PICTURE)
    told = [
        (problem.key, problem.line)
        for problem in converted(tmp_path, old).notes
        if problem.code == "unknown_key"
    ]
    assert told == [("colour", 8), ("parameters.a.shape", 10)]


def test_of_two_keys_that_say_the_same_the_plainer_counts_and_the_other_is_told(
    tmp_path: Path,
) -> None:
    made = converted(tmp_path, inline(HEAD + "category: image_upscale\ngroup: Mine\n", PICTURE))
    assert made.files.workflow.group == "Mine"
    assert notes_of(made)["category"] == "is left out: group says it already."


def test_a_binding_that_means_nothing_is_told(tmp_path: Path) -> None:
    old = HEAD + "  load_mask: {nodes: ['1'], field: mask}\n"
    told = converted(tmp_path, inline(old, PICTURE)).notes
    assert [(note.code, note.key) for note in told] == [("unknown_key", "file_bindings.load_mask")]


def test_an_extension_that_is_none_is_told(tmp_path: Path) -> None:
    made = converted(tmp_path, inline(HEAD.replace("[.png]", "[.PNG, png]"), PICTURE))
    assert made.files.workflow.inputs["image"].extensions == (".png",)
    assert "png is left out" in notes_of(made)["input_extensions"]


def test_a_bound_of_a_text_is_told(tmp_path: Path) -> None:
    old = HEAD + "parameters:\n  a: {type: text, default: x, max: 9}\n"
    made = converted(tmp_path, inline(old, PICTURE))
    assert notes_of(made)["parameters.a"] == "max: left out, which means nothing for a text."


@pytest.mark.parametrize(
    "no_number", ["few", "yes", "[1]", "0x_", "9" * 5_000, "1" + ":1" * 100_000]
)
def test_a_bound_that_is_no_number_is_told(tmp_path: Path, no_number: str) -> None:
    """Not even where it has the form of one, and is none that Python reads, or reads soon."""
    old = HEAD + f"parameters:\n  a: {{type: int, default: 1, min: {no_number}, max: 9}}\n"
    made = converted(tmp_path, inline(old, PICTURE))
    assert notes_of(made)["parameters.a"] == "min: left out, which is no number."
    assert made.files.workflow.params["a"].max == 9


def test_a_default_that_is_no_option_is_refused(tmp_path: Path) -> None:
    old = HEAD + "parameters:\n  a: {type: select, options: [x, y], default: z}\n"
    (problem,) = faults_of(tmp_path, inline(old, PICTURE))
    assert (problem.code, problem.key) == ("unknown_choice", "parameters.a.default")


@pytest.mark.parametrize("choices", ["5", "yes", "x"])
def test_choices_that_are_neither_list_nor_mapping_are_refused(
    tmp_path: Path, choices: str
) -> None:
    old = HEAD + f"parameters:\n  a: {{type: text, default: z, choices: {choices}}}\n"
    (problem,) = faults_of(tmp_path, inline(old, PICTURE))
    assert (problem.code, problem.key) == ("wrong_type", "parameters.a")


def test_what_a_form_showed_is_kept(tmp_path: Path) -> None:
    old = HEAD + (
        "parameters:\n  words: {type: textarea, nodes: ['2'], field: words, placeholder: a fox,"
        " multiline: true, description: What it shows.}\n"
    )
    hints = converted(tmp_path, inline(old, PICTURE)).files.workflow.params["words"].hints
    assert (hints.placeholder, hints.multiline, hints.help) == ("a fox", True, "What it shows.")


def test_bindings_of_a_definition_without_inputs_are_told(tmp_path: Path) -> None:
    old = HEAD.replace("input_type: image", "input_type: none")
    made = converted(tmp_path, inline(old, PICTURE))
    assert made.files.workflow.inputs == {}
    assert notes_of(made)["file_bindings.load_image"] == "is left out: input_type is none."


@pytest.mark.parametrize(
    ("change", "code", "key"),
    [
        (("template: graph.json\n", ""), "missing_graph", None),
        (("template: graph.json", "template: gone.json"), "missing_graph", "template"),
        (
            ("template: graph.json", "template: ~nobody-has-this-name/g.json"),
            "missing_graph",
            "template",
        ),
        (("template: graph.json", "template: old.yaml"), "not_json", "template"),
        (('nodes: ["93"]', 'nodes: ["94"]'), "unknown_node", "parameters.positive_prompt"),
        (("input_type: image", "input_type: sculpture"), "unknown_choice", "input_type"),
        (("load_image:", "load_imgae:"), "missing_key", "file_bindings"),
        (("tries: {type: int", "tries: {type: whole"), "unknown_choice", "parameters.tries"),
        (
            ("strength_model, default: 1.0", "strength_model, default: 9, max: 2"),
            "out_of_range",
            "parameters.extra_lora_strength_high.default",
        ),
    ],
)
def test_what_cannot_be_said_here_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], code: str, key: str | None
) -> None:
    old = WAN.replace(*change, 1)
    assert old != WAN
    problems = faults_of(tmp_path, old)
    assert (code, key) in [(problem.code, problem.key) for problem in problems]
    assert all(problem.where == "old.yaml" and problem.line for problem in problems)


def test_a_template_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    (problem,) = faults_of(tmp_path, WAN, ["a"])
    assert problem.code == "not_a_graph"
