"""Outputs of every kind that the built-in engine makes, in one prompt: home, told, made again."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.waiting import wait_for
from vqd.domain.kinds import KINDS

DEFINITION = """\
vqd_workflow: 1
graph: everything.json
inputs:
  sound: {kind: audio, fan_out: true, bind: "@Sound.audio"}
params:
  prompt: {type: text, bind: "@Caption.source"}
outputs:
  picture: {node: SaveImage, kind: image, prefix: filename_prefix, accept: {count: 2}}
  look: {node: PreviewImage, kind: image, temp: true}
  clip: {node: SaveVideo, kind: video, prefix: filename_prefix, accept: {max_duration: 1s}}
  moving: {node: SaveAnimatedWEBP, kind: file, prefix: filename_prefix}
  sound: {node: SaveAudioOpus, kind: audio, prefix: filename_prefix, accept: {min_duration: 0.5s}}
  latent: {node: SaveLatent, kind: latent, prefix: filename_prefix}
  caption: {node: "@Caption", kind: text, accept: {max_chars: 10}}
"""
GRAPH: dict[str, tuple[str, dict[str, Any]]] = {
    "blue": ("EmptyImage", {"width": 32, "height": 16, "batch_size": 1, "color": 255}),
    "black": ("EmptyImage", {"width": 32, "height": 16, "batch_size": 1, "color": 0}),
    "pictures": ("ImageBatch", {"image1": ["blue", 0], "image2": ["black", 0]}),
    "grown": ("ImageScaleBy", {"image": ["pictures", 0], "upscale_method": "area", "scale_by": 2}),
    "Sound": ("LoadAudio", {"audio": "tone.wav"}),
    "latents": ("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}),
    "film": ("CreateVideo", {"images": ["pictures", 0], "fps": 4.0, "audio": ["Sound", 0]}),
    "Caption": ("PreviewAny", {"source": "-"}),
    "1": ("SaveImage", {"images": ["pictures", 0], "filename_prefix": "x"}),
    "2": ("PreviewImage", {"images": ["grown", 0]}),
    "3": (
        "SaveVideo",
        {"video": ["film", 0], "filename_prefix": "x", "format": "auto", "codec": "auto"},
    ),
    "4": (
        "SaveAnimatedWEBP",
        {
            "images": ["pictures", 0],
            "filename_prefix": "x",
            "fps": 4.0,
            "lossless": True,
            "quality": 80,
            "method": "default",
        },
    ),
    "5": ("SaveAudioOpus", {"audio": ["Sound", 0], "filename_prefix": "x", "quality": "64k"}),
    "6": ("SaveLatent", {"samples": ["latents", 0], "filename_prefix": "x"}),
}
MADE = {
    "tone_picture.png": "image",
    "tone_picture_002.png": "image",
    "tone_look.png": "image",
    "tone_look_002.png": "image",
    "tone_clip.mp4": "video",
    "tone_moving.webp": "image",
    "tone_sound.opus": "audio",
    "tone_latent.latent": "latent",
    "tone_caption.txt": "text",
}


def tone(path: Path) -> Path:
    """Write a second of sound."""
    with wave.open(str(path), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(16_000)
        made.writeframes(bytes(range(200)) * 160)
    return path


def graph(*, without: str = "nothing") -> str:
    return json.dumps(
        {
            node: {"class_type": class_type, "inputs": inputs, "_meta": {"title": node}}
            for node, (class_type, inputs) in GRAPH.items()
            if without not in class_type
        }
    )


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    workflows = tmp_path / "workflows"
    write(workflows / "everything.yaml", DEFINITION)
    write(workflows / "everything.json", graph())
    made = Daemon(tmp_path / "house", workflows=[str(workflows)], rescan_s=2)
    yield made.start()
    made.close()


def done(daemon: Daemon, job: Path, keys: str) -> Path:
    """Drop a job with a sound, and give its folder in done/."""
    job.mkdir(exist_ok=True)
    tone(job / "tone.wav")
    write(job / "job.yaml", f"vqd: 1\n{keys}")
    job.rename(daemon.spool.inbox / job.name)
    return daemon.wait_done(job.name)


def hashes(folder: Path) -> dict[str, str]:
    return {line["output"]: line["sha256"] for line in manifest_of(folder)}


def test_one_prompt_makes_outputs_of_every_kind_and_each_sidecar_makes_them_again(
    daemon: Daemon, tmp_path: Path
) -> None:
    keys = 'workflow: everything\nparams: {prompt: "a föx"}\n'
    folder = done(daemon, tmp_path / "all", keys)
    lines = {Path(line["output"]).name: line for line in manifest_of(folder)}
    assert {name: line["kind"] for name, line in lines.items()} == MADE
    for line in lines.values():
        told = {fact for kind in KINDS.values() for fact in kind.facts if line[fact] is not None}
        assert told <= {*KINDS[line["kind"]].facts}
    assert (folder / "outputs" / "tone_caption.txt").read_text() == "a föx"
    assert lines["tone_caption.txt"]["chars"] == 5
    sound = lines["tone_sound.opus"]
    assert (sound["sample_rate"], sound["channels"]) == (48_000, 1)
    assert sound["duration_s"] == pytest.approx(1, abs=0.05)
    assert lines["tone_look.png"]["width"] == 64
    assert (lines["tone_moving.webp"]["frames"], lines["tone_clip.mp4"]["frames"]) == (2, 2)

    expected = hashes(folder)
    for name in MADE:
        sidecar = (folder / "outputs" / f"{name}.yaml").read_bytes()
        (daemon.spool.inbox / f"{name} again.yaml").write_bytes(sidecar)
    wait_for(lambda: len([*daemon.spool.done.iterdir()]) == 1 + len(MADE), within_s=60)
    ends = daemon.logged("prompt.concluded")
    retried = {line["job"] for line in ends if line["outcome"] != "succeeded"}
    assert len(retried) < len(MADE)  # a server puts what it is sent twice into another folder
    for again in daemon.spool.done.iterdir():
        assert again.name in retried or hashes(again) == expected
        assert again == folder or status_of(again)["drift"] == []


def test_a_brief_sidecar_makes_them_again_too_and_there_may_be_none(
    daemon: Daemon, tmp_path: Path
) -> None:
    keys = "workflow: everything\nparams: {prompt: a fox}\noutput: {sidecar: brief}\n"
    brief = done(daemon, tmp_path / "brief", keys)
    sidecar = (brief / "outputs" / "tone_latent.latent.yaml").read_bytes()
    (daemon.spool.inbox / "latent.yaml").write_bytes(sidecar)
    assert hashes(daemon.wait_done("tone")) == hashes(brief)
    none = done(daemon, tmp_path / "none", keys.replace("brief", "none"))
    assert {path.name for path in (none / "outputs").iterdir()} == {*MADE}
    (graph,) = (none / "graphs").iterdir()
    assert {line["graph"] for line in manifest_of(none)} == {graph.stem}


def test_of_a_graph_by_itself_comes_what_it_saves_and_if_that_is_nothing_what_it_shows(
    daemon: Daemon, tmp_path: Path
) -> None:
    for name, without in (("saving", "nothing"), ("showing", "Save")):
        write(tmp_path / name / "fox.json", graph(without=without))
        folder = done(daemon, tmp_path / name, "workflow: fox.json\n")
        kinds = [(line["slot"], line["kind"]) for line in manifest_of(folder)]
        if name == "showing":
            assert kinds == [("image", "image"), ("image", "image"), ("text", "text")]
        else:
            assert {slot for slot, _ in kinds} == {"image", "image_2", "video", "audio", "latent"}


def test_what_is_not_as_asked_for_is_told_and_kept(daemon: Daemon, tmp_path: Path) -> None:
    job = tmp_path / "long"
    job.mkdir()
    tone(job / "tone.wav")
    keys = "workflow: everything\nparams: {prompt: a long caption}\nretry: {limit: 0}\n"
    write(job / "job.yaml", f"vqd: 1\n{keys}")
    job.rename(daemon.spool.inbox / "long")
    folder = daemon.wait_closed("long")
    assert folder.parent == daemon.spool.failed
    assert "The output caption has 14 characters; at most 10 are asked for." in (
        folder / "WHY.txt"
    ).read_text().replace("\n", " ")
    (kept,) = (folder / "rejected-outputs").iterdir()
    assert (kept.suffix, kept.read_text()) == (".txt", "a long caption")
    assert not [*folder.glob("outputs/*")]
