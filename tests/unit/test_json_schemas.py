"""The JSON Schemas: what vqd accepts validates, what it refuses for its form does not."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tests.builders import NOW, write
from vqd.definitions.load import Definitions
from vqd.definitions.options import options
from vqd.definitions.schema import DefinitionKeys
from vqd.definitions.shipped import shipped_folder
from vqd.documents.json_schema import DIALECT, Schema
from vqd.documents.reader import parse
from vqd.documents.schema import checked
from vqd.documents.tree import Text
from vqd.domain.errors import Faults
from vqd.domain.param import Misfit, Param
from vqd.intake.jobschema import job_schema, job_schema_for, param_schema
from vqd.intake.schema import JobKeys
from vqd.service.schemas import workflow_schema
from vqd.settings.model import settings_schema
from vqd.store.learning import learn
from vqd.store.store import Store

TOP = Path(__file__).parents[2]
SHIPPED = Definitions([shipped_folder()])
SOUND = [name for name in SHIPPED.names() if not SHIPPED.problems(name)]
SCHEMAS = {
    "job": job_schema(),
    "workflow": workflow_schema(),
    "settings": settings_schema(),
    **{name: job_schema_for(SHIPPED.get(name), {}) for name in SOUND},
}
HEAD = "vqd: 1\nworkflow: image-scale\n"
DEFINITION = "vqd_workflow: 1\ngraph: a.json\noutputs: {image: {node: '9', kind: image}}\n"


class EditorLoader(yaml.SafeLoader):
    """Types plain scalars as an editor does, by the core schema of YAML 1.2 (10.3.2)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - yaml's own shape


for kind, pattern in {
    "null": r"|~|null|Null|NULL",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
}.items():
    EditorLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{kind}", re.compile(rf"^(?:{pattern})$"), None
    )
EditorLoader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
EditorLoader.add_constructor(
    "tag:yaml.org,2002:map",
    lambda loader, node: {
        key.value: loader.construct_object(value, deep=True) for key, value in node.value
    },
)


def seen(text: str) -> Any:
    """What an editor sees in a text."""
    return yaml.load(text, EditorLoader)


def faults(schema: Schema, text: str) -> list[str]:
    """What the schema has against a text."""
    return [error.message for error in Draft7Validator(schema).iter_errors(seen(text))]


def texts(mark: str) -> Iterator[str]:
    """Every text of one kind in the repository: its files, its docs and the texts of its tests."""
    for path in (*TOP.glob("workflows/*.yaml"), TOP / "config" / "vqd.yaml"):
        yield path.read_text(encoding="utf-8")
    for path in (TOP / "README.md", *TOP.glob("docs/*.md")):
        yield from re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    for path in TOP.glob("tests/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from [node.value] if node.value.startswith(mark) else []


def accepted(mark: str, model: type[JobKeys] | type[DefinitionKeys]) -> list[str]:
    """Those of them that vqd takes for their form."""
    return [
        text for text in texts(mark) if text.lstrip().startswith(mark) and is_taken(text, model)
    ]


def is_taken(text: str, model: type[JobKeys] | type[DefinitionKeys]) -> bool:
    try:
        checked(parse(text, "a.yaml"), model)
    except Faults:
        return False
    return True


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_says_of_which_draft(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == DIALECT
    assert "vqd" in SCHEMAS[name]["title"]


@pytest.mark.parametrize("name", ["job", "workflow", "settings"])
def test_every_key_is_described(name: str) -> None:
    def silent(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            for key, value in schema.get("properties", {}).items():
                if isinstance(value, dict) and "description" not in value:
                    yield key
            parts = (below for key, below in schema.items() if key not in ("if", "then"))
            yield from (key for below in parts for key in silent(below))
        elif isinstance(schema, list):
            yield from (key for below in schema for key in silent(below))

    assert [*silent(SCHEMAS[name])] == []


def test_every_job_file_of_the_repository_that_is_legal_validates() -> None:
    jobs = accepted("vqd: 1\n", JobKeys)
    assert len(jobs) > 15
    assert {text: found for text in jobs if (found := faults(SCHEMAS["job"], text))} == {}


def test_every_definition_of_the_repository_that_is_legal_validates() -> None:
    definitions = accepted("vqd_workflow: 1\n", DefinitionKeys)
    assert len(definitions) > 5
    schema = SCHEMAS["workflow"]
    assert {text: found for text in definitions if (found := faults(schema, text))} == {}


def test_the_settings_that_are_explained_validate() -> None:
    text = (TOP / "config" / "vqd.yaml").read_text(encoding="utf-8")
    assert faults(SCHEMAS["settings"], text) == []
    assert faults(SCHEMAS["settings"], "settle_s: fast\n")
    assert faults(SCHEMAS["settings"], "spol: here\n")
    assert faults(SCHEMAS["settings"], "rescan_s: 0.5\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name: 2026-11 beach\ncomment: 010\nlabels: {client: on, 2: 22:00}\n",
        "name: Strände\n",
        "name: '-shot (1), a[2] & 100%'\n",
        "params:\ninputs:\nfan_out:\nname:\n",
        "params: {size: 64x48, method: true}\n",
        "inputs: {image: cat.png}\n",
        "inputs: {image: [a.png, 12]}\n",
        "inputs: {image: {glob: '*.png', expect: 12, sort: name}}\n",
        "inputs: {image: {list: [a.png]}}\n",
        "inputs: {image: {glob: '*', expect: [a.png, 12]}}\ndone_marker: READY\n",
        "fan_out: {matrix: {cfg: [1, 2.5, on], steps: 1-10:2}}\n",
        "fan_out: {zip: [{a: [1, 2], b: 1-2}], exclude: [{a: 1}], include: [{a: 3, b: x}]}\n",
        "fan_out: {seeds: {count: 2, base: 1234}, limit: 500}\n",
        "fan_out: {rows: shots.csv, per_input: {'*.png': {a: 1}}}\n",
        "fan_out: {rows: [{a: 1, b: x}, {a: 2}]}\n",
        "params: {size: {scale: 1.5}}\nfan_out: {matrix: {size: [{fit: 1280x720}, hd]}}\n",
        "schedule: {not_before: 2026-12-01T22:00, needs: {tags: wan, vram_gb: 22}, after: [a]}\n",
        "schedule: {suspended: yes, window: nights, max_parallel: 2}\n",
        "retry: {stop_job_after: 5, deadline: 12h}\n",
        "fan_out: {seeds: [1, '2']}\n",
        "fan_out: {seeds: 1-5}\n",
        "schedule: {priority: '70'}\n",
        "retry: {limit: 0, timeout: 1.5 h}\n",
        "output: {name: 3, sidecar: none}\n",
        "record: {anything: [at, {all: 1}]}\n",
    ],
)
def test_what_a_job_may_say_validates(text: str) -> None:
    assert is_taken(HEAD + text, JobKeys)
    assert faults(SCHEMAS["job"], HEAD + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "work: x\n",
        "vqd: 2\nworkflow: image-scale\n",
        "vqd: 1\n",
        "vqd: 1\nworkflow: [a]\n",
        "vqd: 1\nworkflow: a/b\n",
        HEAD + "name: 'a:b'\n",
        HEAD + "name: .a\n",
        HEAD + "labels: [a]\n",
        HEAD + "labels: {a: {b: c}}\n",
        HEAD + "labels: {'a/b': c}\n",
        HEAD + "inputs: cat.png\n",
        HEAD + "inputs: {image: {}}\n",
        HEAD + "inputs: {image: {file: a, glob: b}}\n",
        HEAD + "inputs: {image: {globb: b}}\n",
        HEAD + "inputs: {image: {glob: b, expect: some}}\n",
        HEAD + "inputs: {image: {glob: b, expect: -1}}\n",
        HEAD + "inputs: {image: {glob: b, expect: []}}\n",
        HEAD + "inputs: {image: {glob: b, expect: [[a]]}}\n",
        HEAD + "done_marker: [a]\n",
        HEAD + "inputs: {image: {glob: b, sort: size}}\n",
        HEAD + "params: [a]\n",
        HEAD + "params: {steps: [1, 2]}\n",
        HEAD + "fan_out: {matrix: {a: 5}}\n",
        HEAD + "fan_out: {matrix: {a: []}}\n",
        HEAD + "fan_out: {matrix: {a: [[1]]}}\n",
        HEAD + "fan_out: {matrix: [a]}\n",
        HEAD + "fan_out: {zip: {a: [1]}}\n",
        HEAD + "fan_out: {exclude: [a]}\n",
        HEAD + "fan_out: {seeds: {base: 4}}\n",
        HEAD + "fan_out: {seeds: {count: 0}}\n",
        HEAD + "fan_out: {seeds: many}\n",
        HEAD + "fan_out: {limit: 0}\n",
        HEAD + "fan_out: {rows: []}\n",
        HEAD + "fan_out: {rows: [a]}\n",
        HEAD + "fan_out: {per_input: {a.png: 4}}\n",
        HEAD + "params: {size: {scale: [1]}}\n",
        HEAD + "params: {size: {zoom: 2}}\n",
        HEAD + "schedule: {not_before: soon}\n",
        HEAD + "schedule: {needs: {vram: 4}}\n",
        HEAD + "fan_out: {limits: 4}\n",
        HEAD + "schedule: {priority: 101}\n",
        HEAD + "schedule: {priority: high}\n",
        HEAD + "retry: {limit: -1}\n",
        HEAD + "retry: {timeout: 45}\n",
        HEAD + "retry: {timeout: 0s}\n",
        HEAD + "retry: {timeout: soon}\n",
        HEAD + "output: {sidecar: some}\n",
        HEAD + "output: out\n",
    ],
)
def test_what_is_no_job_file_does_not_validate(text: str) -> None:
    assert not is_taken(text, JobKeys)
    assert faults(SCHEMAS["job"], text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "params: {a: {type: choice, choices: [x, 4, on]}}\n",
        "params: {a: {type: choice, choices: {low: 0.6, mid: 1}}}\n",
        "params: {a: {type: int, min: '4', max: 60, step: 1, multiple_of: 4, plus: 1}}\n",
        "params: {a: {type: text, multiline: yes, caption: 'on', bind: [3.text, 4.text]}}\n",
        "params: {a: {type: size, default: 832x480, presets: {portrait: 480x832}}}\n",
        "params: {a: {type: lora, default: none, when_none: {bypass: ['201', 202]}}}\n",
        "params: {a: {type: model, folder: vae, when_none: bypass, bind: 3.vae}}\n",
        "inputs: {i: {kind: image, extensions: [.PNG], required: no, bind: 1.image}}\n",
        "requires: {vram_gb: 20, tags: [wan, 4]}\n",
        "on_oom: [free_memory, {route: {tags: [big]}}, {set: {a: 4}}, {set: {a: 2}, mark: bad}]\n",
    ],
)
def test_what_a_definition_may_say_validates(text: str) -> None:
    assert is_taken(DEFINITION + text, DefinitionKeys)
    assert faults(SCHEMAS["workflow"], DEFINITION + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "vqd_workflow: 1\ngraph: a.json\n",
        "vqd_workflow: 1\ngraph: a.json\noutputs: {}\n",
        "graph: a.json\noutputs: {o: {node: 9, kind: image}}\n",
        DEFINITION + "version: 0\n",
        DEFINITION + "versions: 1\n",
        DEFINITION + "name: a b\n",
        DEFINITION + "params: {'a b': {type: int}}\n",
        DEFINITION + "params: {a: {type: integer}}\n",
        DEFINITION + "params: {a: {}}\n",
        DEFINITION + "params: {a: {type: text, min: 4}}\n",
        DEFINITION + "params: {a: {type: int, presets: {a: 4x4}}}\n",
        DEFINITION + "params: {a: {type: choice}}\n",
        DEFINITION + "params: {a: {type: choice, choices: []}}\n",
        DEFINITION + "params: {a: {type: model}}\n",
        DEFINITION + "params: {a: {type: int, step: 0}}\n",
        DEFINITION + "params: {a: {type: int, multiline: maybe}}\n",
        DEFINITION + "params: {a: {type: lora, when_none: skip}}\n",
        DEFINITION + "inputs: {i: {kind: image}}\n",
        DEFINITION + "inputs: {i: {kind: picture, bind: 1.image}}\n",
        DEFINITION + "inputs: {i: {kind: image, bind: 1.image, extensions: [png]}}\n",
        DEFINITION + "requires: {vram_gb: much}\n",
        DEFINITION + "on_oom: free_memory\n",
        DEFINITION + "on_oom: [free]\n",
        DEFINITION + "on_oom: [{mark: bad}]\n",
        DEFINITION + "on_oom: [{route: {vram_gb: 40}, mark: bad}]\n",
        DEFINITION + "on_oom: [{route: {vram_gb: 40}, set: {a: 4}}]\n",
    ],
)
def test_what_is_no_definition_does_not_validate(text: str) -> None:
    assert not is_taken(text, DefinitionKeys)
    assert faults(SCHEMAS["workflow"], text)


@pytest.mark.parametrize(
    "text",
    [
        "params: {size: hd, method: area, crop: center, flip: yes}\n",
        "params: {size: 64 X 48}\n",
        "fan_out: {matrix: {size: [hd, 64x48], method: [area, lanczos]}}\n",
        "fan_out: {zip: [{size: [hd, sq], crop: [center, disabled]}]}\n".replace("sq", "square"),
        "fan_out: {exclude: [{size: hd}], include: [{size: uhd, method: area}]}\n",
        "inputs: {image: {folder: frames}}\n",
        "params: {image: cat.png, size: {fit: 64x64}}\n",
        "params: {size: scale 1.5}\n",
        "fan_out: {rows: [{size: hd, image: cat.png}], per_input: {'*.png': {method: area}}}\n",
        "fan_out: {rows: shots.csv}\n",
        "inputs:\nparams:\nfan_out:\n  rows:\n  matrix:\n  per_input:\n",
    ],
)
def test_a_job_for_one_workflow_may_name_what_that_has(text: str) -> None:
    assert faults(SCHEMAS["image-scale"], HEAD + text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("params: {steps: 4}\n", "steps"),
        ("params: {method: lancsoz}\n", "lancsoz"),
        ("params: {size: 64}\n", "64"),
        ("params: {size: large}\n", "large"),
        ("fan_out: {matrix: {steps: [1]}}\n", "steps"),
        ("fan_out: {matrix: {method: [lancsoz]}}\n", "lancsoz"),
        ("fan_out: {zip: [{steps: [1]}]}\n", "steps"),
        ("fan_out: {exclude: [{steps: 1}]}\n", "steps"),
        ("fan_out: {include: [{crop: left}]}\n", "left"),
        ("fan_out: {rows: [{size: hd, steps: 4}]}\n", "steps"),
        ("fan_out: {per_input: {a.png: {crop: left}}}\n", "left"),
        ("inputs: {video: a.mp4}\n", "video"),
    ],
)
def test_a_job_for_one_workflow_may_name_nothing_else(text: str, said: str) -> None:
    assert faults(SCHEMAS["job"], HEAD + text) == []
    assert said in " ".join(faults(SCHEMAS["image-scale"], HEAD + text))


def test_a_schema_for_one_workflow_is_for_no_other() -> None:
    assert faults(SCHEMAS["image-scale"], "vqd: 1\nworkflow: video-scale\n")


def test_a_choice_that_looks_like_a_number_may_stand_plain_or_quoted() -> None:
    job = "vqd: 1\nworkflow: image-convert\nparams: {rotate: %s}\n"
    assert faults(SCHEMAS["image-convert"], job % "90") == []
    assert faults(SCHEMAS["image-convert"], job % "'90'") == []
    assert faults(SCHEMAS["image-convert"], job % "45")


def test_choices_that_look_alike_to_an_editor_stand_once_in_a_schema() -> None:
    names = ["1", "1.0", "true", "TRUE", "~", "nan", "inf", "1e99", "010", "1_0", "9" * 40]
    schema = param_schema(Param("p", "choice", choices=dict.fromkeys(names, 0)))
    Draft7Validator.check_schema(schema)
    assert json.dumps(schema, allow_nan=False)
    for name in names:
        assert faults({"properties": {"p": schema}}, f"p: '{name}'") == []
        assert len(name) > 20 or faults({"properties": {"p": schema}}, f"p: {name}") == []


def test_a_parameter_tells_its_range_default_and_help() -> None:
    scale = SCHEMAS["image-convert"]["properties"]["params"]["properties"]["scale"]
    assert (scale["minimum"], scale["maximum"], scale["default"]) == (0.01, 8.0, 1.0)
    assert scale["title"] == "Scale"
    told = "0.5 halves width and height. Default: 1.0; a number; 0.01 to 8."
    assert scale["description"] == told


PARAMS = (
    Param("p", "text"),
    Param("p", "bool"),
    Param("p", "int", min=-4, max=60, multiple_of=2),
    Param("p", "int", min=5, max=161, multiple_of=4, plus=1),
    Param("p", "float", min=0.5, max=8),
    Param("p", "seed"),
    Param("p", "size", presets={"a.b+c": "64x64", "x-y": "8x8", "90": "90x90"}),
    Param("p", "choice", choices={"90": 90, "true": 1, "1.5": 2, "none": 0, "a b": 3}),
    Param("p", "model", folder="vae"),
)
VALUES = st.one_of(
    st.integers(-5, 200).map(str),
    st.floats(-2, 10).map(str),
    st.sampled_from(["yes", "OFF", " on ", "True", "90", "true", "1.5", "none", "a b", "a.b+c"]),
    st.sampled_from(["scale 1.5", "fit 8x8", "scale  2", "scale 0", "fit 8 x 8"]),
    st.sampled_from(["scale .5", "scale 2.", "scale 1.3333333333333333"]),
    st.sampled_from(["x-y", "axb+c", "8 x 8", "8X8", "+4", ".5", "1e0", "", "~", "010", "8x"]),
    st.text("0123456789xX.+-e ", max_size=9),
)


@pytest.mark.parametrize("param", PARAMS, ids=lambda param: param.type)
@given(text=VALUES)
def test_every_value_that_a_parameter_takes_validates(param: Param, text: str) -> None:
    try:
        value = param.read(text)
    except Misfit:
        return
    if param.type == "choice" and value != text:
        return  # in other letters it is taken too; an editor insists on its own
    schema = {"properties": {"p": param_schema(param)}}
    assert faults(schema, f"p: '{text}'") == []
    if is_plain(text):
        assert faults(schema, f"p: {text}") == []


def is_plain(text: str) -> bool:
    """Whether vqd reads the text where it stands without quotes."""
    try:
        return parse(f"p: {text}", "a.yaml").root.get(Text("p")) == text
    except Faults:
        return False


TEXT_TO_IMAGE = """\
vqd_workflow: 1
graph: t2i.json
params:
  model: {type: checkpoint, bind: CheckpointLoaderSimple.ckpt_name}
  sampler: {type: choice, choices_from: KSampler.sampler_name, bind: KSampler.sampler_name}
outputs: {image: {node: SaveImage, kind: image}}
"""
GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "b.pt"}},
    "2": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "sampler_name": "euler"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
}


def test_what_the_servers_offer_is_proposed_and_not_insisted_on(
    store: Store, tmp_path: Path
) -> None:
    write(tmp_path / "t2i.yaml", TEXT_TO_IMAGE)
    write(tmp_path / "t2i.json", json.dumps(GRAPH))
    workflow = Definitions([tmp_path]).get("t2i")
    for server, names in {
        "gpu1": ["wan\\high.pt", "b.pt"],
        "gpu2": ["wan/high.pt", "c.pt"],
    }.items():
        loader = {"input": {"required": {"ckpt_name": [names, {}]}}}
        sampler = {"input": {"required": {"sampler_name": [["euler", "heun"], {}]}}}
        told = {"CheckpointLoaderSimple": loader, "KSampler": sampler}
        learn(store, server, server[-1] * 64, told.items, now=NOW)
    with store.reading() as session:
        offered = options(workflow, session.catalogue)
    assert offered["model"] == ("wan\\high.pt", "b.pt", "c.pt")
    assert offered["sampler"] == ("euler", "heun")
    schema = job_schema_for(workflow, offered)
    params = schema["properties"]["params"]["properties"]
    assert params["model"]["anyOf"][0]["enum"] == ["wan\\high.pt", "b.pt", "c.pt"]
    job = "vqd: 1\nworkflow: t2i\nparams: {model: not-there-yet.pt}\n"
    assert faults(schema, job) == []


def test_the_schema_of_a_job_file_is_its_askers_own() -> None:
    job_schema()["properties"].clear()
    assert job_schema() == SCHEMAS["job"]
