"""`vqd workflows`: what it prints, what it writes, how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.builders import write
from tests.graphs import TOLD, node, text_to_image
from tests.house import House
from vqd.cli.app import vqd

JSON = json.dumps(text_to_image())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


GOOD = """\
vqd_workflow: 1
label: Words to picture
group: Image
graph: w.json
params:
  prompt: {type: text, caption: true, bind: 6.text, label: Prompt}
  steps: {type: int, default: 20, min: 1, max: 60, bind: KSampler.steps}
  sampler: {type: choice, choices_from: KSampler.sampler_name, default: sampler_1, bind: KSampler.sampler_name}
  checkpoint: {type: checkpoint, default: sdxl.safetensors, bind: 4.ckpt_name}
outputs: {image: {node: "9", kind: image, prefix: filename_prefix}}
"""  # noqa: E501 - a line of YAML
BROKEN = GOOD.replace("KSampler.steps", "KSampler.stepz").replace("default: 20", "default: 99")


def test_the_list_tells_every_workflow_and_why_one_is_broken(house: House) -> None:
    house.put("good", GOOD, JSON)
    house.put("bad", BROKEN, JSON)
    listed = house.vqd("workflows", "list")
    rows = [" ".join(line.split()) for line in listed.output.splitlines()]
    lines = {row.split()[0]: row for row in rows}
    assert listed.exit_code == 0
    assert lines["NAME"].split() == ["NAME", "LABEL", "GROUP", "VERSION", "INPUTS", "STATE"]
    assert "Words to picture Image 1" in lines["good"]
    assert lines["good"].endswith("unknown: no server has been seen yet")
    assert "broken: workflows/bad.yaml:7: params.steps" in lines["bad"]
    assert lines["bad"].endswith("(and 1 more)")
    assert "Scale images" in lines["image-scale"]


def test_the_list_as_json_has_the_states(house: House) -> None:
    house.put("good", GOOD, JSON)
    house.put("bad", BROKEN, JSON)
    house.sees("gpu1")
    listed = json.loads(house.vqd("workflows", "list", "--json").output)
    states = {one["name"]: one["state"] for one in listed}
    assert (states["good"], states["bad"]) == ("ok", "broken")
    (bad,) = [one for one in listed if one["name"] == "bad"]
    assert [problem["line"] for problem in bad["problems"]] == [7, 7]


def test_a_page_tells_all_that_a_job_may_say(house: House) -> None:
    house.put("good", GOOD, JSON)
    shown = house.vqd("workflows", "show", "good")
    assert shown.exit_code == 0
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert "good Words to picture Image, version 1" in lines
    assert "prompt text needed the text beside an input; Prompt" in lines
    assert "steps int 20 1 to 60" in lines
    assert "sampler choice sampler_1 what the server offers" in lines
    assert "image image node 9" in lines
    assert lines[-4:] == ["vqd: 1", "workflow: good", "params:", "prompt: …"]


def test_the_job_on_a_page_is_a_whole_one(house: House) -> None:
    house.put("good", GOOD, JSON)
    page = json.loads(house.vqd("workflows", "show", "good", "--json").output)
    write(house.folder / "job" / "job.yaml", page["job"])
    checked = house.vqd("check", str(house.folder / "job"), "--json")
    assert json.loads(checked.output)["prompts"] == 1
    assert page["params"]["steps"] == {
        **page["params"]["steps"],
        "type": "int",
        "required": False,
        "default": 20,
        "min": 1.0,
        "max": 60.0,
    }
    assert page["slots"] == {}


def test_a_broken_workflow_is_shown_by_its_faults(house: House) -> None:
    house.put("bad", BROKEN, JSON)
    shown = house.vqd("workflows", "show", "bad")
    assert shown.exit_code == 3
    assert "workflows/bad.yaml:7: params.steps.default: 99 is above 60" in shown.stderr


def test_a_workflow_that_is_none_is_refused_with_the_nearest(house: House) -> None:
    shown = house.vqd("workflows", "show", "image-scael")
    assert shown.exit_code == 3
    assert "Did you mean image-scale?" in shown.stderr


def test_a_check_without_servers_is_unknown_and_no_failure(house: House) -> None:
    house.put("good", GOOD, JSON)
    checked = house.vqd("workflows", "check", "good")
    assert (checked.exit_code, checked.output) == (
        0,
        "unknown  good  no server has been seen yet\n",
    )


def test_a_check_tells_each_server_apart(house: House) -> None:
    house.put("good", GOOD, JSON)
    house.sees("gpu1")
    house.sees("gpu2", "SaveImage", "CLIPTextEncode")
    checked = house.vqd("workflows", "check", "good")
    assert checked.stdout == "ok  good  on gpu1\n"
    assert "error: gpu2: workflows/good.yaml" in checked.stderr
    assert "KSampler" in checked.stderr
    assert checked.exit_code == 0


def test_a_check_fails_where_no_server_has_what_it_needs(house: House) -> None:
    house.put("good", GOOD, JSON)
    house.sees("gpu2", "SaveImage")
    checked = house.vqd("workflows", "check", "good", "--json")
    assert checked.exit_code == 3
    (good,) = json.loads(checked.output)
    assert good["state"] == "nowhere"
    assert {fault["code"] for fault in good["servers"]["gpu2"]["faults"]} == {"missing_class"}


def test_a_check_tells_what_has_changed_on_a_server(house: House) -> None:
    house.put("good", GOOD, JSON)
    house.sees("gpu1")
    changed = json.loads(json.dumps(TOLD))
    changed["KSampler"]["input"]["required"]["steps"][1]["max"] = 200
    house.tells("gpu1", changed)
    checked = house.vqd("workflows", "check", "good")
    assert checked.stdout == "ok  good  on gpu1\n"
    assert "drifted: gpu1: workflows/good.yaml" in checked.stderr
    assert "max 10000" in checked.stderr
    assert "max 200" in checked.stderr


def test_new_writes_two_files_that_check_takes(house: House) -> None:
    house.sees("gpu1")
    graph = write(house.folder / "My Fox (2).json", JSON)
    made = house.vqd("workflows", "new", str(graph), "-o", str(house.workflows))
    assert made.exit_code == 0
    assert [path.name for path in sorted(house.workflows.iterdir())] == [
        "my-fox-2.json",
        "my-fox-2.yaml",
    ]
    definition = (house.workflows / "my-fox-2.yaml").read_text()
    assert "steps: {type: int, default: 20, min: 1, max: 10000" in definition
    assert house.vqd("workflows", "check", "my-fox-2").output == "ok  my-fox-2  on gpu1\n"


def test_new_reads_what_a_server_told_from_a_file(house: House) -> None:
    graph = write(house.folder / "fox.json", JSON)
    told = write(house.folder / "object_info.json", json.dumps(TOLD))
    house.vqd(
        "workflows", "new", str(graph), "-o", str(house.workflows), "--object-info", str(told)
    )
    assert "max: 10000" in (house.workflows / "fox.yaml").read_text()


def test_a_program_is_told_what_new_wrote(house: House) -> None:
    graph = write(house.folder / "fox.json", JSON)
    made = house.vqd("workflows", "new", str(graph), "-o", str(house.workflows), "--json")
    told = json.loads(made.output)
    assert told["name"] == "fox"
    assert told["wrote"] == [str(house.workflows / f"fox.{end}") for end in ("json", "yaml")]
    assert "steps" in told["params"]
    assert (told["inputs"], told["notes"]) == ([], [])


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_file_that_is_no_object_info_is_refused(house: House, content: str) -> None:
    graph = write(house.folder / "fox.json", JSON)
    told = write(house.folder / "object_info.json", content)
    made = house.vqd("workflows", "new", str(graph), "--object-info", str(told))
    assert made.exit_code == 5
    assert "[bad_object_info]" in made.stderr


def test_new_replaces_nothing_without_force(house: House) -> None:
    graph = write(house.folder / "fox.json", JSON)
    mine = write(house.workflows / "fox.yaml", "mine")
    words = ("workflows", "new", str(graph), "-o", str(house.workflows))
    refused = house.vqd(*words)
    assert refused.exit_code == 5
    assert "[exists]" in refused.stderr
    assert mine.read_text() == "mine"
    assert house.vqd(*words, "--force").exit_code == 0
    assert mine.read_text() != "mine"


def test_a_graph_that_lies_there_already_gets_its_definition_beside_it(house: House) -> None:
    graph = write(house.workflows / "fox.json", JSON)
    made = house.vqd("workflows", "new", str(graph), "-o", str(house.workflows))
    assert made.output.splitlines()[0] == f"wrote {house.workflows / 'fox.yaml'}"
    assert graph.read_text() == JSON
    assert house.vqd("workflows", "show", "fox").exit_code == 0


@pytest.mark.parametrize("name", ["../x", "a/b", "1x", ".x", ""])
def test_new_takes_no_name_that_leaves_the_folder(house: House, name: str) -> None:
    graph = write(house.folder / "fox.json", JSON)
    made = house.vqd("workflows", "new", str(graph), "-o", str(house.workflows), "--name", name)
    files = sorted(path.name for path in house.workflows.iterdir())
    assert (made.exit_code, files) == ((3, []) if name else (0, ["fox.json", "fox.yaml"]))


def test_new_works_where_nothing_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VQD_SETTINGS", raising=False)
    write(tmp_path / "fox.json", JSON)
    made = CliRunner().invoke(vqd, ["workflows", "new", "fox.json", "-o", "made"])
    assert made.exit_code == 0
    assert (tmp_path / "made" / "fox.yaml").exists()


PAGE = {
    "nodes": [
        {
            "id": 7,
            "type": "LoadImage",
            "title": "Still",
            "widgets_values": ["a.png", "image"],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [3]}],
        },
        {
            "id": 8,
            "type": "SaveImage",
            "widgets_values": ["x"],
            "inputs": [{"name": "images", "type": "IMAGE", "link": 3}],
        },
    ],
    "links": [[3, 7, 0, 8, 0, "IMAGE"]],
    "version": 0.4,
}


def test_new_takes_a_graph_as_the_page_saves_it(house: House) -> None:
    graph = write(house.folder / "still.json", json.dumps(PAGE))
    words = ("workflows", "new", str(graph), "-o", str(house.workflows))
    unseen = house.vqd(*words)
    assert unseen.exit_code == 3
    assert "no server was seen yet" in unseen.stderr
    house.sees("gpu1")
    assert house.vqd(*words).exit_code == 0
    assert 'bind: "@Still.image"' in (house.workflows / "still.yaml").read_text()
    assert house.vqd("workflows", "check", "still").output == "ok  still  on gpu1\n"


def test_new_tells_what_is_no_graph(house: House) -> None:
    graph = write(house.folder / "fox.json", json.dumps({"1": node("EmptyImage")}))
    made = house.vqd("workflows", "new", str(graph))
    assert made.exit_code == 3
    assert "[no_output]" in made.stderr


def test_convert_writes_the_files_and_tells_what_changed(house: House) -> None:
    write(house.folder / "fox-graph.json", JSON)
    old = write(
        house.folder / "old.yaml",
        "name: old-fox\ndescription: A fox.\ninput_type: none\ninput_extensions: [.png]\n"
        "template: fox-graph.json\ncolour: red\nparameters:\n"
        "  tries: {type: int, default: 1}\n"
        '  prompt: {type: text, nodes: ["6"], field: text, default: a fox}\n',
    )
    made = house.vqd("workflows", "convert", str(old), "-o", str(house.workflows))
    assert made.exit_code == 0
    assert "left out: old.yaml:6: colour: was not understood" in made.stderr
    assert "note: old.yaml:8: parameters.tries: a job asks for it now" in made.stderr
    assert "help: A fox." in (house.workflows / "old-fox.yaml").read_text()
    assert house.vqd("workflows", "show", "old-fox").exit_code == 0
    words = ("workflows", "convert", str(old), "-o", str(house.workflows), "--force", "--json")
    notes = json.loads(house.vqd(*words).output)["notes"]
    assert {"line": 6, "key": "colour", "code": "unknown_key"}.items() <= notes[0].items()


def test_colours_are_for_terminals_and_for_those_who_want_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in house.vqd("workflows", "list").output
    assert "\x1b" in house.vqd("workflows", "list", colour=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in house.vqd("workflows", "list", colour=True).output
