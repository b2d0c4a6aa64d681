"""inbox/_vqd as people use it: copy a file, change a line, and see what vqd says of a workflow."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture
from tests.waiting import wait_for
from vqd.definitions.shipped import shipped_folder


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with a workflow of the house, that looks at everything each second."""
    workflows = tmp_path / "workflows"
    workflows.mkdir()
    for suffix in (".yaml", ".json"):
        text = (shipped_folder() / f"image-scale{suffix}").read_text(encoding="utf-8")
        write(workflows / f"ours{suffix}", text.replace("name: image-scale", "name: ours"))
    definition = (workflows / "ours.yaml").read_text(encoding="utf-8")
    write(workflows / "ours.yaml", definition.replace("image-scale.json", "ours.json"))
    made = Daemon(tmp_path / "house", rescan_s=1, workflows=[str(workflows)])
    yield made
    made.close()


def welcome_of(daemon: Daemon) -> Path:
    """The folder, when it was written for the first time."""
    folder = daemon.spool.inbox / "_vqd"
    wait_for(lambda: daemon.logged("welcome.written"), within_s=60)
    return folder


def test_a_ready_job_file_copied_beside_a_picture_as_it_is_comes_back_done(house: Daemon) -> None:
    folder = welcome_of(house.start())
    picture(house.spool.inbox / "cat.png")
    shutil.copy(folder / "image-scale.yaml", house.spool.inbox)
    closed = house.wait_closed("image-scale")
    assert closed.parent == house.spool.done
    (line,) = manifest_of(closed)
    assert line["inputs"] == {"image": "inputs/cat.png"}
    with Image.open(closed / line["output"]) as image:
        assert image.size == (1024, 1024)


def test_a_ready_job_file_in_a_folder_of_pictures_can_be_changed(house: Daemon) -> None:
    folder = welcome_of(house.start())
    job = house.folder / "beach"
    for number in (1, 2):
        picture(job / f"{number}.png", shade=number)
    sample = (folder / "ours.yaml").read_text(encoding="utf-8")
    write(job / "job.yaml", sample.replace("size: 1024x1024\n", "size: 16x12\n"))
    schema = sample.splitlines()[0].partition("$schema=")[2]
    job.rename(house.spool.inbox / "beach")
    assert json.loads((house.spool.inbox / "beach" / schema).read_text())["title"].endswith("ours")
    lines = manifest_of(house.wait_closed("beach"))
    assert [(line["width"], line["height"]) for line in lines] == [(16, 12), (16, 12)]


def test_what_is_written_follows_the_definitions_while_the_daemon_runs(house: Daemon) -> None:
    folder = welcome_of(house.start())
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    definition = house.folder.parent / "workflows" / "ours.yaml"
    text = definition.read_text(encoding="utf-8")

    write(
        definition, text.replace("16384", "8192").replace("default: 1024x1024", "default: 512x512")
    )
    schema = folder / "ours.schema.json"
    wait_for(lambda: '"512x512"' in schema.read_text(encoding="utf-8"), within_s=60)
    params = json.loads(schema.read_text(encoding="utf-8"))["properties"]["params"]["properties"]
    assert params["size"]["default"] == "512x512"
    ready = folder / "ours.yaml"
    wait_for(lambda: "8192" in ready.read_text(encoding="utf-8"), within_s=60)
    assert (folder / "image-scale.yaml").stat().st_mtime_ns == before["image-scale.yaml"]

    write(definition, text.replace("type: size", "type: sizes"))
    broken = folder / "BROKEN-WORKFLOWS.txt"
    wait_for(broken.exists, within_s=60)
    assert "ours\n" in broken.read_text(encoding="utf-8")
    assert "sizes is none of" in broken.read_text(encoding="utf-8")
    wait_for(lambda: not any(folder.glob("ours.*")), within_s=60)

    definition.unlink()
    wait_for(lambda: not broken.exists(), within_s=60)
    assert (folder / "README.txt").is_file()


def test_nothing_in_it_is_ever_taken(house: Daemon) -> None:
    folder = welcome_of(house.start())
    picture(folder / "cat.png")
    write(folder / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    write(folder / "sub" / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    write(house.spool.inbox / "after.yaml", "vqd: 1\nworkflow: image-scale\n")
    assert house.wait_closed("after").parent == house.spool.failed
    assert (folder / "job.yaml").is_file()
    assert (folder / "sub" / "job.yaml").is_file()
    assert (folder / "cat.png").is_file()
    taken = wait_for(lambda: house.logged("drop.taken"), within_s=60, what="that it was taken")
    assert [line["drop"] for line in taken] == ["after.yaml"]


def test_where_it_cannot_be_written_that_is_said_once_and_jobs_go_on(house: Daemon) -> None:
    in_the_way = house.spool.inbox / "_vqd" / ".README.txt.part"
    write(in_the_way / "theirs", "somebody's file")
    house.start()
    wait_for(lambda: house.logged("welcome.unwritten"), within_s=60)
    job = house.folder / "beach"
    picture(job / "cat.png")
    write(job / "job.yaml", "vqd: 1\nworkflow: ours\nparams: {size: 16x16}\n")
    job.rename(house.spool.inbox / "beach")
    assert status_of(house.wait_closed("beach"))["state"] == "done"
    in_the_way.rename(house.folder / "theirs")
    wait_for(lambda: house.logged("welcome.written"), within_s=60)
    assert len(house.logged("welcome.unwritten")) == 1
    assert (house.spool.inbox / "_vqd" / "ours.yaml").is_file()
