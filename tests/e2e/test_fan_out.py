"""Tables, what lies beside inputs, and nodes that are taken out, from the drop to the outputs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.samples import picture

PAIR = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "x"}, "_meta": {"title": "Left"}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "x"}, "_meta": {"title": "Right"}},
    "3": {
        "class_type": "ImageScale",
        "inputs": {
            "image": ["1", 0],
            "upscale_method": "area",
            "width": 16,
            "height": 16,
            "crop": "disabled",
        },
        "_meta": {"title": "Scale"},
    },
    "4": {
        "class_type": "ImageStitch",
        "inputs": {
            "image1": ["3", 0],
            "image2": ["2", 0],
            "direction": "right",
            "match_image_size": False,
            "spacing_width": 0,
            "spacing_color": "white",
        },
    },
    "5": {
        "class_type": "SaveImage",
        "inputs": {"images": ["4", 0], "filename_prefix": "x"},
        "_meta": {"title": "Save"},
    },
}
DEFINITION = """\
vqd_workflow: 1
name: pair
graph: pair.json
inputs:
  left: {kind: image, fan_out: true, bind: "@Left.image"}
  right: {kind: image, required: false, when_absent: bypass, bind: "@Right.image"}
params:
  size: {type: size, default: 32x32, max: 512, multiple_of: 8, bind: "@Scale"}
  caption: {type: text, default: "", caption: true}
outputs:
  image: {node: "@Save", kind: image, prefix: filename_prefix}
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with a workflow of its own, not started yet."""
    write(tmp_path / "mine" / "pair.yaml", DEFINITION)
    write(tmp_path / "mine" / "pair.json", json.dumps(PAIR))
    made = Daemon(
        tmp_path / "house",
        workflows=[str(tmp_path / "mine")],
        input_roots=[str(tmp_path / "nas")],
        path_map={"Z:\\": str(tmp_path / "nas")},
        defaults={"pair": {"size": "64x48"}},
    )
    yield made
    made.close()


def sizes_in(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for line in manifest_of(folder):
        with Image.open(folder / line["output"]) as image:
            found[Path(line["output"]).name] = image.size
    return found


def test_a_table_names_files_and_values_for_each_row(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    picture(tmp_path / "nas" / "far.png", size=(20, 10))
    inbox = daemon.spool.inbox
    picture(inbox / "a.png", size=(40, 20))
    write(inbox / "shots.csv", "\ufeffleft;right;size\r\na.png;Z:\\far.png;\r\na.png;;16x24\r\n")
    write(inbox / "table.yaml", "vqd: 1\nworkflow: pair\nfan_out: {rows: shots.csv}\n")
    folder = daemon.wait_done("table")
    assert sizes_in(folder) == {"a_r1.png": (64 + 20, 48), "a_r2.png": (16, 24)}
    kept = sorted(path.name for path in (folder / "inputs").iterdir())
    assert kept == ["a.png", "shots.csv"]
    assert (tmp_path / "nas" / "far.png").is_file()


def test_what_lies_beside_an_input_is_for_it_alone(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    job = tmp_path / "beside"
    picture(job / "a.png", size=(40, 20))
    picture(job / "b.png", size=(40, 20))
    picture(job / "c.png", size=(40, 20))
    write(job / "a.txt", "a cat, asleep\n")
    write(job / "b.yaml", "size: {scale: 2}\nflip: yes\n")
    write(
        job / "job.yaml",
        "vqd: 1\nworkflow: pair\nfan_out: {per_input: {C*: {size: {fit: 24x24}}}}\n"
        'output: {name: "{input.stem}"}\n',
    )
    job.rename(daemon.spool.inbox / "beside")
    folder = daemon.wait_done("beside")
    assert sizes_in(folder) == {"a.png": (64, 48), "b.png": (40, 80), "c.png": (24, 16)}
    by_name = {Path(line["output"]).stem: line["params"] for line in manifest_of(folder)}
    assert by_name["a"]["caption"] == "a cat, asleep"


def test_a_sidecar_of_such_a_prompt_makes_the_same_again(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    job = tmp_path / "first"
    picture(job / "a.png", size=(40, 20))
    write(
        job / "job.yaml",
        "vqd: 1\nworkflow: pair\nparams: {size: {fit: 48x24}, flip: true}\n",
    )
    job.rename(daemon.spool.inbox / "first")
    first = daemon.wait_closed("first")
    (made,) = (first / "outputs").glob("*.png")
    write(daemon.spool.inbox / "again.yaml", (first / f"outputs/{made.name}.yaml").read_text())
    again = daemon.wait_done(made.stem)
    (made_again,) = (again / "outputs").glob("*.png")
    with Image.open(made) as one, Image.open(made_again) as other:
        assert one.size == other.size == (24, 16)
        assert one.tobytes() == other.tobytes()


def test_a_bad_table_comes_back_with_its_lines(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    job = tmp_path / "bad"
    picture(job / "a.png")
    write(job / "shots.csv", "size,sizes\n32x32,1\n33x32,2\nmany,3\n")
    write(job / "job.yaml", "vqd: 1\nworkflow: pair\nfan_out: {rows: shots.csv}\n")
    job.rename(daemon.spool.inbox / "bad")
    folder = daemon.wait_closed("bad")
    why = (folder / "WHY.txt").read_text()
    assert folder.parent == daemon.spool.failed
    assert "shots.csv:2: sizes: the workflow pair has no parameter sizes. Did you mean size?" in why
    assert "shots.csv:3: size: 33 is not a multiple of 8 (workflow pair). Take 32 or 40." in why
    assert "shots.csv:4: size: many is not a size" in why
