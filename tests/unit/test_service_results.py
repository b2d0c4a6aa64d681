"""Results made again: what runs for a sidecar, and what is said of all that is not as it was."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import NOW, write
from tests.graphs import TOLD, carrying
from tests.samples import picture
from tests.unit.test_whole_job import RECORDED, laid
from vqd.definitions.shipped import shipped_folder
from vqd.domain.graph import edited
from vqd.domain.job import Plan, PlannedPrompt
from vqd.domain.lifecycle import PromptState
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.domain.queue import Prompt, PromptKey
from vqd.domain.server import ServerRecord
from vqd.media.probe import probe
from vqd.runner.assignment import Assignment
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress
from vqd.runner.sidecar import Sidecars
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.service.drift import with_server_drift
from vqd.spool.layout import Spool
from vqd.store.learning import learn
from vqd.store.store import Store

FIRST = "20260101-000000-first"
JOB = (
    "vqd: 1\nworkflow: image-scale\ninputs: {image: frames/a.png}\n"
    "params: {crop: disabled}\nfan_out: {matrix: {size: [64x48, 320x200]}}\n"
)


def job_file_in(assignment: Assignment, hashes: dict[str, str]) -> dict[str, Any]:
    """Give the job file within the graph that an attempt sends."""
    sent = Sidecars().in_graph(assignment.graph.nodes, assignment, hashes)
    (told,) = [node["_meta"]["vqd"] for node in sent.values() if "vqd" in node.get("_meta", {})]
    return dict(told)


class House:
    """A spool with a job that is over, and the sidecar of its second output."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool.create(folder / "spool")
        self.workflows = folder / "workflows"
        self.workflows.mkdir()
        self.name_version(1)
        self.job = self.spool.done / FIRST
        picture(self.spool.active / FIRST / "frames" / "a.png")
        write(self.spool.active / FIRST / "job.yaml", JOB)
        self.first = self.drafted(self.spool.active / FIRST / "job.yaml")
        (self.spool.active / FIRST).rename(self.job)
        (self.job / "inputs").mkdir()
        (self.job / "frames").rename(self.job / "inputs" / "frames")
        self.made = [*planned(self.first)][1]
        self.sidecar = self._sidecar()

    def name_version(self, version: int, **scale: Any) -> None:
        """Define image-scale anew, with other values in its graph."""
        shipped = shipped_folder()
        definition = (shipped / "image-scale.yaml").read_text(encoding="utf-8")
        write(
            self.workflows / "image-scale.yaml",
            definition.replace("\nversion: 1\n", f"\nversion: {version}\n"),
        )
        graph = json.loads((shipped / "image-scale.json").read_text(encoding="utf-8"))
        graph["2"]["inputs"] |= scale
        write(self.workflows / "image-scale.json", json.dumps(graph))

    def drafted(self, job_file: Path) -> Draft:
        """Draft a job as it lies."""
        workflows = [self.workflows]
        return Drafting(self.spool, workflows=workflows, input_roots=()).draft(job_file, now=NOW)

    def dropped(self, name: str = "again.yaml", **changes: Any) -> Draft:
        """Draft the sidecar in the inbox, with other values of its keys."""
        told = {**yaml.safe_load(self.sidecar), **changes}
        return self.drafted(write(self.spool.inbox / name, yaml.safe_dump(told)))

    def _sidecar(self) -> str:
        assignment = self.assignment()
        path = self.job / "inputs" / assignment.prompt.inputs["image"]
        hashes = {"image": probe(path).sha256}
        output = OutputFile("image", "outputs/a.png", "image", "0" * 64, 1)
        (self.job / "outputs").mkdir()
        Sidecars().write(assignment, a_server(), hashes, Succeeded((output,), 1.0))
        graph = json.dumps(assignment.graph.nodes)
        write(self.job / "graphs" / f"{assignment.graph.sha256}.json", graph)
        self.embedded = job_file_in(assignment, hashes)
        return (self.job / "outputs" / "a.png.yaml").read_text(encoding="utf-8")

    def assignment(self) -> Assignment:
        """Give the second prompt as an attempt has it."""
        assert self.first.planned is not None
        return assignment_of(self.first.planned.plan, self.made, self.job)

    def sent(self) -> dict[str, Any]:
        """Give the graph that was sent then, but for what files are called."""
        return edited(self.made.graph.nodes, self.made.edits)


def assignment_of(plan: Plan, made: PlannedPrompt, folder: Path) -> Assignment:
    prompt = Prompt(
        key=PromptKey(1, made.number),
        state=PromptState.RUNNING,
        graph_sha256=made.graph.sha256,
        edits=made.edits,
        inputs=made.inputs,
        params=as_stored(made.params),
        seed=made.seed,
        stem=made.stem,
        attempt=1,
        strikes=0,
        prompt_id="p",
        server="gpu1",
        claimed_at=NOW,
        ended_at=None,
        seconds=None,
        failure_code=None,
        failure_message=None,
    )
    plan = replace(plan, params=as_stored(plan.params))
    return Assignment(prompt, folder.name, plan, made.graph, folder, folder / "inputs")


def a_server() -> Server:
    return Server(ServerAddress("gpu1", "http://127.0.0.1:1"), InputChecks(), on_change=print)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def as_stored(params: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(params)))


def planned(draft: Draft) -> list[PlannedPrompt]:
    assert draft.planned is not None, draft.problems
    return [*draft.planned.prompts()]


def the_graph(draft: Draft) -> dict[str, Any]:
    (prompt,) = planned(draft)
    return edited(prompt.graph.nodes, prompt.edits)


def drift(draft: Draft) -> tuple[str, ...]:
    assert draft.planned is not None, draft.problems
    return draft.planned.plan.drift


def the_input(draft: Draft) -> str:
    (prompt,) = planned(draft)
    return prompt.inputs["image"]


def test_a_sidecar_is_one_prompt_with_graph_values_and_folder_of_then(house: House) -> None:
    again = house.dropped()
    assert the_graph(again) == house.sent()
    assert again.planned is not None
    assert again.planned.plan.server_folder == f"vqd/{FIRST}/2-1"
    assert again.planned.plan.params["size"] == "320x200"
    assert planned(again)[0].stem == house.made.stem
    assert drift(again) == ()
    assert the_input(again) == str(house.job / "inputs" / "frames" / "a.png")


def test_what_an_output_carries_is_the_same_when_it_is_made_again(house: House) -> None:
    again = house.dropped()
    assert again.planned is not None
    (prompt,) = planned(again)
    first = house.assignment()
    anew = replace(
        first,
        job="20270101-000000-again",
        plan=replace(again.planned.plan, params=as_stored(again.planned.plan.params)),
        graph=prompt.graph,
        prompt=replace(
            first.prompt,
            key=PromptKey(9, 1),
            edits=prompt.edits,
            inputs=prompt.inputs,
            params=as_stored(prompt.params),
            stem=prompt.stem,
        ),
    )
    hashes = {"image": house.embedded["record"]["inputs"]["image"]}
    assert job_file_in(anew, hashes) == house.embedded


@pytest.mark.parametrize("home", ["done", "failed"])
@pytest.mark.parametrize("name", ["renamed", "20300101-000000-later"])
def test_its_input_is_found_by_content_wherever_the_job_is(
    house: House, home: str, name: str
) -> None:
    moved = house.spool.root / home / name
    house.job.rename(moved)
    again = house.dropped()
    assert the_input(again) == str(moved / "inputs" / "frames" / "a.png")
    assert drift(again) == ()


def test_an_input_that_lies_beside_the_sidecar_comes_first(house: House) -> None:
    picture(house.spool.inbox / "a.png")
    again = house.dropped()
    assert the_input(again) == "a.png"
    assert drift(again) == ()
    assert again.inputs == ("a.png",)


def test_another_file_of_its_name_is_not_taken_while_the_right_one_is_somewhere(
    house: House,
) -> None:
    picture(house.spool.inbox / "a.png", shade=200)
    assert the_input(house.dropped()) == str(house.job / "inputs" / "frames" / "a.png")


def test_a_file_that_holds_something_else_now_is_taken_and_said(house: House) -> None:
    other = picture(house.job / "inputs" / "frames" / "a.png", shade=200)
    was = house.embedded["record"]["inputs"]["image"]
    (said,) = drift(house.dropped())
    assert said == (
        f"the input image, {other}, is not the file that it was: its sha256 is"
        f" {probe(other).sha256} now, and was {was}."
    )


def test_an_input_that_is_gone_is_told_with_its_hash_and_where_it_was(house: House) -> None:
    (house.job / "inputs" / "frames" / "a.png").unlink()
    again = house.dropped()
    (problem,) = again.problems
    assert problem.code == "missing_input"
    assert f"{FIRST}/inputs/frames/a.png" in problem.said
    assert house.embedded["record"]["inputs"]["image"] in problem.said
    assert again.waits_for_inputs


def test_a_recorded_input_in_a_folder_that_no_file_system_can_have_is_gone(house: House) -> None:
    (problem,) = house.dropped(inputs={"image": f"{'x' * 300}/b.png"}).problems
    assert problem.code == "missing_input"


def test_nothing_is_read_through_a_link_in_another_job(house: House, tmp_path: Path) -> None:
    inputs = house.job / "inputs"
    inputs.rename(tmp_path / "outside")
    inputs.symlink_to(tmp_path / "outside")
    assert house.dropped().problems[0].code == "missing_input"


def test_values_that_lie_beside_the_input_have_no_say(house: House) -> None:
    write(house.job / "inputs" / "frames" / "a.yaml", "size: 8x8\n")
    assert the_graph(house.dropped()) == house.sent()


def test_another_version_that_makes_the_same_is_said(house: House) -> None:
    house.name_version(7)
    again = house.dropped()
    assert the_graph(again) == house.sent()
    assert drift(again) == (
        "the workflow image-scale is version 7 now, and was 1; what it sends is the same.",
    )


def changed(house: House) -> None:
    house.name_version(2)
    definition = house.workflows / "image-scale.yaml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("image-scale.json", "other.json"), encoding="utf-8")
    graph = json.loads((house.workflows / "image-scale.json").read_text(encoding="utf-8"))
    graph["4"] = {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}
    graph["2"]["inputs"]["image"] = ["4", 0]
    write(house.workflows / "other.json", json.dumps(graph))


def removed(house: House) -> None:
    write(house.workflows / "image-scale.yaml", "vqd_workflow: 1\ngraph: nowhere.json\n")


def narrowed(house: House) -> None:
    house.name_version(3)
    definition = house.workflows / "image-scale.yaml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("  crop:\n", "  cut:\n"), encoding="utf-8")


@pytest.mark.parametrize("change", [changed, removed, narrowed])
def test_the_recorded_graph_runs_where_the_definition_makes_another_or_none(
    house: House, change: Any
) -> None:
    change(house)
    again = house.dropped()
    assert the_graph(again) == house.sent()
    (said,) = drift(again)
    assert f"runs as recorded in done/{FIRST}/graphs/" in said
    assert house.embedded["record"]["sent"][:12] in said
    assert again.planned is not None
    assert again.planned.plan.server_folder == f"vqd/{FIRST}/2-1"
    assert again.planned.plan.params == house.embedded["params"]
    assert planned(again)[0].stem == house.made.stem


@pytest.mark.parametrize("change", [changed, removed])
def test_the_recorded_graph_may_come_from_the_output_that_lies_beside(
    house: House, change: Any
) -> None:
    change(house)
    (house.job / "graphs").rename(house.spool.root / "elsewhere")
    carrying(house.spool.inbox / "a.png", house.sent(), house.embedded)
    again = house.dropped("a.png.yaml")
    assert the_graph(again) == house.sent()
    assert drift(again)[0].endswith("runs as recorded in a.png.")
    assert again.inputs == (str(house.job / "inputs" / "frames" / "a.png"), "a.png")


def test_a_recorded_graph_that_loads_a_file_from_elsewhere_on_the_server_is_refused(
    house: House,
) -> None:
    removed(house)
    (house.job / "graphs").rename(house.spool.root / "elsewhere")
    graph = house.sent()
    graph["9"] = {"class_type": "LoadImage", "inputs": {"image": "/etc/shadow"}}
    carrying(house.spool.inbox / "a.png", graph, house.embedded)
    (problem,) = house.dropped("a.png.yaml").problems
    assert (problem.code, problem.where) == ("outside_folder", "a.png")


def test_todays_graph_runs_where_the_recorded_one_is_nowhere_any_more(house: House) -> None:
    changed(house)
    (house.job / "graphs").rename(house.spool.root / "elsewhere")
    again = house.dropped()
    assert "4" in the_graph(again)
    (said,) = drift(again)
    assert said.endswith("which is nowhere any more: today's runs.")


def test_a_graph_that_is_not_what_its_name_says_does_not_run(house: House) -> None:
    changed(house)
    (path,) = (house.job / "graphs").iterdir()
    path.write_text(path.read_text(encoding="utf-8").replace("disabled", "center"))
    assert "nowhere any more" in drift(house.dropped())[0]


def test_without_definition_and_graph_a_sidecar_is_at_fault(house: House) -> None:
    removed(house)
    (house.job / "graphs").rename(house.spool.root / "elsewhere")
    assert house.dropped().problems[0].code == "missing_key"


def test_a_sidecar_that_somebody_edited_asks_for_what_it_says_now(house: House) -> None:
    changed(house)
    params = {**house.embedded["params"], "size": "16x16"}
    again = house.dropped(params=params)
    assert the_graph(again)["2"]["inputs"]["width"] == 16
    assert "4" in the_graph(again)
    assert drift(again) == ()
    assert again.planned is not None
    assert again.planned.plan.server_folder == ""


def test_a_sidecar_with_a_fan_out_is_an_ordinary_job(house: House) -> None:
    fan_out = {"matrix": {"size": ["16x16", "8x8"]}}
    again = house.dropped(fan_out=fan_out, output={"name": "{size}"})
    assert len(planned(again)) == 2
    assert again.planned is not None
    assert again.planned.plan.server_folder == ""


NONSENSE: list[Any] = [
    {"sent": "0" * 64, "asked": "0" * 64},
    {"sent": "0" * 64, "inputs": {"image": "0" * 64, "other": "0" * 64}},
    {"sent": "x", "inputs": [1], "binds": 7, "outputs": "a", "edits": "{{{"},
    {"sent": "0" * 64, "edits": '{"1.x": [1], "2": 3, "3.y": NaN}', "workflow_version": "many"},
    {"sent": "0" * 64, "outputs": {"image": {"node": "77", "kind": "image"}}},
    {"sent": "0" * 64, "outputs": {"image": {"node": "3", "kind": "shell"}}},
    {"sent": "0" * 64, "result": "../../etc/passwd.png", "graph": "../" * 20},
]


@pytest.mark.parametrize("record", NONSENSE)
@pytest.mark.parametrize(
    "folder", ["/etc", "vqd/../x/1-1", "vqd/a/1-1/b", "vqd//1-1", "vqd/\n/1-1"]
)
def test_a_record_of_nonsense_is_passed_over(house: House, record: Any, folder: str) -> None:
    again = house.dropped(record={**record, "folder": folder})
    assert again.planned is not None, again.problems
    assert the_graph(again) == house.sent()
    assert again.planned.plan.server_folder == ""


GRAPH = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "sub/cat.png"}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "on-the-server.png [input]"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    "4": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
}


@pytest.mark.parametrize("name", ["graph.json", "made by hand (2).png"])
def test_a_job_may_name_a_graph_beside_it_or_a_picture_that_carries_one(
    house: House, name: str
) -> None:
    inbox = house.spool.inbox
    if name.endswith(".json"):
        write(inbox / name, json.dumps(GRAPH))
    else:
        carrying(inbox / name, GRAPH)
    picture(inbox / "cat.png")
    draft = house.drafted(write(inbox / "run.yaml", f"vqd: 1\nworkflow: {name}\n"))
    assert the_graph(draft) == GRAPH
    (prompt,) = planned(draft)
    assert prompt.inputs == {"image": "cat.png"}
    assert draft.inputs == ("cat.png", name)
    assert draft.planned is not None
    outputs = draft.planned.plan.outputs
    assert [(one.slot, one.node) for one in outputs] == [("image", "3"), ("image_2", "4")]


BAD_GRAPHS = {
    "nothing there": (None, "missing_graph"),
    "no JSON": ("{", "not_json"),
    "a list": ("[]", "not_a_graph"),
    "no nodes": ('{"1": 2}', "not_a_node"),
    "a broken link": (json.dumps({**GRAPH, "1": GRAPH["3"], "2": GRAPH["4"]}), None),
    "nothing saved": (json.dumps({"1": GRAPH["1"]}), "no_output"),
    "a number that is none": (
        '{"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "x": NaN}}}',
        "not_a_graph",
    ),
    "a number too long to be kept": (
        '{"1": {"class_type": "SaveImage", "inputs": {"x": 18446744073709551616}}}',
        "not_a_graph",
    ),
    "deep": ('{"a":' * 100_000, "not_json"),
    "deep within": (
        f'{{"1": {{"class_type": "SaveImage", "inputs": {{"x": {"[" * 300}{"]" * 300}}}}}}}',
        "not_a_graph",
    ),
    "a page's graph": ('{"nodes": [], "links": [], "version": 0.4}', "ui_format"),
}


@pytest.mark.parametrize("name", list(BAD_GRAPHS))
def test_a_graph_that_cannot_run_is_told_by_its_own_faults(house: House, name: str) -> None:
    text, code = BAD_GRAPHS[name]
    if text is not None:
        write(house.spool.inbox / "graph.json", text)
    draft = house.drafted(write(house.spool.inbox / "run.yaml", "vqd: 1\nworkflow: graph.json\n"))
    codes = [problem.code for problem in draft.problems]
    assert codes[:1] == ([code] if code else []), draft.problems


def test_a_picture_that_carries_no_graph_is_no_workflow(house: House) -> None:
    picture(house.spool.inbox / "a.png")
    draft = house.drafted(write(house.spool.inbox / "run.yaml", "vqd: 1\nworkflow: a.png\n"))
    assert [(one.code, one.where) for one in draft.problems] == [("missing_graph", "a.png")]


def test_a_graph_by_itself_has_no_parameters(house: House) -> None:
    write(house.spool.inbox / "graph.json", json.dumps(GRAPH))
    job = "vqd: 1\nworkflow: graph.json\nparams: {steps: 4}\n"
    draft = house.drafted(write(house.spool.inbox / "run.yaml", job))
    assert [one.code for one in draft.problems] == ["unknown_parameter"]


def test_what_of_the_servers_is_not_as_recorded_is_said(house: House, store: Store) -> None:
    sidecar = yaml.safe_load(house.sidecar)
    record = {**sidecar["record"], "server": "gpu0", "server_version": "0.3.64"}
    draft = house.dropped(record=record)
    with store.reading() as session:
        assert drift(with_server_drift(draft, session)) == ()
    told = {name: TOLD[name] for name in ("LoadImage", "SaveImage")}
    learn(store, "gpu1", "0" * 64, told.items, now=NOW)
    seen = ServerRecord("gpu1", "http://gpu1:8188", "up", None, "0.4.0", NOW)
    store.write(lambda session: session.servers.note([seen]))
    with store.reading() as session:
        said = drift(with_server_drift(draft, session))
    assert len(said) == 2
    assert "no server can run it as it was made; gpu1: " in said[0]
    assert "ImageScale" in said[0]
    assert said[1] == "it was made by ComfyUI 0.3.64 (gpu0); there is 0.4.0 (gpu1) now."


def test_an_input_that_is_called_like_the_output_is_both_found_and_taken_once(
    house: House,
) -> None:
    picture(house.spool.inbox / "a.png")
    again = house.dropped("a.png.yaml")
    assert the_input(again) == "a.png"
    assert again.inputs == ("a.png",)


def test_an_output_can_be_looked_at_like_its_sidecar(house: House) -> None:
    removed(house)
    result = carrying(house.job / "outputs" / "a.png", house.sent(), house.embedded)
    again = house.drafted(result)
    assert the_graph(again) == house.sent()
    assert drift(again)[0].endswith("runs as recorded in a.png.")


def test_a_picture_that_carries_nothing_is_no_job(house: House) -> None:
    draft = house.drafted(picture(house.spool.inbox / "a.png"))
    assert [(one.code, one.where) for one in draft.problems] == [("no_record", "a.png")]


def test_the_sidecar_of_each_prompt_of_a_job_of_every_kind_is_that_prompt(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path / "spool")
    drafting = Drafting(
        spool, workflows=[RECORDED], input_roots=(), windows=["nights"], targets=["studio"]
    )
    first = drafting.draft(laid(spool.active / FIRST), now=NOW)
    made = planned(first)
    assert first.planned is not None
    folder = spool.done / FIRST
    (spool.active / FIRST).rename(folder)
    for name in ("frames", "end.png"):
        (folder / "inputs").mkdir(exist_ok=True)
        (folder / name).rename(folder / "inputs" / name)
    (folder / "outputs").mkdir()
    for prompt in made:
        output = OutputFile("x", f"outputs/{prompt.number}.png", "image", "0" * 64, 1)
        hashes = {
            slot: probe(folder / "inputs" / one).sha256 for slot, one in prompt.inputs.items()
        }
        assignment = assignment_of(first.planned.plan, prompt, folder)
        Sidecars().write(assignment, a_server(), hashes, Succeeded((output,), 1.0))
        again = drafting.draft(folder / f"{output.path}.yaml", now=NOW)
        assert json.dumps(the_graph(again)) == json.dumps(edited(prompt.graph.nodes, prompt.edits))
        assert drift(again) == ()
        assert again.planned is not None
        assert again.planned.plan.server_folder == f"vqd/{FIRST}/{prompt.number}-1"
        (anew,) = planned(again)
        assert (anew.stem, anew.seed) == (prompt.stem, prompt.seed)
