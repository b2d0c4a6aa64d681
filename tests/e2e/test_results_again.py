"""Results dropped in again: exactly that prompt runs, byte for byte where the encoder allows it."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture
from tests.waiting import wait_for
from vqd.media.samples import draw_clip

JOBS = {
    "image-scale": "params: {size: 40x24}\n",
    "image-convert": "params: {rotate: 90}\nfan_out: {matrix: {scale: [0.5, 1.25]}}\n",
    "video-scale": "params: {size: 64x48}\n",
    "video-frames": "",
    "contact-sheet": "params: {width: 32}\n",
    "animation": "",
}
ANIMATION = """\
vqd_workflow: 1
graph: animation.json
inputs:
  video: {kind: video, fan_out: true, bind: "1.file"}
outputs:
  clip: {node: "3", kind: image, prefix: filename_prefix}
"""
ANIMATED: dict[str, Any] = {
    "1": {"class_type": "LoadVideo", "inputs": {"file": "example.mp4"}},
    "2": {"class_type": "GetVideoComponents", "inputs": {"video": ["1", 0]}},
    "3": {
        "class_type": "SaveAnimatedWEBP",
        "inputs": {
            "images": ["2", 0],
            "filename_prefix": "x",
            "fps": 6.0,
            "lossless": True,
            "quality": 80,
            "method": "default",
        },
    },
}


@pytest.fixture
def daemon(tmp_path: Path) -> Any:
    workflows = tmp_path / "workflows"
    write(workflows / "animation.yaml", ANIMATION)
    write(workflows / "animation.json", json.dumps(ANIMATED))
    made = Daemon(tmp_path / "house", workflows=[str(workflows)], rescan_s=2)
    yield made
    made.close()


def laid(daemon: Daemon, tmp_path: Path, workflow: str, name: str) -> Path:
    """Run a job of a workflow and give its folder in done/."""
    job = tmp_path / name
    job.mkdir(exist_ok=True)
    if workflow.startswith("image"):
        picture(job / "in.png")
    else:
        draw_clip(job / "in.mp4", frames=13, fps=12)
    write(job / "job.yaml", f"vqd: 1\nworkflow: {workflow}\n{JOBS[workflow]}")
    job.rename(daemon.spool.inbox / name)
    return daemon.wait_done(name)


def made_by(folder: Path) -> list[str]:
    return [line["sha256"] for line in manifest_of(folder)]


def test_the_sidecar_of_every_workflow_makes_the_same_bytes_wherever_its_job_went(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    sidecars, expected = {}, {}
    for workflow in JOBS:
        folder = laid(daemon, tmp_path, workflow, workflow)
        last = manifest_of(folder)[-1]
        expected[workflow] = [
            line["sha256"] for line in manifest_of(folder) if line["prompt"] == last["prompt"]
        ]
        sidecars[workflow] = (folder / f"{last['output']}.yaml").read_bytes()
        folder.rename(daemon.spool.failed / f"20200101-000000-aside {workflow}")
    for workflow, text in sidecars.items():
        (daemon.spool.inbox / f"again {workflow}.yaml").write_bytes(text)
        again = wait_for(lambda: [*daemon.spool.done.iterdir()], within_s=60)[0]
        assert made_by(again) == expected[workflow], workflow
        status = status_of(again)
        assert (status["counts"]["total"], status["drift"]) == (1, [])
        assert not (daemon.spool.inbox / f"again {workflow}.yaml").exists()
        again.rename(daemon.spool.failed / f"20200101-000000-again {workflow}")


def test_the_output_by_itself_is_as_good_as_its_sidecar(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    expected = {}
    for workflow in ("image-convert", "video-scale", "animation"):
        folder = laid(daemon, tmp_path, workflow, workflow)
        last = manifest_of(folder)[-1]
        result = folder / last["output"]
        shutil.copy(result, tmp_path / f"kept{result.suffix}")
        expected[result.suffix] = last
        folder.rename(daemon.spool.failed / f"20200101-000000-aside {workflow}")
    for kept in tmp_path.glob("kept.*"):
        kept.rename(daemon.spool.inbox / kept.name)
    wait_for(lambda: len([*daemon.spool.done.iterdir()]) == 3, within_s=60)
    for again in daemon.spool.done.iterdir():
        (made,) = manifest_of(again)
        (kept,) = (again / "inputs").iterdir()
        last = expected.pop(Path(made["output"]).suffix)
        assert (made["sha256"], made["params"]) == (last["sha256"], last["params"])
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == last["sha256"]


def test_an_output_and_its_sidecar_dropped_together_are_one_job(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    folder = laid(daemon, tmp_path, "image-scale", "first")
    (line,) = manifest_of(folder)
    both = [folder / line["output"], folder / f"{line['output']}.yaml"]
    copied = [Path(shutil.copy(path, tmp_path)) for path in both]
    for path in copied:
        path.rename(daemon.spool.inbox / path.name)
    again = daemon.wait_done("in")
    assert made_by(again) == [line["sha256"]]
    wait_for(lambda: "Nothing is waiting" in daemon.waiting, within_s=60)
    assert len(list(daemon.spool.done.iterdir())) == 2


def test_what_does_not_match_is_said_before_it_runs(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    folder = laid(daemon, tmp_path, "animation", "first")
    (line,) = manifest_of(folder)
    graph = {**ANIMATED, "3": {**ANIMATED["3"], "inputs": {**ANIMATED["3"]["inputs"], "fps": 9.0}}}
    write(tmp_path / "workflows" / "animation.json", json.dumps(graph))
    changed = ANIMATION.replace("vqd_workflow: 1\n", "vqd_workflow: 1\nversion: 2\n")
    write(tmp_path / "workflows" / "animation.yaml", changed)
    draw_clip(folder / "inputs" / "in.mp4", frames=7, fps=12)
    sidecar = folder / f"{line['output']}.yaml"
    told = daemon.vqd("check", str(sidecar)).stdout
    assert "drift: the input video" in told
    assert f"runs as recorded in {sidecar.stem}." in told  # the output lies beside it there
    shutil.copy(sidecar, daemon.spool.inbox / "again.yaml")
    again = daemon.wait_done("in")
    drift = status_of(again)["drift"]
    assert len(drift) == 2
    assert "version 2, graph" in drift[1]
    assert f"runs as recorded in done/{folder.name}/graphs/" in drift[1]
    log = (again / "log.txt").read_text(encoding="utf-8")
    assert log.index("not as it was when it was made: ") < log.index("prompt 1 goes to")
    assert "Not as recorded" in (again / "report.html").read_text(encoding="utf-8")
    assert f"drift: {drift[0]}" in daemon.vqd("show", again.name).stdout
    (made,) = manifest_of(again)
    with Image.open(again / made["output"]) as clip:
        assert getattr(clip, "n_frames", 1) == 7
        clip.seek(1)
        clip.load()
        assert clip.info["duration"] == 166  # in milliseconds: 6 a second, as it was


def test_a_missing_input_is_a_fault_that_names_its_hash(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    folder = laid(daemon, tmp_path, "image-scale", "first")
    (line,) = manifest_of(folder)
    lost = folder / "inputs" / "in.png"
    sha256 = hashlib.sha256(lost.read_bytes()).hexdigest()
    lost.unlink()
    shutil.copy(folder / f"{line['output']}.yaml", daemon.spool.inbox / "again.yaml")
    failed = daemon.wait_closed("in")
    assert failed.parent == daemon.spool.failed
    why = (failed / "WHY.txt").read_text(encoding="utf-8")
    assert sha256 in why
    assert f"{folder.name}/inputs/in.png" in why


BY_HAND = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "sub/cat.png"}},
    "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "by hand"}},
}


def by_hand(path: Path) -> Path:
    """Write a picture as ComfyUI does by itself."""
    info = PngInfo()
    info.add_text("prompt", json.dumps(BY_HAND))
    info.add_text("workflow", json.dumps({"nodes": [], "links": []}))
    Image.new("RGB", (8, 8), "red").save(path, pnginfo=info)
    return path


def inverted(folder: Path) -> bool:
    (line,) = manifest_of(folder)
    with Image.open(folder / line["output"]) as image:
        return image.convert("RGB").getpixel((0, 0)) == (255, 255, 252)


def test_a_picture_made_by_hand_in_comfyui_runs_as_it_was_made(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    picture(daemon.spool.inbox / "cat.png", shade=3)
    by_hand(daemon.spool.inbox / "made by hand (2).png")
    again = daemon.wait_done("made by hand (2)")
    assert inverted(again)
    assert status_of(again)["workflow"] == "made by hand (2).png"
    assert not (daemon.spool.inbox / "cat.png").exists()


def test_a_job_file_may_name_a_graph_beside_it(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    write(daemon.spool.inbox / "cat.json", json.dumps(BY_HAND))
    picture(daemon.spool.inbox / "cat.png", shade=3)
    wait_for(lambda: "workflow: cat.json" in daemon.waiting, within_s=60)
    write(daemon.spool.inbox / "run.yaml", "vqd: 1\nworkflow: cat.json\n")
    first = daemon.wait_done("run")
    assert inverted(first)
    wait_for(lambda: "Nothing is waiting" in daemon.waiting, within_s=60)
    (line,) = manifest_of(first)
    shutil.copy(first / f"{line['output']}.yaml", daemon.spool.inbox / "again.yaml")
    again = daemon.wait_done(Path(line["output"]).stem)
    assert made_by(again) == [line["sha256"]]
    assert status_of(again)["drift"] == []


def test_pictures_that_are_inputs_are_never_taken_for_results(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    by_hand(daemon.spool.inbox / "input.png")
    picture(daemon.spool.inbox / "plain.png")
    wait_for(lambda: "without a record" in daemon.waiting, within_s=60)
    write(
        daemon.spool.inbox / "two.yaml",
        "vqd: 1\nworkflow: image-scale\ninputs: {image: [input.png, later.png]}\n"
        "params: {size: 8x8}\n",
    )
    wait_for(lambda: "it may belong to 'two.yaml'" in daemon.waiting, within_s=60)
    picture(daemon.spool.inbox / "later.png")
    folder = daemon.wait_done("two")
    assert len(manifest_of(folder)) == 2
    job = tmp_path / "folder"
    job.mkdir()
    by_hand(job / "input.png")
    write(job / "job.yaml", "vqd: 1\nworkflow: image-scale\nparams: {size: 8x8}\n")
    job.rename(daemon.spool.inbox / "folder")
    assert len(manifest_of(daemon.wait_done("folder"))) == 1
    assert sorted(path.name for path in daemon.spool.inbox.iterdir()) == ["_vqd", "plain.png"]
