"""What nodes say that they made, as ComfyUI's own and the big packs' do (recorded by hand)."""

import json
from pathlib import Path

import pytest

from vqd.comfy.outputs import Remote, RemoteFile, RemoteText, outputs_of

RECORDED = json.loads(
    (Path(__file__).parent.parent / "recorded" / "comfy" / "node_outputs.json").read_bytes()
)
READ: dict[str, tuple[Remote, ...]] = {
    "SaveImage": (RemoteFile("fox_00001_.png", "vqd/job"),),
    "SaveAnimatedWEBP": (RemoteFile("fox_00001_.webp"),),
    "SaveSVGNode": (RemoteFile("fox_00001_.svg", "svg"),),
    "SaveVideo": (RemoteFile("fox_00001_.mp4", "video"),),
    "SaveAudio": (RemoteFile("fox_00001_.flac", "audio"),),
    "SaveLatent": (RemoteFile("fox_00001_.latent", "latents"),),
    "SaveGLB": (RemoteFile("fox_00001_.glb", "3d"),),
    "Preview3D": (RemoteFile("fox_00001_.glb", "3d"),),
    "PreviewImage": (RemoteFile("fox_temp_abcde_00001_.png", type="temp"),),
    "ImageCompare": (
        RemoteFile("a_00001_.png", type="temp"),
        RemoteFile("b_00001_.png", type="temp"),
    ),
    "PreviewAny": (RemoteText('{\n    "a": 1\n}'),),
    "ShowText|pysssss": (RemoteText("a fox"), RemoteText("a dog")),
    "MathExpression|pysssss": (RemoteText("42"),),
    "easy imageSize": (RemoteText("Width: 8"),),
    "Text nested (Easy-Use)": (RemoteText("one.safetensors"), RemoteText("two.safetensors")),
    "WAS Text": (RemoteText("a fox"),),
    "WAS Image Save": (RemoteFile("fox_0001.jpg", "day"),),
    "VHS_VideoCombine": (RemoteFile("fox_00001-audio.mp4"),),
    "KJ WebpSaver": (RemoteFile("fox_00001_.webp"), RemoteText("3x64x64")),
    "one file alone": (RemoteFile("fox.mp4"),),
    "a file told of twice": (RemoteFile("fox.gif"),),
    "a folder in the name": (RemoteFile("fox.zip", "a/b"),),
    "names that lead out": (
        RemoteFile("../fox.zip"),
        RemoteFile("/etc/passwd"),
        RemoteFile("/srv/fox.glb"),
    ),
}


@pytest.mark.parametrize("node", RECORDED)
def test_what_a_node_made_is_found_under_whatever_key(node: str) -> None:
    assert outputs_of({"2": RECORDED[node]}, {}) == ({"2": READ[node]} if node in READ else {})


def test_a_node_made_while_running_counts_as_the_one_that_it_is_shown_as() -> None:
    made = {"12": RECORDED["SaveImage"], "12.0.3": RECORDED["SaveAudio"]}
    assert outputs_of(made, {"12.0.3": "12"}) == {"12": READ["SaveImage"] + READ["SaveAudio"]}


def test_lists_within_lists_are_followed_within_reason() -> None:
    deep = ["said"]
    for _ in range(5_000):
        deep = [deep]  # type: ignore[list-item]
    assert outputs_of({"2": {"text": deep}}, {}) == {}
    assert outputs_of({"2": {"text": [[["said"]]]}}, {}) == {"2": (RemoteText("said"),)}


def test_equal_texts_are_as_many_as_there_are() -> None:
    assert outputs_of({"2": {"text": ["yes", "yes"]}}, {}) == {"2": (RemoteText("yes"),) * 2}
