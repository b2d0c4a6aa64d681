"""A graph and an old definition on disk become workflows that a running daemon carries out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon
from tests.graphs import node
from tests.samples import picture_job
from tests.waiting import wait_for

GRAPH = {
    "1": node("LoadImage", "Still", image="x.png"),
    "2": node(
        "ImageScale", image=["1", 0], upscale_method="area", width=64, height=40, crop="disabled"
    ),
    "3": node("SaveImage", images=["2", 0], filename_prefix="x"),
}
OLD = """\
name: old-scale
description: Scale pictures.
input_type: image
input_extensions: [.png]
template: graph.json
file_bindings:
  load_image: {nodes: ["1"], field: image}
  output_prefix: {nodes: ["3"], field: filename_prefix}
parameters:
  flip_orientation: {type: bool, default: false}
"""


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, workflows=[str(tmp_path / "workflows")])
    write(tmp_path / "graph.json", json.dumps(GRAPH))
    daemon.start()
    wait_for(lambda: daemon.logged("catalogue.learned"), within_s=60, what="the server's classes")
    yield daemon
    daemon.close()


def made_by(farm: Daemon, *words: str, job: str) -> tuple[int, int]:
    """Make a definition while the daemon runs, drop a job for it, and give its picture's sides."""
    answer = farm.vqd("workflows", *words, "-o", str(farm.folder / "workflows"))
    assert answer.returncode == 0, answer.stderr
    farm.vqd("submit", str(picture_job(farm.folder / "beach", pictures=1, job=job)))
    (made,) = (farm.wait_closed("beach") / "outputs").glob("*.png")
    with Image.open(made) as picture:
        return picture.size


def test_a_new_definition_is_used_by_a_daemon_that_runs(farm: Daemon) -> None:
    job = "vqd: 1\nworkflow: graph\nparams: {size: 24x16}\n"
    assert made_by(farm, "new", str(farm.folder / "graph.json"), job=job) == (24, 16)
    assert farm.vqd("workflows", "check", "graph").stdout == "ok  graph  on builtin\n"


def test_a_converted_definition_is_used_by_a_daemon_that_runs(farm: Daemon) -> None:
    write(farm.folder / "old.yaml", OLD)
    job = "vqd: 1\nworkflow: old-scale\nparams: {flip: true}\n"
    assert made_by(farm, "convert", str(farm.folder / "old.yaml"), job=job) == (40, 64)
