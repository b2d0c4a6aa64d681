"""`vqd check`: what a job would be, before anything of it runs."""

import json
import re
import tracemalloc
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.graphs import TOLD, text_to_image
from tests.house import House
from tests.samples import picture_job
from vqd.cli.drafting import opened
from vqd.cli.jobpath import job_file_at
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.settings.load import load_settings

FAN_OUT = """\
vqd: 1
workflow: image-scale
params: {crop: disabled}
fan_out:
  matrix: {size: [320x200, 160x100], method: [lanczos, area]}
"""
WORDS = """\
vqd_workflow: 1
graph: w.json
params:
  prompt: {type: text, default: a fox, bind: 6.text}
  checkpoint: {type: checkpoint, default: sdxl.safetensors, bind: 4.ckpt_name}
  seed: {type: seed, bind: 3.seed}
outputs: {image: {node: "9", kind: image, prefix: filename_prefix}}
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(tmp_path)
    found.put("words", WORDS, json.dumps(text_to_image()))
    return found


def beach(house: House, job: str = FAN_OUT) -> str:
    return str(picture_job(house.folder / "beach", job=job))


def words(house: House, job: str = "") -> str:
    return str(write(house.folder / "fox" / "job.yaml", f"vqd: 1\nworkflow: words\n{job}").parent)


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_files_of_the_folder_that_no_input_takes_are_told(house: House) -> None:
    folder = Path(beach(house))
    write(folder / "_defaults.yaml", "vqd: 1\nworkflow: image-scale\n")
    for name in ("p3.psd", "notes.docx", "CANCEL.done-101010", "STATUS.yaml"):
        write(folder / name, "")
    checked = house.vqd("check", str(folder))
    assert checked.exit_code == 0
    told = [line for line in lines_of(checked.output) if line.startswith("left out: ")]
    assert told == ["left out: no input takes notes.docx", "left out: no input takes p3.psd"]
    found = json.loads(house.vqd("check", str(folder), "--json").output)
    assert (found["left_out"], found["prompts"]) == (["notes.docx", "p3.psd"], 8)


def test_the_first_points_are_a_table(house: House) -> None:
    checked = house.vqd("check", beach(house))
    assert checked.exit_code == 0
    assert lines_of(checked.output)[:9] == [
        "beach: 8 prompts of image-scale, 2 inputs",
        "",
        "# INPUT SIZE METHOD OUTPUT",
        "1 p1.png 320x200 lanczos outputs/p1_size-320x200_method-lanczos",
        "2 p2.png 320x200 lanczos outputs/p2_size-320x200_method-lanczos",
        "3 p1.png 320x200 area outputs/p1_size-320x200_method-area",
        "4 p2.png 320x200 area outputs/p2_size-320x200_method-area",
        "5 p1.png 160x100 lanczos outputs/p1_size-160x100_method-lanczos",
        "… and 3 more (--points, --graph N)",
    ]
    assert "same in all crop=disabled" in lines_of(checked.output)


def test_the_columns_stand_under_each_other(house: House) -> None:
    table = house.vqd("check", beach(house), "--points", "8").output.splitlines()[2:11]
    places = [line.index("outputs/") for line in table[1:]]
    assert {*places} == {table[0].index("OUTPUT")}
    assert len(table) == 9


def test_seeds_have_a_column_of_their_own(house: House) -> None:
    checked = house.vqd("check", words(house, "fan_out: {seeds: [11, 12]}\n"))
    assert lines_of(checked.output)[:5] == [
        "fox: 2 prompts of words, 0 inputs",
        "",
        "# SEED OUTPUT",
        "1 11 outputs/words_s11",
        "2 12 outputs/words_s12",
    ]


def test_without_a_server_or_a_past_it_says_what_is_unknown(house: House) -> None:
    said = lines_of(house.vqd("check", beach(house)).output)
    assert "servers unknown: no server has been seen yet" in said
    assert "time unknown: no prompt of this workflow was carried out yet" in said
    assert any(line.startswith("space unknown: this workflow has no outputs yet") for line in said)


def test_it_names_the_servers_that_could_run_it_and_why_others_could_not(house: House) -> None:
    house.sees("gpu1")
    house.sees("gpu2", "SaveImage")
    checked = house.vqd("check", words(house))
    assert "servers gpu1" in lines_of(checked.output)
    assert "gpu2: workflows/words.yaml" in checked.stderr
    assert checked.exit_code == 0


def test_a_server_without_what_is_needed_could_not_run_it(house: House) -> None:
    for server in ("gpu1", "gpu2", "gpu3"):
        house.sees(server)
    write(
        house.settings,
        house.settings.read_text() + "servers:\n"
        "  - {name: gpu1, url: 'http://a:1', tags: [wan], vram_gb: 24}\n"
        "  - {name: gpu2, url: 'http://b:1', tags: [wan], vram_gb: 8}\n"
        "  - {name: gpu3, url: 'http://c:1'}\n",
    )
    checked = house.vqd("check", words(house, "schedule: {needs: {tags: [WAN], vram_gb: 22}}\n"))
    assert "servers gpu1" in lines_of(checked.output)
    assert "gpu2: schedule.needs.vram_gb: the server has 8 GB of VRAM, not 22." in checked.stderr
    assert "gpu3: schedule.needs.tags: the server has not the tag wan." in checked.stderr


def test_what_no_server_has_is_waited_for_where_the_settings_say_it(house: House) -> None:
    house.sees("gpu1")
    servers = "servers: [{name: gpu1, url: 'http://a:1'}]\n"
    write(house.settings, house.settings.read_text() + servers)
    checked = house.vqd("check", words(house, "schedule: {needs: {tags: [wan]}}\n"))
    assert "servers none of gpu1 can run it; it would wait" in lines_of(checked.output)


def test_a_model_that_is_on_no_server_is_told(house: House) -> None:
    house.sees("gpu1")
    checked = house.vqd("check", words(house, "params: {checkpoint: sdxk.safetensors}\n"))
    assert "servers none of gpu1 can run it; it would wait" in lines_of(checked.output)
    assert "gpu1: params.checkpoint: " in checked.stderr
    assert "Did you mean sdxl.safetensors?" in checked.stderr


def test_a_graph_that_servers_would_refuse_as_it_is_does_not_wait_for_one(house: House) -> None:
    narrow = {"input": {"required": {**TOLD["KSampler"]["input"]["required"]}}}
    narrow["input"]["required"]["steps"] = ["INT", {"min": 1, "max": 1}]
    house.tells("gpu1", {**TOLD, "KSampler": narrow})
    checked = house.vqd("check", words(house))
    assert "servers none of gpu1 can run it; it would be refused" in lines_of(checked.output)


def test_time_and_space_come_from_what_the_workflow_made_before(house: House) -> None:
    store = house.store()
    accept_a_job(store, total=2, workflow="image-scale")
    for number in range(2):
        prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
        assert prompt is not None
        made = OutputFile("image", f"outputs/{number}.png", "image", "f" * 64, 3_000_000, 8, 8)
        key, done = prompt.key, Succeeded((made,), 30.0)
        store.write(lambda session, key=key, done=done: session.prompts.succeed(key, done, now=NOW))  # type: ignore[misc]
    store.close()
    said = lines_of(house.vqd("check", beach(house)).output)
    assert "time about 4 min" in said
    assert any(
        line.startswith("space about 24 MB") and line.endswith("by its last 2 prompts")
        for line in said
    )
    needs = json.loads(house.vqd("check", beach(house), "--json").output)["needs"]
    assert (needs["bytes"], needs["seconds"], needs["measured"]) == (24_000_000, 240, 2)


def test_it_tells_that_a_job_would_wait_for_an_approval(house: House) -> None:
    write(
        house.settings, f"{house.settings.read_text(encoding='utf-8')}quote_over: {{prompts: 7}}\n"
    )
    job = beach(house, f"{FAN_OUT}proof: {{inputs: 1}}\n")
    said = lines_of(house.vqd("check", job).output)
    quote = "quoted: 8 prompts, time unknown; APPROVE starts it"
    assert f"start {quote}" in said
    assert "proof made first, then it waits for APPROVE" in said
    assert json.loads(house.vqd("check", job, "--json").output)["quote"] == quote


def test_json_has_the_shape_that_the_docs_tell(house: House) -> None:
    house.sees("gpu1")
    told = json.loads(house.vqd("check", beach(house), "--json", "--points", "2").output)
    assert [*told] == [
        *("name", "workflow", "prompts", "axes", "params", "inputs", "points"),
        *("servers", "able", "would_wait", "needs", "kept", "to_run", "quote", "proof"),
        *("drift", "left_out", "problems"),
    ]
    assert (told["prompts"], told["inputs"]) == (8, ["p1.png", "p2.png"])
    assert told["axes"] == {"size": ["320x200", "160x100"], "method": ["lanczos", "area"]}
    assert [point["output"] for point in told["points"]] == [
        "p1_size-320x200_method-lanczos",
        "p2_size-320x200_method-lanczos",
    ]
    page = (Path(__file__).parents[2] / "docs" / "jobfile.md").read_text(encoding="utf-8")
    assert [key for key in told if f"`{key}`" not in page] == []


def test_a_graph_is_printed_as_it_would_be_sent(house: House) -> None:
    checked = house.vqd("check", beach(house), "--graph", "8")
    graph = json.loads(checked.stdout)
    assert graph["1"]["inputs"]["image"] == "<p2.png, as it is called on the server>"
    assert graph["2"]["inputs"] == {
        "image": ["1", 0],
        "upscale_method": "area",
        "width": 160,
        "height": 100,
        "crop": "disabled",
    }
    prefix = graph["3"]["inputs"]["filename_prefix"]
    assert prefix == "vqd/<the job>/8-<attempt>/p2_size-160x100_method-area"
    assert "angle brackets" in checked.stderr


@pytest.mark.parametrize("number", ["0", "9", "-1"])
def test_a_prompt_that_is_none_is_refused(house: House, number: str) -> None:
    checked = house.vqd("check", beach(house), "--graph", number)
    assert checked.exit_code == 5
    assert "The job has 8, from 1. [unknown_prompt]" in checked.stderr


def test_every_fault_is_told_and_nothing_else(house: House) -> None:
    job = "vqd: 1\nworkflow: image-scale\nparams: {crop: round, sizes: 4x4}\n"
    checked = house.vqd("check", beach(house, job))
    assert checked.exit_code == 3
    assert lines_of(checked.output)[-1] == "2 to mend; nothing would run."
    assert "job.yaml:3: params.crop" in checked.output
    told = json.loads(house.vqd("check", beach(house, job), "--json").output)
    assert [problem["line"] for problem in told["problems"]] == [3, 3]
    assert told["points"] == []
    assert house.vqd("check", beach(house, job), "--graph", "1").exit_code == 3


def test_a_folder_without_a_job_file_is_refused(house: House) -> None:
    (house.folder / "beach").mkdir()
    checked = house.vqd("check", str(house.folder / "beach"))
    assert checked.exit_code == 5
    assert "it is empty" in checked.stderr
    assert "[no_job_file]" in checked.stderr
    write(house.folder / "beach" / "job.yaml.txt", "vqd: 1\n")
    checked = house.vqd("check", str(house.folder / "beach"))
    assert "if 'job.yaml.txt' is the job file, rename it to job.yaml" in checked.stderr


def test_it_leaves_everything_as_it_is(house: House) -> None:
    folder = beach(house)
    before = sorted(str(path) for path in house.folder.rglob("*"))
    house.vqd("check", folder)
    house.vqd("check", folder, "--graph", "1")
    assert sorted(str(path) for path in house.folder.rglob("*")) == before


def test_the_last_of_many_prompts_is_reached_without_holding_the_others(house: House) -> None:
    sizes = ", ".join(f"{width}x{width}" for width in range(1, 5_001))
    job = f"vqd: 1\nworkflow: image-scale\nfan_out:\n  matrix: {{size: [{sizes}]}}\n"
    folder = Path(beach(house, job))
    with opened(load_settings(house.settings)) as previews:
        preview = previews.preview(job_file_at(folder), now=NOW)
        tracemalloc.start()
        graph = preview.graph(10_000)
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert graph["2"]["inputs"]["width"] == 5_000
    assert most_bytes < 3_000_000


def test_of_a_hot_folder_it_says_what_it_takes_and_what_is_wrong(house: House) -> None:
    defaults = write(house.folder / "small" / "_defaults.yaml", "vqd: 1\nworkflow: image-scale\n")
    checked = house.vqd("check", str(defaults.parent))
    assert checked.exit_code == 0
    assert checked.output.startswith("hot folder: image files (.png")
    assert checked.output.endswith("become jobs of image-scale\n")
    write(defaults, "vqd: 1\nworkflow: image-scale\nparams: {syze: 1x1}\nparam: 1\n")
    checked = house.vqd("check", str(defaults))
    assert checked.exit_code == 3
    assert "_defaults.yaml:4: param: unknown key. Did you mean params?" in checked.output
    assert "2 to mend; what is dropped here waits." in checked.output
    told = json.loads(house.vqd("check", str(defaults), "--json").output)
    assert [problem["code"] for problem in told["problems"]] == ["unknown_key", "unknown_parameter"]


def test_a_job_that_has_no_room_is_told_what_is_wanted_and_what_is_free(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VQD_RESERVE", "900T")
    checked = house.vqd("check", beach(house))
    assert checked.exit_code == 0
    (space,) = [line for line in lines_of(checked.output) if line.startswith("space")]
    spool = house.folder / "spool"
    assert f"; it would be parked: {spool} has " in space
    assert re.search(
        r" free, less than the [0-9.]+ .B that stay free \(reserve\): make room there$", space
    )
    told = json.loads(house.vqd("check", beach(house), "--json").output)
    assert told["needs"]["shortage"].startswith(f"{spool} has ")
    monkeypatch.setenv("VQD_RESERVE", "0")
    assert (
        json.loads(house.vqd("check", beach(house), "--json").output)["needs"]["shortage"] is None
    )


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_copy_that_has_no_room_is_refused_and_nothing_of_it_is_dropped(
    house: House, monkeypatch: pytest.MonkeyPatch, *, is_folder: bool
) -> None:
    monkeypatch.setenv("VQD_RESERVE", "900T")
    job = beach(house) if is_folder else f"{beach(house)}/job.yaml"
    refused = house.vqd("submit", job)
    assert refused.exit_code == 5
    assert f"There is no room for a copy of {job}, which is " in refused.stderr
    assert "Make room there, and submit it again. [no_space]" in refused.stderr
    inbox = house.folder / "spool" / "inbox"
    assert list(inbox.iterdir()) == []
    monkeypatch.setenv("VQD_RESERVE", "0")
    assert house.vqd("submit", job).exit_code == 0
    dropped = [path.name for path in inbox.rglob("*") if path.is_file()]
    assert sorted(dropped) == ["job.yaml", "p1.png", "p2.png"]
