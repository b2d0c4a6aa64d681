"""Drops that are half there, of odd times or dropped twice, or whose workflow changes while they
wait; and a clock that is set back."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, status_of
from tests.faults.rendering import outcomes
from tests.mounts import needs
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for
from vqd.definitions.shipped import shipped_folder

pytestmark = needs("cc")

AN_HOUR_BACK = "-3600"
SUSPENDED = f"{TWO_LINES}schedule: {{suspended: true}}\n"
NEARBY = SUSPENDED.replace("image-scale", "nearby")


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file that says by how many seconds the clock on the wall of a daemon is moved."""
    folder = tmp_path_factory.mktemp("clock")
    source, shim = Path(__file__).with_name("clock.c"), folder / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(shim), str(source)], check=True)
    patch = pytest.MonkeyPatch()
    patch.setenv("LD_PRELOAD", str(shim))
    patch.setenv("CLOCK_MOVED", str(folder / "moved"))
    yield folder / "moved"
    patch.undo()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: Path) -> Iterator[Daemon]:
    """A daemon that has a copy of image-scale, `nearby`, which may be changed."""
    folder = tmp_path_factory.mktemp("odd")
    text = (shipped_folder() / "image-scale.yaml").read_text(encoding="utf-8")
    write(folder / "workflows" / "nearby.yaml", text.replace("name: image-scale", "name: nearby"))
    graph = (shipped_folder() / "image-scale.json").read_text(encoding="utf-8")
    write(folder / "workflows" / "image-scale.json", graph)
    workflows = [str(folder / "workflows"), str(shipped_folder())]
    daemon = Daemon(folder / "house", workflows=workflows, settle_s=2)  # cp may be slow
    daemon.start()
    yield daemon
    daemon.close()


def taken(daemon: Daemon, name: str) -> int:
    """How often a drop was taken, of which the log tells an instant after its job may begin."""

    def lines() -> list[dict[str, Any]]:
        return [line for line in daemon.logged("drop.taken") if line["drop"] == name]

    return len(wait_for(lines, within_s=60, what=f"the taking of {name}"))


def active(daemon: Daemon, name: str) -> Path:
    """The folder of a job that waits, once the queue has it."""
    found = wait_for(
        lambda: [*daemon.spool.active.glob(f"*-{name}/STATUS.yaml")], within_s=60, what=name
    )
    return found[0].parent


def test_a_job_file_that_says_something_before_it_is_whole_is_read_when_it_is(
    house: Daemon,
) -> None:
    folder = house.spool.inbox / "halves"
    picture(folder / "p1.png")
    with (folder / "job.yaml").open("w", encoding="utf-8") as file:
        file.write("vqd: 1\nworkflow: image-scale\n")
        file.flush()
        wait_for(lambda: "halves: a file is still being written" in house.waiting, within_s=60)
        file.write("fan_out: {matrix: {size: [16x16, 24x16, 32x16]}}\n")
    assert status_of(house.wait_done("halves"))["counts"]["total"] == 3
    assert taken(house, "halves") == 1


@pytest.mark.parametrize("days", [-20_000, 1], ids=["of 1970", "of tomorrow"])
def test_files_of_any_time_are_taken_and_none_is_an_older_one(house: Daemon, days: int) -> None:
    job = picture_job(house.folder / f"aged{days}")
    at = job.stat().st_mtime + 86_400 * days
    for path in (*job.iterdir(), job):
        os.utime(path, (at, at))
    subprocess.run(["cp", "-rp", str(job), str(house.spool.inbox)], check=True)
    assert status_of(house.wait_done(job.name))["counts"]["succeeded"] == 2
    assert taken(house, job.name) == 1


def test_a_clock_that_is_set_back_an_hour_changes_nothing(house: Daemon, clock: Path) -> None:
    before = len(house.logged("prompt.concluded"))
    job = TWO_LINES + "fan_out: {matrix: {size: [600x600, 610x600, 620x600, 630x600]}}\n"
    picture_job(house.folder / "timed", job=job).rename(house.spool.inbox / "timed")
    folder = house.spool.inbox / "settles"
    with (picture_job(folder) / "p3.png").open("wb") as file:
        wait_for(lambda: len(house.logged("prompt.concluded")) > before, within_s=60)
        clock.write_text(AN_HOUR_BACK, encoding="ascii")
        file.write(picture(house.folder / "p3.png").read_bytes())
    told = [status_of(house.wait_done(name)) for name in ("timed", "settles")]
    clock.unlink()
    assert told[1]["accepted_at"] < told[0]["accepted_at"], "the clock was set back"
    assert [one["counts"]["succeeded"] for one in told] == [8, 3]
    assert all(0 <= one["elapsed_s"] < 300 for one in told)
    assert len(house.logged("prompt.concluded")) == before + 11
    assert set(outcomes(house)) == {"succeeded"}
    assert (taken(house, "timed"), taken(house, "settles")) == (1, 1)


def test_what_waits_to_be_tried_again_waits_no_longer_when_the_clock_is_set_back(
    house: Daemon, clock: Path
) -> None:
    workflows = house.folder.parent / "workflows"
    told = (workflows / "nearby.yaml").read_text(encoding="utf-8")
    told = told.replace("name: nearby", "name: never")
    told = told.replace("kind: image, prefix", "kind: image, accept: {min_bytes: 1000M}, prefix")
    assert "min_bytes" in told
    write(workflows / "never.yaml", told)
    before = len(house.logged("prompt.concluded"))
    job = TWO_LINES.replace("image-scale", "never") + "retry: {limit: 4}\n"
    picture_job(house.folder / "never", pictures=1, job=job).rename(house.spool.inbox / "never")
    wait_for(lambda: len(house.logged("prompt.concluded")) == before + 4, within_s=90)
    clock.write_text(AN_HOUR_BACK, encoding="ascii")
    assert house.wait_closed("never").parent == house.spool.failed
    clock.unlink()
    assert len(house.logged("prompt.concluded")) == before + 5


def test_a_job_that_is_dropped_twice_at_once_is_two_jobs(house: Daemon) -> None:
    picture(house.spool.inbox / "shared.png")
    named = f"{TWO_LINES}inputs: {{image: shared.png}}\n"
    for ending in ("yaml", "yml"):
        write(house.folder / f"twin.{ending}", named)
    twin = picture_job(house.folder / "twin", pictures=1)
    for path in (twin, twin.with_suffix(".yaml"), twin.with_suffix(".yml")):
        path.rename(house.spool.inbox / path.name)
    wait_for(lambda: len([*house.spool.done.glob("*-twin*")]) == 3, within_s=60, what="all three")
    for folder in house.spool.done.glob("*-twin*"):
        assert status_of(folder)["counts"]["succeeded"] == 1
    assert [taken(house, f"twin{ending}") for ending in ("", ".yaml", ".yml")] == [1, 1, 1]


def test_a_workflow_that_is_edited_broken_and_removed_changes_no_job_that_waits(
    house: Daemon,
) -> None:
    definition = house.folder.parent / "workflows" / "nearby.yaml"
    for name in ("edited", "broken", "removed"):
        picture_job(house.folder / name, pictures=1, job=NEARBY).rename(house.spool.inbox / name)
    waiting = {name: active(house, name) for name in ("edited", "broken", "removed")}
    text = definition.read_text(encoding="utf-8")
    write(definition, text.replace("1024x1024", "48x48"))
    assert size_made(house, waiting["edited"]) == (1024, 1024)
    write(definition, "vqd_workflow: 1\nname: [")
    assert size_made(house, waiting["broken"]) == (1024, 1024)
    definition.unlink()
    definition.with_name("image-scale.json").unlink()
    assert size_made(house, waiting["removed"]) == (1024, 1024)
    again = picture_job(house.folder / "again", pictures=1, job=NEARBY)
    again.rename(house.spool.inbox / "again")
    assert house.wait_closed("again").parent == house.spool.failed


def size_made(house: Daemon, waiting: Path) -> tuple[int, int]:
    """Let a job go on, and give the size of the picture that it makes."""
    (waiting / "RESUME").touch()
    (made,) = (house.wait_done(waiting.name.split("-", 2)[2]) / "outputs").glob("*.png")
    with Image.open(made) as opened:
        return opened.size
