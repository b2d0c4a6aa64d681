"""The form for a job, drawn from the type and the hints of a definition and from nothing else."""

import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Locator, expect

from tests.browser.dropping import DROP
from tests.browser.looking import Look
from tests.builders import write
from tests.daemons import Daemon
from tests.lively import files_below
from tests.samples import picture
from tests.waiting import wait_for

GRAPH = Path("workflows/image-scale.json")
EVERY = """\
vqd_workflow: 1
name: every-type
label: Every type
help: Has a parameter of every type.
graph: image-scale.json
inputs:
  image: {kind: image, extensions: [.png], fan_out: true, bind: "@Load Image.image", label: Picture}
params:
  prompt: {type: text, default: a beach, multiline: true, placeholder: slow pan, label: Seen}
  tag: {type: text, default: plain, help: For names.}
  mood: {type: text}
  bright: {type: bool, default: true}
  steps: {type: int, default: 20, min: 4, max: 60, step: 2}
  frames: {type: int, default: 81, min: 5, max: 161, multiple_of: 4, plus: 1, widget: slider}
  cfg: {type: float, default: 3.5, min: 1, max: 10, step: 0.5}
  shift: {type: float, default: 5}
  method: {type: choice, choices: [lanczos, area], default: lanczos, bind: "@Scale.upscale_method"}
  crop: {type: choice, choices_from: ImageScale.crop, default: center, bind: "@Scale.crop"}
  size: {type: size, default: 64x48, multiple_of: 16, presets: {tall: 48x64}, bind: "@Scale"}
  seed: {type: seed}
  lora: {type: lora, default: film.safetensors}
  base: {type: checkpoint, default: some.safetensors, widget: text, options_source: checkpoints}
  vae: {type: model, folder: vae, default: any.safetensors}
  mask: {type: image, default: none}
  motion: {type: video, default: none}
  voice: {type: audio, default: none}
outputs:
  image: {node: "@Save Image", kind: image, prefix: filename_prefix}
"""


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A definition with a parameter of every type."""
    folder = tmp_path_factory.mktemp("workflows")
    write(folder / "image-scale.json", GRAPH.read_text(encoding="utf-8"))
    write(folder / "every-type.yaml", EVERY)
    return folder


def field(look: Look, name: str) -> Locator:
    return look.page.locator(f'[data-param="{name}"]')


def test_every_type_is_drawn_as_its_hints_say(look: Look) -> None:
    look.go("/submit/every-type")
    expect(look.page.get_by_text("Has a parameter of every type.")).to_be_visible()
    prompt = field(look, "prompt").locator("textarea")
    expect(prompt).to_have_attribute("placeholder", "slow pan")
    expect(look.page.get_by_label("Seen")).to_have_count(1)
    expect(field(look, "tag").get_by_label("Tag")).to_have_attribute("placeholder", "plain")
    expect(field(look, "tag")).to_contain_text("For names.")
    expect(field(look, "mood")).to_contain_text("required")
    expect(field(look, "bright").get_by_role("checkbox")).to_be_checked()

    steps = field(look, "steps").get_by_role("spinbutton")
    told = [steps.get_attribute(name) for name in ("min", "max", "step", "inputmode")]
    assert told == ["4", "60", "2", "numeric"]
    frames = field(look, "frames").get_by_role("slider")
    assert [frames.get_attribute(name) for name in ("min", "max")] == ["5", "161"]
    expect(field(look, "cfg").get_by_role("slider")).to_have_value("3.5")
    expect(field(look, "shift").get_by_role("spinbutton")).to_have_attribute("step", "any")
    expect(field(look, "method").locator("option")).to_have_text(["lanczos (default)", "area"])
    expect(field(look, "crop").locator("option")).to_have_text(["center (default)", "disabled"])
    expect(field(look, "size").get_by_label("Height")).to_have_attribute("placeholder", "48")
    expect(field(look, "seed").get_by_role("button", name="Another seed")).to_be_visible()
    expect(field(look, "base").get_by_role("textbox")).to_be_visible()
    expect(field(look, "vae").get_by_label("Vae")).to_be_visible()
    for name, extension in (("mask", ".png"), ("motion", ".mp4"), ("voice", ".wav")):
        expect(look.page.locator(f"#slot-{name}")).to_have_attribute(
            "accept", re.compile(re.escape(extension))
        )


def test_the_job_that_is_filled_in_is_the_job_that_runs(
    look: Look, house: Daemon, tmp_path: Path
) -> None:
    look.go("/submit/every-type")
    pictures = [picture(tmp_path / f"{name}.png", shade=50) for name in ("one", "it's [2]* é😀")]
    look.page.locator("#slot-image").set_input_files(pictures)
    told = look.page.locator(".send")
    expect(told).to_contain_text("mood")
    look.page.get_by_label("Mood").fill("<img src=x onerror=alert(1)>")
    look.page.get_by_label("Name", exact=True).fill("filled")
    look.page.get_by_label("Labels").fill("client=acme, shot=sh010")

    field(look, "steps").get_by_role("spinbutton").fill("900")
    expect(field(look, "steps").get_by_role("alert")).to_contain_text("900")
    field(look, "steps").get_by_role("spinbutton").fill("30")
    expect(field(look, "steps").locator(".fault")).to_be_empty()
    field(look, "size").get_by_role("button", name="tall").click()
    field(look, "bright").get_by_role("checkbox").uncheck()
    field(look, "method").get_by_role("button", name="Vary").click()
    for method in ("lanczos", "area"):
        field(look, "method").get_by_role("checkbox", name=method).check()
    field(look, "cfg").get_by_role("button", name="Vary").click()
    field(look, "cfg").locator("textarea").fill("3-9:3")
    expect(told).to_contain_text(re.compile("3 . cfg · 2 . method · 2 files = 12 prompts"))
    field(look, "cfg").locator("textarea").fill("3.5\n5\n7")
    expect(told).to_contain_text(re.compile("3 . cfg · 2 . method · 2 files = 12 prompts"))

    own = look.page.locator(".files li", has_text="[2]")
    own.get_by_text("Its own values").click()
    own.locator("textarea").fill("burning sky")
    expect(own.locator("summary")).to_have_text("Its own values (1)")
    look.do("Submit")
    expect(look.page.get_by_role("heading", level=1)).to_have_text("filled")
    look.state("done")

    folder = house.wait_closed("filled")
    job = yaml.safe_load((folder / "job.json").read_text(encoding="utf-8"))
    assert job["params"] == {
        "mood": "<img src=x onerror=alert(1)>",
        "bright": False,
        "steps": 30,
        "size": "48x64",
    }
    assert job["labels"] == {"client": "acme", "shot": "sh010"}
    assert job["fan_out"]["matrix"] == {"cfg": [3.5, 5, 7], "method": ["lanczos", "area"]}
    assert list(job["fan_out"]["per_input"].values()) == [{"prompt": "burning sky"}]
    burning = look.page.get_by_role("region", name="[2]")
    expect(burning.locator(".card")).to_have_count(6)
    expect(burning.get_by_text("burning sky")).to_have_count(6)

    look.go("/submit/every-type")
    expect(look.page.get_by_label("Mood")).to_have_value("<img src=x onerror=alert(1)>")
    expect(field(look, "method").get_by_role("checkbox", name="area")).to_be_checked()


def test_the_own_values_of_a_file_go_with_it_when_it_is_left_out(
    look: Look, tmp_path: Path
) -> None:
    look.go("/submit/every-type")
    pictures = [picture(tmp_path / f"{name}.png", shade=50) for name in ("one", "other")]
    look.page.locator("#slot-image").set_input_files(pictures)
    look.page.get_by_label("Mood").fill("calm")
    other = look.page.locator(".files li", has_text="other.png")
    other.get_by_text("Its own values").click()
    other.locator("textarea").fill("burning sky")
    expect(look.page.locator(".send")).to_contain_text("2 files = 2 prompts")

    look.page.get_by_role("button", name="Leave out other.png").click()

    expect(look.page.locator(".send")).to_contain_text("1 prompt")
    expect(look.page.get_by_role("button", name="Submit")).to_be_enabled()


def test_values_are_kept_under_a_name(look: Look) -> None:
    look.go("/submit/image-scale")
    look.page.get_by_label("Method").select_option("area")
    look.do("Keep these")
    look.page.get_by_role("textbox", name="Keep these values as").fill("small ones")
    look.do("Keep", within="dialog")
    look.page.get_by_label("Method").select_option("")
    look.page.get_by_label("Kept values").select_option("Defaults")
    look.page.get_by_label("Kept values").select_option("small ones")
    expect(look.page.get_by_label("Method")).to_have_value("area")
    look.do("Forget")
    expect(look.page.get_by_label("Kept values").locator("option")).to_have_count(1)


def test_a_folder_of_thousands_of_files_is_dropped_and_counted(look: Look) -> None:
    look.go("/submit/image-scale")
    expect(look.page.locator(".slot")).to_be_visible()
    names = [[f"{number:04}.png", "x"] for number in range(3000)]
    look.page.evaluate(DROP, [".slot", [["shots", [*names, [".DS_Store", ""]]]]])
    expect(look.page.locator(".slot .tally")).to_contain_text("3,000 files")
    expect(look.page.locator(".files li")).to_have_count(200)
    expect(look.page.locator(".slot")).to_contain_text("and 2,800 more files")
    expect(look.page.locator(".send")).to_contain_text("3,000 prompts")
    look.do("Leave all out")
    expect(look.page.locator(".files li")).to_have_count(0)


def test_what_a_slot_leaves_out_is_said_and_stays_said_while_the_job_is_checked(
    look: Look, tmp_path: Path
) -> None:
    taken = picture(tmp_path / "a.png")
    look.go("/submit/image-scale")
    chosen = look.page.locator("#slot-image")
    chosen.set_input_files([taken, write(tmp_path / "b.heic", "x"), write(tmp_path / "c.mp4", "x")])
    expect(look.page.locator(".told")).to_contain_text("1 prompt")
    said = "Left out: b.heic and 1 other file, no image file that this takes."
    expect(look.page.locator(".slot")).to_contain_text(said)
    assert look.faults() == []
    chosen.set_input_files(taken)
    expect(look.page.locator(".slot")).not_to_contain_text("Left out")


def test_a_job_folder_is_dropped_as_it_is_or_says_what_is_wrong_with_it(
    look: Look, house: Daemon, tmp_path: Path
) -> None:
    look.go("/submit")
    expect(look.page.get_by_label("Workflow")).to_be_visible()
    job = "vqd: 1\nworkflow: every-type\nparams: {mood: calm, steps: %s}\n"
    look.page.evaluate(DROP, [".submit", [["dropped", [["job.yaml", job % 900]]]]])
    reasons = look.page.locator(".reasons")
    expect(reasons).to_contain_text("dropped was not taken")
    expect(reasons).to_contain_text("900")
    first = picture(tmp_path / "a.png").read_bytes().hex()
    whole = [["job.yaml", job % 20], ["a.png", first]]
    look.page.evaluate(DROP, [".submit", [["dropped", whole]]])
    expect(look.page.get_by_role("heading", level=1)).to_have_text("dropped")
    look.state("done")
    house.wait_closed("dropped")


def test_sending_is_shown_and_can_be_stopped(look: Look, house: Daemon, tmp_path: Path) -> None:
    look.go("/submit/image-scale")
    large = write(tmp_path / "large.png", "x" * 30_000_000)
    look.page.locator("#slot-image").set_input_files(large)
    look.page.get_by_label("Name", exact=True).fill("stopped")
    session = look.page.context.new_cdp_session(look.page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    session.send("Network.emulateNetworkConditions", slow)
    look.do("Submit")
    expect(look.page.locator(".sending")).to_contain_text(re.compile("of 30.0 MB sent"))
    look.do("Stop sending")
    expect(look.page.locator(".sending")).to_have_count(0)
    expect(look.page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    wait_for(
        lambda: "large.png" not in {path.name for path in files_below(house.spool.root)},
        within_s=60,
        what="the cleaning up",
    )
