"""The shipped definitions: sound, fit for a server that has the models, and a job in few lines."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW, write
from tests.samples import picture
from vqd.definitions.check import check
from vqd.definitions.load import Definitions
from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.graph import edited, is_link
from vqd.media.samples import draw_clip
from vqd.service.drafts import Drafting
from vqd.spool.layout import Spool

Graph = Mapping[str, Mapping[str, Any]]
Render = Callable[..., list[Graph]]

FOLDER = Path(__file__).parents[2] / "workflows"
RECORDED = Path(__file__).parents[1] / "recorded" / "shipped" / "object_info.json"
CLASSES = {
    name: read_node_class(name, told) for name, told in json.loads(RECORDED.read_text()).items()
}
HIGH = "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors"
LOW = "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors"

JOBS = {
    "image-convert": "",
    "image-scale": "",
    "video-scale": "",
    "video-frames": "",
    "contact-sheet": "",
    "wan22-i2v": "",
    "wan22-ti2v-5b": "params: {prompt: a heron takes off}\n",
    "ltx-video": "params: {prompt: a heron takes off}\n",
    "flux-t2i": "params: {prompt: a heron}\n",
    "flux-i2i": "params: {prompt: in oil}\n",
    "sdxl-t2i": "params: {prompt: a heron}\n",
    "qwen-image-edit": "params: {prompt: remove the fence}\n",
    "esrgan-image": "",
    "esrgan-video": "",
    "rife-interpolate": "params: {fps: 32}\n",
}
"""All that a job must say beside its workflow."""


class Known:
    """One server that has every class, and every model that is a default."""

    def version(self) -> str:
        return "1"

    def find(self, name: str) -> NodeClass | None:
        return CLASSES.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(CLASSES)

    def servers(self) -> tuple[str, ...]:
        return ("gpu",)

    def node_class(self, server: str, name: str) -> NodeClass | None:
        return CLASSES.get(name) if server == "gpu" else None

    def class_names(self, server: str) -> tuple[str, ...]:
        return tuple(sorted(CLASSES)) if server == "gpu" else ()


SHIPPED = Definitions([FOLDER], Known())


@pytest.fixture
def render(spool: Spool, tmp_path: Path) -> Render:
    """Gives the graph of each prompt of a job file, with two pictures and a clip beside it."""

    def rendered(workflow: str, job: str = "") -> list[Graph]:
        for name in ("a.png", "end.png"):
            picture(tmp_path / "job" / name)
        draw_clip(tmp_path / "job" / "day.mp4", frames=2)
        job_file = write(tmp_path / "job" / "job.yaml", f"vqd: 1\nworkflow: {workflow}\n{job}")
        drafting = Drafting(spool, workflows=[FOLDER], input_roots=(), known=Known())
        draft = drafting.draft(job_file, now=NOW)
        assert [str(problem) for problem in draft.problems] == []
        assert draft.planned is not None
        return [edited(prompt.graph.nodes, prompt.edits) for prompt in draft.planned.prompts()]

    return rendered


def titled(graph: Graph) -> dict[str, Mapping[str, Any]]:
    """The inputs of each node, by its title."""
    return {node["_meta"]["title"]: node["inputs"] for node in graph.values()}


def links_of(graph: Graph) -> dict[str, dict[str, str]]:
    """What each node is wired to, by title and input."""
    titles = {node: made["_meta"]["title"] for node, made in graph.items()}
    return {
        titles[node]: {
            name: titles[value[0]] for name, value in made["inputs"].items() if is_link(value)
        }
        for node, made in graph.items()
    }


def broken(graph: Graph) -> Iterator[str]:
    """Each input that a server would not take: missing, or wired to nothing or to another type."""
    for node, made in graph.items():
        known = CLASSES[made["class_type"]]
        for name, given in known.inputs.items():
            value = made["inputs"].get(name)
            if value is None and given.is_required:
                yield f"{node}.{name} is missing"
            elif is_link(value):
                source = graph.get(value[0])
                outputs = CLASSES[source["class_type"]].outputs if source is not None else ()
                if outputs[value[1] : value[1] + 1] != (given.type,):
                    yield f"{node}.{name} is wired to {value}"


def test_every_workflow_that_is_promised_is_shipped() -> None:
    assert set(SHIPPED.names()) == {*JOBS}


@pytest.mark.parametrize("name", SHIPPED.names())
def test_a_shipped_workflow_is_told_in_the_docs_with_its_models(name: str) -> None:
    told = (FOLDER.parent / "docs" / "workflows.md").read_text(encoding="utf-8")
    models = {
        str(param.default).removesuffix(".safetensors")
        for param in SHIPPED.get(name).params.values()
        if param.is_model and param.type != "lora"
    }
    assert f"`{name}`" in told
    assert {model for model in models if model not in told} == set()


@pytest.mark.parametrize("name", SHIPPED.names())
def test_a_shipped_definition_has_no_fault(name: str) -> None:
    assert [str(problem) for problem in SHIPPED.problems(name)] == []


@pytest.mark.parametrize("name", SHIPPED.names())
def test_a_shipped_definition_fits_a_server_that_has_its_classes_and_models(name: str) -> None:
    found = check(SHIPPED.get(name), Known()).servers["gpu"]
    assert [str(problem) for problem in (*found.faults, *found.notes)] == []


@pytest.mark.parametrize("name", SHIPPED.names())
def test_a_shipped_default_is_what_its_graph_has(name: str) -> None:
    workflow = SHIPPED.get(name)
    for param in workflow.params.values():
        if param.default is not None:
            for target, value in param.edits(param.default).items():
                assert workflow.graph.nodes[target.node]["inputs"][target.input] == value, target


@pytest.mark.parametrize("name", SHIPPED.names())
def test_everything_in_a_shipped_definition_is_labelled(name: str) -> None:
    workflow = SHIPPED.get(name)
    assert workflow.label
    assert workflow.group
    assert workflow.help
    assert all(slot.hints.label for slot in workflow.inputs.values())
    assert all(param.hints.label for param in workflow.params.values())


@pytest.mark.parametrize("name", SHIPPED.names())
def test_the_outputs_of_a_shipped_workflow_have_names_of_their_own(name: str) -> None:
    assert {output.prefix_input for output in SHIPPED.get(name).outputs} == {"filename_prefix"}


@pytest.mark.parametrize("name", SHIPPED.names())
def test_what_a_shipped_workflow_may_go_without_is_off_by_itself(name: str) -> None:
    workflow = SHIPPED.get(name)
    assert all(slot.when_absent for slot in workflow.inputs.values() if not slot.required)
    loras = [param for param in workflow.params.values() if param.type == "lora"]
    assert all((param.default, bool(param.when_none)) == ("none", True) for param in loras)


@pytest.mark.parametrize("name", [*JOBS])
def test_two_or_three_lines_are_a_job_that_a_server_takes(render: Render, name: str) -> None:
    workflow = SHIPPED.get(name)
    asked = [slot for slot in workflow.inputs.values() if slot.required]
    files = "".join(
        f"inputs: {{{slot.name}: {'a.png' if slot.kind == 'image' else 'day.mp4'}}}\n"
        for slot in asked
    )
    (graph,) = render(name, JOBS[name] + files)
    assert [*broken(graph)] == []


@pytest.mark.parametrize("name", ["wan22-ti2v-5b", "ltx-video"])
def test_a_clip_begins_with_a_picture_if_there_is_one(render: Render, name: str) -> None:
    (of_text,) = render(name, JOBS[name])
    assert "LoadImage" not in {node["class_type"] for node in of_text.values()}
    (of_picture,) = render(name, JOBS[name] + "inputs: {image: a.png}\n")
    assert [*broken(of_picture)] == []
    assert "Load Image" in titled(of_picture)


def test_wan_has_one_seed_and_one_prompt_for_both_stages(render: Render) -> None:
    graphs = render(
        "wan22-i2v",
        "inputs: {image: a.png}\nparams: {prompt: slow pan}\nfan_out: {seeds: [7, 8]}\n",
    )
    for graph, seed in zip(graphs, (7, 8), strict=True):
        nodes = titled(graph)
        stages = [nodes["Stage 1"], nodes["Stage 2"]]
        assert [stage["noise_seed"] for stage in stages] == [seed, seed]
        assert nodes["Positive"]["text"] == "slow pan"


def test_wans_steps_are_shared_by_its_stages(render: Render) -> None:
    job = "inputs: {image: a.png}\nfan_out: {matrix: {steps: [4, 30]}}\n"
    stages = [titled(graph) for graph in render("wan22-i2v", job)]
    assert [
        (
            nodes["Stage 1"]["steps"],
            nodes["Stage 1"]["end_at_step"],
            nodes["Stage 2"]["start_at_step"],
            nodes["Stage 2"]["steps"],
        )
        for nodes in stages
    ] == [(4, 2, 2, 4), (30, 15, 15, 30)]


def test_wan_goes_without_loras_unless_they_are_named(render: Render) -> None:
    (without,) = render("wan22-i2v", "inputs: {image: a.png}\n")
    assert "LoraLoaderModelOnly" not in {node["class_type"] for node in without.values()}
    assert links_of(without)["High Noise Shift"] == {"model": "High Noise Model"}
    job = f"inputs: {{image: a.png}}\nparams: {{lora_high: {HIGH}, lora_low: {LOW}, cfg: 1}}\n"
    (fast,) = render("wan22-i2v", job)
    assert [*broken(fast)] == []
    assert titled(fast)["High Noise LoRA"]["lora_name"] == HIGH
    assert links_of(fast)["High Noise Shift"] == {"model": "High Noise LoRA"}
    assert links_of(fast)["Low Noise LoRA"] == {"model": "Low Noise Model"}
    second = "params: {lora2_high: style_high_noise.safetensors}\n"
    (styled,) = render("wan22-i2v", "inputs: {image: a.png}\n" + second)
    assert links_of(styled)["Second High Noise LoRA"] == {"model": "High Noise Model"}
    assert links_of(styled)["Low Noise Shift"] == {"model": "Low Noise Model"}


def test_wan_ends_with_a_last_frame_if_there_is_one(render: Render) -> None:
    (without,) = render("wan22-i2v", "inputs: {image: a.png}\n")
    assert "end_image" not in titled(without)["Latent"]
    assert "Load Last Frame" not in titled(without)
    (given,) = render("wan22-i2v", "inputs: {image: a.png, last_frame: end.png}\n")
    assert [*broken(given)] == []
    assert links_of(given)["Latent"]["end_image"] == "Load Last Frame"


def test_a_flipped_size_has_its_sides_swapped(render: Render) -> None:
    job = "inputs: {image: a.png}\nparams: {size: hd}\nfan_out: {matrix: {flip: [false, true]}}\n"
    latents = [titled(graph)["Latent"] for graph in render("wan22-i2v", job)]
    sides = [(latent["width"], latent["height"]) for latent in latents]
    assert sides == [(1280, 720), (720, 1280)]


@pytest.mark.parametrize(
    ("inputs", "first", "last"),
    [
        ("image: a.png", True, False),
        ("last_frame: end.png", False, True),
        ("image: a.png, last_frame: end.png", True, True),
    ],
)
def test_ltx_is_guided_by_the_frames_that_are_given(
    render: Render, inputs: str, first: bool, last: bool
) -> None:
    (graph,) = render("ltx-video", JOBS["ltx-video"] + f"inputs: {{{inputs}}}\n")
    assert [*broken(graph)] == []
    assert ("First Frame" in titled(graph), "Last Frame" in titled(graph)) == (first, last)
    guide = "Last Frame" if last else "First Frame"
    assert links_of(graph)["Sample"]["latent_image"] == guide
    assert links_of(graph)["Sample"]["positive"] == guide


def test_ltx_without_frames_samples_an_empty_latent(render: Render) -> None:
    (graph,) = render("ltx-video", JOBS["ltx-video"])
    wired = links_of(graph)["Sample"]
    assert (wired["latent_image"], wired["positive"]) == ("Latent", "Rate")


def test_ltx_cuts_its_frames_to_the_size_of_the_clip(render: Render) -> None:
    job = "params: {prompt: rain, size: portrait, fps: 30}\ninputs: {image: a.png}\n"
    (graph,) = render("ltx-video", job)
    nodes = titled(graph)
    sides = {(nodes[node]["width"], nodes[node]["height"]) for node in ("Latent", "Fit Image")}
    assert sides == {(512, 768)}
    assert nodes["Rate"]["frame_rate"] == nodes["Create Video"]["fps"] == 30


def test_a_lora_of_sdxl_stands_between_the_checkpoint_and_all_that_uses_it(render: Render) -> None:
    (without,) = render("sdxl-t2i", JOBS["sdxl-t2i"])
    assert links_of(without)["Positive"] == {"clip": "Checkpoint"}
    assert titled(without)["Sampler"]["model"] == ["1", 0]
    job = "params: {prompt: a heron, lora: style.safetensors, lora_strength: 0.5}\n"
    (styled,) = render("sdxl-t2i", job)
    assert [*broken(styled)] == []
    assert links_of(styled)["Negative"] == {"clip": "LoRA"}
    assert links_of(styled)["Sampler"]["model"] == "LoRA"
    lora = titled(styled)["LoRA"]
    assert lora["strength_model"] == lora["strength_clip"] == 0.5


def test_an_edit_sees_the_further_pictures_that_are_given(render: Render) -> None:
    (alone,) = render("qwen-image-edit", JOBS["qwen-image-edit"] + "inputs: {image: a.png}\n")
    assert {"image2", "image3"}.isdisjoint(titled(alone)["Positive"])
    more = JOBS["qwen-image-edit"] + "inputs: {image: a.png, image3: end.png}\n"
    (graph,) = render("qwen-image-edit", more)
    for encoder in ("Positive", "Negative"):
        assert links_of(graph)[encoder]["image3"] == "Load Third Image"
        assert "image2" not in titled(graph)[encoder]


def test_a_text_beside_a_picture_is_its_prompt(render: Render, tmp_path: Path) -> None:
    write(tmp_path / "job" / "a.txt", "in charcoal")
    (graph,) = render("flux-i2i", "inputs: {image: a.png}\n")
    assert titled(graph)["Positive"]["text"] == "in charcoal"


def test_an_enlarged_picture_is_as_much_larger_as_was_asked(render: Render) -> None:
    job = "inputs: {image: a.png}\nfan_out: {matrix: {enlarge: [2x, 3x, 4x]}}\n"
    scales = [titled(graph)["Scale"]["scale_by"] for graph in render("esrgan-image", job)]
    assert [4 * scale for scale in scales] == [2, 3, 4]
