"""Workflow definitions: binds resolved against the graph, every fault with its file and line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vqd.definitions.load import Definitions
from vqd.domain.accept import Accept
from vqd.domain.catalogue import NodeClass, NothingKnown, read_node_class
from vqd.domain.errors import Problem
from vqd.domain.graph import Target, without
from vqd.domain.needs import Needs
from vqd.domain.param import Misfit

GRAPH: dict[str, Any] = {
    "1": {
        "class_type": "LoadImage",
        "inputs": {"image": "x.png"},
        "_meta": {"title": "Load v1.5"},
    },
    "2": {
        "class_type": "KSampler",
        "inputs": {"image": ["1", 0], "steps": 20, "cfg": 1.0, "seed": 0, "on": False},
        "_meta": {"title": "Sample"},
    },
    "3:1": {"class_type": "Latent", "inputs": {"width": 8, "height": 8}},
    "3:2": {"class_type": "Latent", "inputs": {"width": 8, "height": 8}},
    "4": {
        "class_type": "SaveImage",
        "inputs": {"images": ["2", 0], "filename_prefix": "x"},
        "_meta": {"title": "Save"},
    },
    "5": {"class_type": "Note", "inputs": {"text": ""}, "_meta": {"title": "Twin"}},
    "6": {"class_type": "Note", "inputs": {"text": ""}, "_meta": {"title": "Twin"}},
}

HEAD = """\
vqd_workflow: 1
graph: w.json
outputs: {image: {node: "@Save", kind: image, prefix: filename_prefix}}
"""


def put(folder: Path, text: str, graph: object = GRAPH, name: str = "w") -> Definitions:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)
    (folder / "w.json").write_text(json.dumps(graph))
    return Definitions([folder])


def with_param(folder: Path, param: str) -> Definitions:
    return put(folder, f"{HEAD}params:\n  p: {param}\n")


def bound(folder: Path, bind: str, kind: str = "int") -> list[str]:
    workflow = with_param(folder, f"{{type: {kind}, bind: {bind}}}").get("w")
    return [str(target) for target in workflow.params["p"].targets]


def problem_of(definitions: Definitions, name: str = "w") -> Problem:
    (problem,) = definitions.problems(name)
    return problem


def test_a_definition_becomes_a_workflow(tmp_path: Path) -> None:
    text = HEAD + (
        "version: 3\nlabel: W\ngroup: G\nhelp: H\n"
        "inputs:\n  image: {kind: image, extensions: [.PNG], fan_out: true, bind: '1.image'}\n"
        "params:\n  steps: {type: int, default: 20, min: 4, max: 60, bind: 2.steps, label: Steps}\n"
        "requires: {vram_gb: 20, tags: [wan]}\n"
    )
    workflow = put(tmp_path / "workflows", text).get("w")
    assert (workflow.name, workflow.version, workflow.where) == ("w", 3, "workflows/w.yaml")
    assert (workflow.vram_gb, workflow.tags) == (20.0, ("wan",))
    slot = workflow.inputs["image"]
    assert (slot.extensions, slot.fan_out, slot.required) == ((".png",), True, True)
    assert slot.targets == (Target("1", "image"),)
    steps = workflow.params["steps"]
    assert (steps.default, steps.min, steps.max, steps.hints.label) == (20, 4, 60, "Steps")
    (output,) = workflow.outputs
    assert (output.slot, output.node, output.prefix_input) == ("image", "4", "filename_prefix")


@pytest.mark.parametrize(
    ("bind", "targets"),
    [
        ("2.steps", ["2.steps"]),
        ("'3:1.width'", ["3:1.width"]),
        ("'@Sample.steps'", ["2.steps"]),
        ("'@Load v1.5.image'", ["1.image"]),
        ("KSampler.steps", ["2.steps"]),
        ("Latent*.width", ["3:1.width", "3:2.width"]),
        ("[2.steps, KSampler.cfg]", ["2.steps", "2.cfg"]),
    ],
)
def test_a_bind_names_inputs_of_the_graph(tmp_path: Path, bind: str, targets: list[str]) -> None:
    assert bound(tmp_path, bind) == targets


@pytest.mark.parametrize("default", ["{scale: 1.5}", "{fit: 64x32}"])
def test_a_size_may_hang_on_the_input_by_default(tmp_path: Path, default: str) -> None:
    workflow = with_param(tmp_path, f"{{type: size, default: {default}}}").get("w")
    assert workflow.params["p"].default == default.strip("{}").replace(":", "")


def test_a_size_binds_width_and_height(tmp_path: Path) -> None:
    assert bound(tmp_path, "'3:1'", "size") == ["3:1.width", "3:1.height"]


@pytest.mark.parametrize(
    ("bind", "code", "hint"),
    [
        ("9.steps", "unknown_node", "Known: "),
        ("'@Samplex.steps'", "unknown_node", "Did you mean @Sample?"),
        ("'@.width'", "unknown_node", "Known: @Load v1.5"),
        ("KSamplr.steps", "unknown_node", "Did you mean KSampler?"),
        ("2.stepz", "unknown_input", "Did you mean steps?"),
        ("'@Twin.text'", "ambiguous_node", "Give the nodes titles of their own"),
        (
            "Latent.width",
            "ambiguous_node",
            "Name one by its id or @Title, or all of them as Latent*",
        ),
        ("2.image", "wired_input", "Bind an input of node 1"),
        ("steps", "bad_bind", "Write NODE.input."),
    ],
)
def test_a_bind_that_names_nothing_is_a_fault(
    tmp_path: Path, bind: str, code: str, hint: str
) -> None:
    problem = problem_of(with_param(tmp_path / "workflows", f"{{type: int, bind: {bind}}}"))
    assert (problem.code, problem.where, problem.line) == (code, "workflows/w.yaml", 5)
    assert problem.key == "params.p.bind"
    assert problem.hint is not None
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("param", "code", "key"),
    [
        ("{type: int, default: 900, max: 60}", "out_of_range", "params.p.default"),
        ("{type: int, default: many}", "wrong_type", "params.p.default"),
        ("{type: int, min: 5, max: 1}", "wrong_value", "params.p"),
        ("{type: int, min: nan}", "wrong_value", "params.p.min"),
        ("{type: lorra}", "unknown_choice", "params.p.type"),
        ("{type: model}", "missing_key", "params.p"),
        ("{type: image, default: a.png}", "wrong_value", "params.p"),
        ("{type: lora, default: none}", "wrong_value", "params.p.default"),
        ("{type: lora, when_none: 1}", "wrong_value", "params.p.when_none"),
        ("{type: int, caption: true}", "unknown_key", "params.p"),
        ("{type: int, when_none: bypass}", "unknown_key", "params.p"),
        ("{type: int, plus: 4, multiple_of: 4}", "wrong_value", "params.p"),
        ("{type: int, default: 80, multiple_of: 4, plus: 1}", "out_of_range", "params.p.default"),
        ("{type: choice, choices: [a], choices_from: K.s}", "wrong_value", "params.p"),
        ("{type: choice, choices: [a], sets: {b: {2.cfg: 1}}}", "wrong_value", "params.p"),
        ("{type: choice, sets: {a: {2.cfgs: 1}}}", "unknown_input", "params.p.sets.a.2.cfgs"),
        ("{type: choice, sets: {a: {2.cfg: hot}}}", "wrong_type", "params.p.sets.a.2.cfg"),
        ("{type: text, min: 1}", "unknown_key", "params.p"),
        ("{type: text, max: 0}", "unknown_key", "params.p"),
        ("{type: int, plus: 1}", "wrong_value", "params.p"),
        ("{type: choice}", "missing_key", "params.p"),
        ("{type: choice, choices: [a], default: b}", "unknown_choice", "params.p.default"),
        ("{type: choice, choices: {a: x}, bind: 2.cfg}", "wrong_type", "params.p.choices.a"),
        ("{type: size, presets: {s: big}}", "wrong_type", "params.p.presets.s"),
        ("{type: size, presets: {s: t, t: 8x8}}", "wrong_type", "params.p.presets.s"),
        ("{type: size, presets: {s: scale 2}}", "wrong_type", "params.p.presets.s"),
        ("{type: size, default: 9x8, multiple_of: 8}", "out_of_range", "params.p.default"),
    ],
)
def test_a_parameter_that_cannot_be_is_a_fault(
    tmp_path: Path, param: str, code: str, key: str
) -> None:
    problem = problem_of(with_param(tmp_path, param))
    assert (problem.code, problem.key, problem.line) == (code, key, 5)


@pytest.mark.parametrize(
    ("line", "code", "key"),
    [
        ("on_oomph: [free_memory]", "unknown_key", "on_oomph"),
        ("name: other", "wrong_name", "name"),
        ("inputs: {i: {kind: image, when_absent: skip, bind: 1.image}}", "wrong_value", None),
        ("inputs: {i: {kind: image, when_absent: bypass, bind: 1.image}}", "unknown_key", None),
        (
            "inputs: {i: {kind: image, required: no, when_absent: {bypass: 9}, bind: 1.image}}",
            "unknown_node",
            "inputs.i.when_absent.bypass",
        ),
        (
            "params: {a: {type: text, caption: true}, b: {type: text, caption: true}}",
            "duplicate_caption",
            "params.b.caption",
        ),
        (
            "inputs: {i: {kind: image, bind: [1.image, 1.image]}, j: {kind: image, bind: 1.image}}",
            "bound_twice",
            None,
        ),
        (
            "params: {a: {type: int, bind: 2.cfg}, b: {type: choice, sets: {x: {2.cfg: 1}}}}",
            "bound_twice",
            "params.b.sets",
        ),
        (
            "params: {b: {type: choice, sets: {x: {2.cfg: 1}}}, a: {type: int, bind: 2.cfg}}",
            "bound_twice",
            "params.a.bind",
        ),
        ("requires: {vram_gb: 0}", "wrong_value", "requires.vram_gb"),
    ],
)
def test_a_key_that_means_nothing_is_a_fault(
    tmp_path: Path, line: str, code: str, key: str | None
) -> None:
    problem = problem_of(put(tmp_path, f"{HEAD}{line}\n"))
    assert (problem.code, problem.line) == (code, 4)
    assert key in (None, problem.key)


@pytest.mark.parametrize(
    "graph", ["../w.json", "/etc/passwd", "x\\\\w.json", "w.txt", '"w\\0.json"', '"\\n.json"']
)
def test_a_graph_lies_beside_its_definition(tmp_path: Path, graph: str) -> None:
    text = HEAD.replace("graph: w.json", f"graph: {graph}")
    assert problem_of(put(tmp_path, text)).code == "outside_folder"


def with_accept(accept: str) -> str:
    size = "params: {big: {type: size, default: 8x8, bind: '3:1'}}"
    text = HEAD.replace("kind: image,", f"kind: image, accept: {{{accept}}},")
    return f"{text}{size}\n"


def test_what_an_output_accepts_is_kept(tmp_path: Path) -> None:
    accept = "count: 2-16, min_bytes: 20k, min_frames: 80, max_frames: 90, size: big"
    text = with_accept(f"{accept}, max_black: 0.5, min_seconds: 1.5")
    (output,) = put(tmp_path, text).get("w").outputs
    assert output.accept == Accept(2, 16, 80, 90, 20480, "big", 0.5, 1.5)


@pytest.mark.parametrize(
    ("kind", "accept", "kept"),
    [
        ("audio", "min_duration: 2.5s, max_duration: 1m", Accept(max_duration_s=60)),
        ("text", "min_chars: 1, max_chars: 400", Accept(max_chars=400)),
    ],
)
def test_what_is_asked_of_a_sound_and_of_a_text_is_kept(
    tmp_path: Path, kind: str, accept: str, kept: Accept
) -> None:
    text = with_accept(accept).replace("kind: image,", f"kind: {kind}, temp: true,")
    (output,) = put(tmp_path, text).get("w").outputs
    assert (output.kind, output.takes_temp) == (kind, True)
    assert output.accept.max_duration_s == kept.max_duration_s
    assert output.accept.max_chars == kept.max_chars


@pytest.mark.parametrize(
    ("kind", "key"), [("text", "max_black: 0.5"), ("image", "min_chars: 1"), ("file", "size: 8x8")]
)
def test_what_a_kind_has_not_cannot_be_asked_of_it(tmp_path: Path, kind: str, key: str) -> None:
    text = with_accept(key).replace("kind: image,", f"kind: {kind},")
    problem = problem_of(put(tmp_path, text))
    assert problem.code == "unknown_key"
    assert f"means nothing for an output of kind {kind}" in problem.said


def test_a_count_is_exact_and_a_size_may_be_pixels(tmp_path: Path) -> None:
    (output,) = put(tmp_path, with_accept("count: 1, size: 64 X 32")).get("w").outputs
    assert output.accept == Accept(1, 1, size="64x32")


@pytest.mark.parametrize(
    ("accept", "key", "said"),
    [
        ("count: 0", "count", "0 is not a count"),
        ("count: 3-2", "count", "3-2 is not a count"),
        ("count: [1]", "count", "a list is not a count"),
        ("min_chars: 9, max_chars: 8", "accept", "min_chars 9 is above max_chars 8"),
        ("min_duration: 9", "min_duration", "9 is not a duration"),
        ("min_frames: 9, max_frames: 8", "accept", "min_frames 9 is above max_frames 8"),
        ("size: bigg", "size", "'bigg' is no size"),
        ("size: 0x8", "size", "'0x8' is no size"),
        ("size: [8, 8]", "size", "a list is not a size"),
        ("min_seconds: 0", "min_seconds", "0"),
        ("min_bytes: much", "min_bytes", "much is not a size in bytes"),
        ("max_frame: 8", "max_frame", "unknown key"),
    ],
)
def test_what_an_output_cannot_be_asked_is_a_fault(
    tmp_path: Path, accept: str, key: str, said: str
) -> None:
    problem = problem_of(put(tmp_path, with_accept(accept)))
    assert problem.key is not None
    assert problem.key.endswith(key)
    assert said in problem.said


def test_an_output_that_some_prompts_would_not_have_is_a_fault(tmp_path: Path) -> None:
    absent = "inputs: {i: {kind: image, required: no, when_absent: {bypass: 4}, bind: 1.image}}"
    problem = problem_of(put(tmp_path, f"{HEAD}{absent}\n"))
    assert (problem.code, problem.key, problem.line) == ("bypassed_output", "outputs.image.node", 3)


def test_an_output_that_is_only_previewed_is_a_fault_unless_it_is_said_to_be(
    tmp_path: Path,
) -> None:
    graph = json.loads(json.dumps(GRAPH).replace("SaveImage", "PreviewImage"))
    problem = problem_of(put(tmp_path, HEAD, graph=graph))
    assert (problem.code, problem.key) == ("only_previews", "outputs.image.node")
    assert "temp: true" in (problem.hint or "")
    temp = HEAD.replace("kind: image,", "kind: image, temp: true,")
    (output,) = put(tmp_path, temp, graph=graph).get("w").outputs
    assert output.takes_temp


def test_an_output_of_a_node_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    problem = problem_of(put(tmp_path, HEAD.replace("@Save", "@Savex")))
    assert (problem.code, problem.key, problem.line) == ("unknown_node", "outputs.image.node", 3)


def test_a_choice_is_sent_as_what_the_graph_has_there(tmp_path: Path) -> None:
    params = (
        "  a: {type: choice, choices: {low: 0.6, one: 1}, bind: 2.cfg}\n"
        "  b: {type: choice, choices: {yes: true, no: off}, bind: 2.on}\n"
        "  c: {type: choice, choices: {'90': 90}, bind: 1.image}\n"
    )
    found = put(tmp_path, f"{HEAD}params:\n{params}").get("w").params
    assert [dict(found[name].choices) for name in "abc"] == [
        {"low": 0.6, "one": 1},
        {"yes": True, "no": False},
        {"90": "90"},
    ]


@pytest.mark.parametrize(
    ("graph", "code"),
    [
        ({"nodes": [], "links": [], "version": 0.4}, "ui_format"),
        ([], "not_a_graph"),
        ({}, "not_a_graph"),
        ({"1": {"class_type": "X"}}, "not_a_node"),
        ({"1": {"class_type": "X", "inputs": {"a": float("nan")}}}, "not_a_graph"),
        ({"1": {"class_type": "X", "inputs": {"a": "\ud800"}}}, "not_a_graph"),
        ({"1": {"class_type": "X", "inputs": {"a": ["7", 0]}}}, "broken_link"),
    ],
)
def test_a_graph_that_is_none_is_refused(tmp_path: Path, graph: object, code: str) -> None:
    problem = problem_of(put(tmp_path / "workflows", HEAD, graph))
    assert (problem.code, problem.where) == (code, "workflows/w.json")
    assert problem.hint is not None
    assert "Export (API)" in problem.hint


def test_a_graph_that_is_missing_or_no_json_is_refused(tmp_path: Path) -> None:
    definitions = put(tmp_path, HEAD)
    (tmp_path / "w.json").write_text('{\n"1": nonsense')
    problem = problem_of(definitions)
    assert (problem.code, problem.line) == ("not_json", 2)
    (tmp_path / "w.json").unlink()
    assert problem_of(definitions).code == "missing_graph"


def test_a_folder_that_is_none_ends_nothing_and_is_told(tmp_path: Path) -> None:
    put(tmp_path / "sound", HEAD)
    (tmp_path / "file").write_text("")
    definitions = Definitions([tmp_path / "file", tmp_path / "sound"])
    assert definitions.names() == ["w"]
    assert problem_of(definitions, "x").hint == f"{tmp_path / 'file'} cannot be read."


def test_a_broken_definition_is_out_of_use_by_itself(tmp_path: Path) -> None:
    put(tmp_path, HEAD)
    definitions = put(tmp_path, "vqd_workflow: 9\n", name="broken")
    assert definitions.names() == ["broken", "w"]
    assert definitions.get("w").name == "w"
    assert {problem.code for problem in definitions.problems("broken")} == {
        "missing_key",
        "unknown_version",
    }


def test_an_unknown_workflow_names_the_nearest(tmp_path: Path) -> None:
    problem = problem_of(put(tmp_path, HEAD, name="image-scale"), "image-scal")
    assert (problem.code, problem.hint) == ("unknown_workflow", "Did you mean image-scale?")


@pytest.mark.parametrize("name", ["", ".", "..", "../w", "_w", ".w", "w.json", "w" * 300, "w\0"])
def test_what_names_no_definition_of_the_folder_is_unknown(tmp_path: Path, name: str) -> None:
    definitions = put(tmp_path / "inner", HEAD)
    for there in ("w.yaml", "inner/_w.yaml", "inner/.w.yaml"):
        (tmp_path / there).write_text(HEAD)
    assert problem_of(definitions, name).code == "unknown_workflow"


@pytest.mark.parametrize("name", ["w.yaml", "w.json"])
def test_an_edit_is_picked_up(tmp_path: Path, name: str) -> None:
    definitions = put(tmp_path, HEAD)
    before = definitions.get("w")
    assert definitions.get("w") is before
    path = tmp_path / name
    path.write_text(path.read_text().replace("SaveImage", "SaveAnimatedPNG") + "\n")
    os.utime(path, ns=(1, 1))
    assert definitions.get("w") is not before


def test_a_graph_that_is_put_right_is_picked_up(tmp_path: Path) -> None:
    definitions = put(tmp_path, HEAD, {})
    assert definitions.problems("w")
    put(tmp_path, HEAD)
    assert not definitions.problems("w")


def test_a_removed_definition_is_unknown(tmp_path: Path) -> None:
    definitions = put(tmp_path, HEAD)
    definitions.get("w")
    (tmp_path / "w.yaml").unlink()
    assert problem_of(definitions).code == "unknown_workflow"


def test_the_earlier_folder_counts(tmp_path: Path) -> None:
    put(tmp_path / "mine", f"{HEAD}version: 7\n")
    put(tmp_path / "shipped", HEAD)
    folders = [tmp_path / "none", tmp_path / "mine", tmp_path / "shipped"]
    assert Definitions(folders).get("w").version == 7


def test_a_workflow_with_a_size_can_be_flipped_unless_it_says_what_flip_is(tmp_path: Path) -> None:
    with_size = with_param(tmp_path / "a", "{type: size, bind: '3:1'}").get("w")
    assert (with_size.params["flip"].default, with_size.flips) == (False, True)
    assert not with_param(tmp_path / "b", "{type: int}").get("w").flips
    own = "  size: {type: size}\n  flip: {type: bool, default: true, bind: 2.on}\n"
    workflow = put(tmp_path / "c", f"{HEAD}params:\n{own}").get("w")
    assert (workflow.params["flip"].default, workflow.flips) == (True, False)


def test_a_parameter_and_an_input_of_one_name_are_a_fault(tmp_path: Path) -> None:
    text = f"{HEAD}inputs: {{p: {{kind: image, bind: 1.image}}}}\nparams: {{p: {{type: int}}}}\n"
    problem = problem_of(put(tmp_path, text))
    assert (problem.code, problem.key) == ("duplicate_name", "params.p")


CHAIN: dict[str, Any] = {
    "1": {"class_type": "Loader", "inputs": {}},
    "2": {"class_type": "LoadLora", "inputs": {"clip": ["1", 1], "model": ["1", 0], "name": "a"}},
    "3": {"class_type": "LoadLora", "inputs": {"clip": ["2", 1], "model": ["2", 0], "name": "b"}},
    "4": {"class_type": "SaveImage", "inputs": {"x": ["3", 0], "y": ["3", 1], "z": ["5", 0]}},
    "5": {"class_type": "Shift", "inputs": {"model": ["3", 0], "by": 3.0}},
}
LORA = read_node_class(
    "LoadLora",
    {
        "input": {"required": {"model": ["MODEL"], "clip": ["CLIP"], "name": [["a", "b"]]}},
        "output": ["MODEL", "CLIP"],
    },
)


class Known(NothingKnown):
    """One class, once it was seen."""

    def __init__(self) -> None:
        self.is_seen = False

    def version(self) -> str:
        return str(self.is_seen)

    def find(self, name: str) -> NodeClass | None:
        return LORA if self.is_seen and name == "LoadLora" else None


def test_what_stands_in_for_a_bypassed_node_is_known_once_a_server_was_seen(tmp_path: Path) -> None:
    text = HEAD.replace('"@Save", kind: image, prefix: filename_prefix', '"4", kind: image')
    text += "params: {p: {type: lora, bind: 2.name, when_none: {bypass: ['2', '3', '5']}}}\n"
    put(tmp_path, text, CHAIN)
    known = Known()
    definitions = Definitions([tmp_path], known)
    assert definitions.get("w").wires == {"2": None, "3": None, "5": {0: "model"}}
    known.is_seen = True
    workflow = definitions.get("w")
    assert workflow.wires["2"] == {0: "model", 1: "clip"}
    wires = {node: wires for node, wires in workflow.wires.items() if wires is not None}
    assert without(workflow.graph.nodes, wires)["4"]["inputs"] == {
        "x": ["1", 0],
        "y": ["1", 1],
        "z": ["1", 0],
    }


def test_a_parameter_that_is_a_file_is_an_input_that_does_not_fan_out(tmp_path: Path) -> None:
    param = "{type: image, default: none, bind: 1.image, when_none: bypass}"
    workflow = with_param(tmp_path, param).get("w")
    slot = workflow.inputs["p"]
    assert (slot.kind, slot.required, slot.fan_out) == ("image", False, False)
    assert (slot.targets, slot.when_absent) == ((Target("1", "image"),), ("1",))
    assert not workflow.params


def test_the_nodes_of_an_absent_input_are_those_it_is_bound_to(tmp_path: Path) -> None:
    line = "inputs: {i: {kind: image, required: false, when_absent: bypass, bind: 1.image}}\n"
    workflow = put(tmp_path, HEAD + line).get("w")
    assert workflow.inputs["i"].when_absent == ("1",)
    assert workflow.wires == {"1": {}}
    cut = without(workflow.graph.nodes, {"1": {}})
    assert "image" not in cut["2"]["inputs"]
    assert cut["4"] is workflow.graph.nodes["4"]


def test_a_choice_sets_what_it_says_in_the_type_that_the_graph_has_there(tmp_path: Path) -> None:
    sets = "{up: {2.on: yes, 2.cfg: 3}, down: {'@Sample.steps': 4}}"
    param = (
        with_param(tmp_path, f"{{type: choice, default: up, sets: {sets}}}").get("w").params["p"]
    )
    assert param.edits("up") == {Target("2", "on"): True, Target("2", "cfg"): 3}
    assert param.edits("down") == {Target("2", "steps"): 4}
    with pytest.raises(Misfit):
        param.read("left")


LADDER = f"""\
{HEAD}params:
  steps: {{type: int, default: 20, min: 4, max: 60, bind: 2.steps}}
  size: {{type: size, default: 64x32, presets: {{small: 32x16}}, bind: '3:1'}}
  mode: {{type: choice, default: a, sets: {{a: {{2.cfg: 1}}, b: {{2.cfg: 2}}}}}}
  model: {{type: lora, default: none, when_none: {{bypass: ['2']}}}}
on_oom: """


def test_a_ladder_knows_what_each_step_sets_in_the_graph(tmp_path: Path) -> None:
    steps = "[free_memory, {route: {vram_gb: 40, tags: [Big]}}, {set: {steps: 8}, mark: degraded}]"
    freeing, routing, setting = put(tmp_path, f"{LADDER}{steps}\n").get("w").on_oom
    assert (freeing.frees_memory, freeing.said) == (True, "free_memory")
    assert (routing.route, routing.said) == (Needs(("big",), 40), "route vram_gb=40 tags=big")
    assert setting.edits == ((Target("2", "steps"), 8),)
    assert (setting.params, setting.mark, setting.said) == ({"steps": 8}, "degraded", "set steps=8")


def test_a_size_on_a_ladder_may_be_a_preset_and_lie_on_its_side(tmp_path: Path) -> None:
    (step,) = put(tmp_path, f"{LADDER}[{{set: {{size: small}}}}]\n").get("w").on_oom
    sides = [(str(target), value) for target, value in (*step.edits, *step.flipped)]
    assert step.params == {"size": "32x16"}
    assert sides[:2] == [("3:1.width", 32), ("3:1.height", 16)]
    assert sides[2:] == [("3:1.width", 16), ("3:1.height", 32)]


@pytest.mark.parametrize(
    ("step", "code", "key"),
    [
        ("{set: {stepz: 8}}", "unknown_parameter", "on_oom[0].set.stepz"),
        ("{set: {steps: 2}}", "out_of_range", "on_oom[0].set.steps"),
        ("{set: {steps: few}}", "wrong_type", "on_oom[0].set.steps"),
        ("{set: {size: scale 0.5}}", "wrong_value", "on_oom[0].set.size"),
        ("{set: {mode: b}}", "wrong_value", "on_oom[0].set.mode"),
        ("{set: {model: none}}", "wrong_value", "on_oom[0].set.model"),
        ("{set: {flip: true}}", "wrong_value", "on_oom[0].set.flip"),
        ("{set: {}}", "wrong_value", "on_oom[0]"),
        ("{route: {}}", "wrong_value", "on_oom[0]"),
        ("{route: {vram_gb: 40}, mark: x}", "unknown_key", "on_oom[0]"),
        ("{route: {vram_gb: 40}, set: {steps: 8}}", "wrong_value", "on_oom[0]"),
        ("{mark: x}", "wrong_value", "on_oom[0]"),
        ("free_memry", "wrong_value", "on_oom[0]"),
    ],
)
def test_a_step_that_cannot_be_taken_is_told_with_its_place(
    tmp_path: Path, step: str, code: str, key: str
) -> None:
    problem = problem_of(put(tmp_path, f"{LADDER}[{step}]\n"))
    assert (problem.code, problem.key) == (code, key)
    assert problem.line == LADDER.count("\n") + 1


def test_a_key_of_a_route_that_is_none_is_told_with_the_nearest(tmp_path: Path) -> None:
    problem = problem_of(put(tmp_path, f"{LADDER}[free_memory, {{route: {{vram: 40}}}}]\n"))
    assert (problem.code, problem.key) == ("unknown_key", "on_oom[1].route.vram")
    assert problem.hint == "Did you mean vram_gb?"
