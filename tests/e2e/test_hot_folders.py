"""Hot folders, on the daemon as a process."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.lively import files_below
from tests.samples import picture
from tests.waiting import wait_for

SMALL = "vqd: 1\nworkflow: image-scale\nparams: {size: 16x16}\n"
MANY = 5000


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", gather_s=0.7)
    yield made
    made.close()


@pytest.fixture
def hot(daemon: Daemon) -> Path:
    """A hot folder that makes pictures small."""
    return write(daemon.spool.inbox / "small" / "_defaults.yaml", SMALL).parent


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder on another file system."""
    folder = Path(f"/dev/shm/vqd-e2e-{os.getpid()}")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def inputs_of(job: Path) -> list[str]:
    return sorted(
        str(path.relative_to(job / "inputs"))
        for path in (job / "inputs").rglob("*")
        if path.is_file()
    )


def all_closed(daemon: Daemon, jobs: int) -> list[Path]:
    """Wait for so many jobs in done/, and give them as they came."""
    done = daemon.spool.done
    wait_for(lambda: len([*done.iterdir()]) == jobs, within_s=60, what=f"the end of {jobs} jobs")
    return sorted(done.iterdir(), key=lambda job: (job.stat().st_mtime_ns, job.name))


def test_each_wave_of_pictures_and_each_folder_of_them_becomes_a_job(
    daemon: Daemon, hot: Path, tmp_path: Path
) -> None:
    for number in (10, 9, 1):
        picture(hot / f"shot{number}.png", shade=number)
    write(hot / "shot9.yaml", "size: 24x24\n")
    daemon.start()  # else what is slow to come is a wave of its own
    first = daemon.wait_closed("small")
    assert inputs_of(first) == ["shot1.png", "shot10.png", "shot9.png", "shot9.yaml"]
    lines = manifest_of(first)
    ordered = sorted(lines, key=lambda line: int(line["prompt"]))
    assert [line["inputs"]["image"] for line in ordered] == [
        "inputs/shot1.png",
        "inputs/shot9.png",
        "inputs/shot10.png",
    ]
    assert [line["params"]["size"] for line in ordered] == ["16x16", "24x24", "16x16"]
    assert (first / "job.yaml").read_text() == SMALL

    picture(hot / "later.png")
    picture(tmp_path / "beach" / "deep" / "a.png")
    (tmp_path / "beach").rename(hot / "beach")
    picture(tmp_path / "own" / "a.png")
    write(tmp_path / "own" / "job.yaml", "vqd: 1\nworkflow: image-scale\nparams: {method: area}\n")
    (tmp_path / "own").rename(hot / "own")
    assert inputs_of(daemon.wait_closed("beach")) == ["deep/a.png"]
    own = daemon.wait_closed("own")
    (line,) = manifest_of(own)
    assert (line["params"]["size"], line["params"]["method"]) == ("16x16", "area")
    all_closed(daemon, 4)
    assert sorted(path.name for path in hot.iterdir()) == ["_defaults.yaml"]
    wait_for(
        lambda: len(daemon.waiting.splitlines()) == 3,
        within_s=60,
        what="nothing to be told of but the hot folder",
    )
    assert daemon.waiting.splitlines()[2].startswith("small: hot folder: drop image files (.png")

    own.rename(daemon.spool.inbox / "again")
    again = wait_for(lambda: daemon.closed("own"), within_s=60)
    assert manifest_of(again)[0]["params"]["size"] == "16x16"


def test_a_slow_file_keeps_no_other_and_goes_when_it_is_whole(daemon: Daemon, hot: Path) -> None:
    daemon.start()
    content = picture(hot.parent.parent / "source.png", size=(300, 200)).read_bytes()
    with (hot / "slow.png").open("wb") as file:
        file.write(content[:100])
        file.flush()
        picture(hot / "quick.png")
        first = daemon.wait_closed("small")
        assert inputs_of(first) == ["quick.png"]
        wait_for(lambda: "small/slow.png: still growing" in daemon.waiting, within_s=60)
        file.write(content[100:])
    _, second = all_closed(daemon, 2)
    assert inputs_of(second) == ["slow.png"]
    assert status_of(second)["counts"]["succeeded"] == 1


def test_broken_defaults_hold_files_back_and_a_job_has_those_of_its_time(
    daemon: Daemon, hot: Path
) -> None:
    write(hot / "_defaults.yaml", SMALL.replace("params", "param"))
    daemon.start()
    picture(hot / "a.png")
    wait_for(lambda: "param: unknown key. Did you mean params?" in daemon.waiting, within_s=60)
    assert [*daemon.spool.failed.iterdir()] == []
    write(hot / "_defaults.yaml", SMALL)
    first = daemon.wait_closed("small")
    write(hot / "_defaults.yaml", SMALL.replace("16x16", "24x24"))
    picture(hot / "b.png")
    _, second = all_closed(daemon, 2)
    sizes = []
    for job in (first, second):
        (line,) = manifest_of(job)
        with Image.open(job / line["output"]) as image:
            sizes.append(image.size)
    assert sizes == [(16, 16), (24, 24)]


def test_a_hot_folder_on_another_file_system_keeps_what_was_taken(
    tmp_path: Path, memory: Path
) -> None:
    shots, away = memory / "shots", tmp_path / "away"
    shots.mkdir()
    daemon = Daemon(
        tmp_path / "house",
        gather_s=0.7,
        hot_folders={
            "shots": {"path": str(shots), "workflow": "image-scale"},
            "away": {"path": str(away), "workflow": "image-scale"},
        },
    ).start()
    try:
        content = picture(shots / "a.png").read_bytes()
        picture(shots / "beach" / "b.png")
        job, beach = daemon.wait_closed("shots"), daemon.wait_closed("beach")
        assert (job / "inputs" / "a.png").read_bytes() == content
        assert (shots / "_taken" / job.name / "a.png").read_bytes() == content
        assert (shots / "_taken" / beach.name / "b.png").is_file()
        assert [path.name for path in shots.iterdir()] == ["_taken"]
        assert f"{away}: hot folder, away: there is no such folder" in daemon.waiting
        assert f"{away}: hot folder, away: " in daemon.vqd("status").stdout
        assert len(daemon.logged("hot.away")) == 1
        picture(away / "c.png")
        assert inputs_of(daemon.wait_closed("away")) == ["c.png"]
        assert [*away.iterdir()] == []
    finally:
        daemon.close()


def is_building(active: Path) -> bool:
    """Tell whether pictures lie in a folder that is to become a job's."""
    return any(path.match(".*.part/*.png") for path in files_below(active))


def test_nothing_is_lost_or_doubled_when_the_daemon_is_killed_while_it_takes(
    daemon: Daemon, hot: Path, tmp_path: Path
) -> None:
    (daemon.spool.root / "PAUSE").touch()
    source = hot.parent.parent / "source"
    source.mkdir()
    for number in range(MANY):
        (source / f"{number}.png").touch()
    daemon.start()
    for number in range(MANY):
        (source / f"{number}.png").rename(hot / f"{number}.png")
    active = daemon.spool.active
    wait_for(lambda: is_building(active), within_s=60, what="the taking")
    daemon.kill()
    daemon.start()
    wait_for(lambda: not [*hot.glob("*.png")], within_s=60, what="the taking of all")
    wait_for(lambda: not [*active.glob(".*")], within_s=60, what="the end of it")
    taken = Counter(path.name for path in active.glob("*/*.png"))
    assert taken == Counter(f"{number}.png" for number in range(MANY))
