"""What lies in inbox/_vqd: true to the definitions, legal as it lies, and quick to make."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from tests.builders import NOW, write
from tests.samples import picture
from tests.unit.test_json_schemas import SHIPPED, SOUND, seen
from vqd.cli.app import vqd
from vqd.documents.reader import parse
from vqd.documents.schema import checked
from vqd.domain.jobspec import Given
from vqd.domain.param import Hints, Param
from vqd.intake.sample import OPTIONAL, sample_job
from vqd.intake.schema import JobKeys
from vqd.service.drafts import Drafting
from vqd.service.welcome import BROKEN, README, Welcome
from vqd.spool.kept import Changes, KeptFolder
from vqd.spool.layout import Spool
from vqd.store.learning import learn
from vqd.store.store import Store

FILES = Welcome(None, ()).files()
EVERYTHING = """\
vqd_workflow: 1
label: "Everything: at once"
help: |
  One of each.
  On two lines.
graph: g.json
inputs:
  start: {kind: image, bind: "1.start", extensions: [.png]}
  end: {kind: image, required: false, bind: "3.image", help: "# the last"}
params:
  prompt: {type: text, bind: 1.prompt, help: What is seen, caption: true}
  negative: {type: text, default: "no: 'quotes', #hash", bind: 1.negative}
  poem: {type: text, default: "one\\ntwo\\n", multiline: true, bind: 1.poem}
  empty: {type: text, default: ""}
  "on": {type: bool, default: true}
  steps: {type: int, min: 5, max: 161, multiple_of: 4, plus: 1, bind: 1.steps}
  cfg: {type: float, min: 0.5, bind: 1.cfg}
  mode: {type: choice, choices: ["90", "on", "~"], default: "90"}
  sampler: {type: choice, choices_from: Maker.sampler, default: euler, bind: 1.sampler}
  model: {type: checkpoint, default: "a: b.pt", bind: 1.model}
  lora: {type: lora, default: film, bind: 2.lora}
  size: {type: size, multiple_of: 2, presets: {"a b": 64x48}, bind: "1"}
  seed: {type: seed, bind: 1.seed}
outputs: {image: {node: "9", kind: image}}
"""
MAKER = {
    **dict.fromkeys(("start", "prompt", "negative", "poem", "sampler", "model"), ""),
    **dict.fromkeys(("steps", "cfg", "width", "height", "seed"), 1),
}
GRAPH: dict[str, Any] = {
    "1": {"class_type": "Maker", "inputs": {**MAKER, "end": ["3", 0]}},
    "2": {"class_type": "Lora", "inputs": {"lora": "", "model": ["1", 0]}},
    "3": {"class_type": "Load", "inputs": {"image": ""}},
    "9": {"class_type": "Save", "inputs": {"images": ["2", 0]}},
}


def without_signs(sample: str) -> str:
    """A sample with the `# ` taken from what is optional in it."""
    head, optional = sample.split(OPTIONAL)
    return head + optional.replace("\n# ", "\n")


def define(folder: Path, name: str, text: str = EVERYTHING) -> Path:
    write(folder / "g.json", json.dumps(GRAPH))
    return write(folder / f"{name}.yaml", text)


def drafted(folder: Path, workflows: Path, sample: str) -> list[str]:
    """The faults of a sample in a job folder with a picture beside it."""
    write(folder / "job.yaml", sample)
    spool = Spool.create(folder.parent / "spool")
    drafting = Drafting(spool, workflows=[workflows], input_roots=())
    return [str(problem) for problem in drafting.draft(folder / "job.yaml", now=NOW).problems]


@pytest.mark.parametrize("name", SOUND)
def test_a_sample_of_a_shipped_workflow_is_legal_as_it_is_and_with_its_options(name: str) -> None:
    sample = FILES[f"{name}.yaml"]
    schema = json.loads(FILES[f"{name}.schema.json"])
    assert sample.startswith(f"# yaml-language-server: $schema=../_vqd/{name}.schema.json\n")
    for text in (sample, without_signs(sample)):
        assert [error.message for error in Draft7Validator(schema).iter_errors(seen(text))] == []


def test_a_sample_says_of_every_parameter_what_it_is() -> None:
    sample = FILES["image-scale.yaml"]
    for param in SHIPPED.get("image-scale").params.values():
        (line,) = [line for line in sample.splitlines() if line.startswith(f"  {param.name}:")]
        above = sample.split(line)[0].rpartition("\n\n")[2].replace("\n  # ", " ")
        assert param.hints.help in above
        assert f"Default: {param.default}".lower() in above.lower()
        assert all(choice in above for choice in (*param.choices, *param.presets))
        assert ("each side 1 to 16384;" in above) == (param.type == "size")


def test_a_sample_of_every_type_and_of_odd_texts_is_legal(tmp_path: Path) -> None:
    define(tmp_path / "mine", "all")
    files = Welcome(None, [tmp_path / "mine"]).files()
    assert BROKEN not in files, files[BROKEN]
    job = tmp_path / "job"
    picture(job / "a.png")
    sample = files["all.yaml"]
    schema = json.loads(files["all.schema.json"])
    for text in (sample, without_signs(sample)):
        assert drafted(job, tmp_path / "mine", text) == []
        assert [error.message for error in Draft7Validator(schema).iter_errors(seen(text))] == []
    values = seen(sample)["params"]
    assert values["negative"] == "no: 'quotes', #hash"
    assert values["poem"] == "one\ntwo\n"
    assert values["steps"] == 5
    assert "seed" not in values
    assert seen(sample)["inputs"] == {"start": "*"}


@pytest.mark.parametrize(
    "param",
    [
        *(Param("p", "int", min=low, multiple_of=4, plus=1) for low in range(9)),
        Param("p", "int", max=-2, multiple_of=2),
        Param("p", "float", min=0.5),
        Param("p", "bool"),
        Param("p", "text", hints=Hints(placeholder="slow pan: …")),
        Param("p", "choice", choices={"on": 1}),
        Param("p", "choice", choices_from="Maker.sampler"),
        Param("p", "size", multiple_of=16),
        Param("p", "lora", folder="loras", when_none=("2",)),
        Param("p", "model", folder="vae"),
    ],
    ids=lambda param: param.type,
)
def test_without_a_default_a_sample_has_a_value_that_its_parameter_takes(param: Param) -> None:
    workflow = replace(SHIPPED.get("image-scale"), params={"p": param})
    sample = sample_job(workflow, "x.json")
    assert "# Needed; " in sample
    given = checked(parse(sample, "job.yaml"), JobKeys).params["p"]
    param.read(given)
    assert ("none: without" in sample) == bool(param.when_none)


def test_a_sample_has_the_defaults_of_the_settings(tmp_path: Path) -> None:
    define(tmp_path, "mine")
    given = {"cfg": "2.5", "size": "scale 1.5", "steps": "6", "start": "a.png", "mode": "ON"}
    defaults = {"mine": {name: Given(text, name) for name, text in given.items()}}
    files = Welcome(None, [tmp_path], defaults).files()
    sample, schema = files["mine.yaml"], json.loads(files["mine.schema.json"])
    values = seen(sample)["params"]
    assert (values["cfg"], values["size"], values["mode"]) == (2.5, "scale 1.5", "on")
    assert values["steps"] == 5, "6 is none that it takes"
    assert schema["properties"]["params"]["properties"]["cfg"]["default"] == 2.5
    assert [error.message for error in Draft7Validator(schema).iter_errors(seen(sample))] == []


def test_a_sample_of_a_workflow_that_needs_no_file_is_legal(tmp_path: Path) -> None:
    text = EVERYTHING.replace('bind: "1.start"', 'required: false, bind: "1.start"')
    define(tmp_path / "mine", "all", text.replace("{type: seed", "{type: seed, min: 3"))
    sample = Welcome(None, [tmp_path / "mine"]).files()["all.yaml"]
    for job in (sample, without_signs(sample)):
        assert drafted(tmp_path / "job", tmp_path / "mine", job) == []


def test_what_init_wrote_is_what_the_daemon_would_write(tmp_path: Path) -> None:
    places = {"--state": tmp_path / "state", "--settings": tmp_path / "vqd.yaml"}
    words = [str(word) for place in places.items() for word in place]
    done = CliRunner().invoke(vqd, ["init", str(tmp_path / "spool"), *words])
    assert done.exit_code == 0, done.output
    folder = tmp_path / "spool" / "inbox" / "_vqd"
    assert {README, "image-scale.yaml", "image-scale.schema.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert KeptFolder(folder).keep(FILES) == Changes((), ())


def test_no_schema_is_made_until_files_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def schema() -> dict[str, Any]:
        made.append("schema")
        return {}

    monkeypatch.setattr("vqd.service.welcome.job_schema", schema)
    welcome = Welcome(None, [tmp_path])
    assert made == []
    welcome.files()
    welcome.files()
    assert made == ["schema"]


def test_a_definition_that_changes_changes_its_files_and_no_others(tmp_path: Path) -> None:
    path = define(tmp_path, "mine")
    welcome = Welcome(None, [tmp_path])
    before = welcome.files()
    assert "One of each." in before[README]
    write(path, EVERYTHING.replace("cfg: {type: float, min: 0.5", "cfg: {type: float, min: 0.75"))
    after = welcome.files()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"mine.yaml", "mine.schema.json"}
    assert "at least 0.75" in after["mine.yaml"]
    path.unlink()
    assert before.keys() - welcome.files().keys() == {"mine.yaml", "mine.schema.json"}


def test_a_broken_definition_is_listed_with_its_reason_until_it_is_mended(tmp_path: Path) -> None:
    path = define(tmp_path, "mine", EVERYTHING.replace("type: float", "type: floaty"))
    welcome = Welcome(None, [tmp_path])
    files = welcome.files()
    assert "mine.yaml" not in files
    assert "image-scale.yaml" in files
    assert "mine\n" in files[BROKEN]
    assert "floaty is none of" in files[BROKEN]
    assert "Did you mean float?" in files[BROKEN]
    write(path, EVERYTHING)
    assert BROKEN not in welcome.files()


def test_what_the_servers_offer_reaches_the_schema(store: Store, tmp_path: Path) -> None:
    define(tmp_path, "mine")
    welcome = Welcome(store, [tmp_path])
    assert "heun" not in welcome.files()["mine.schema.json"]
    told = {"Maker": {"input": {"required": {"sampler": [["euler", "heun"], {}]}}}}
    learn(store, "gpu1", "a" * 64, told.items, now=NOW)
    params = json.loads(welcome.files()["mine.schema.json"])["properties"]["params"]["properties"]
    assert params["sampler"]["anyOf"][0] == {"enum": ["euler", "heun"]}


def test_names_that_windows_refuses_or_takes_for_one_are_made_fit(tmp_path: Path) -> None:
    for name in ("con", "Twin", "twin"):
        define(tmp_path, name)
    names = Welcome(None, [tmp_path]).files().keys()
    assert "_con.yaml" in names
    assert len({name.casefold() for name in names}) == len(names)
