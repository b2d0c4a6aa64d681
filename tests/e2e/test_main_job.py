import json
import os
import shutil
from pathlib import Path

import av
import pytest
import yaml
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import clip_job, picture, picture_job
from tests.waiting import wait_for

MATRIX = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix: {size: [16x16, 24x16], method: [lanczos, nearest-exact]}
"""


def drop(daemon: Daemon, folder: Path) -> None:
    """Move a folder into the inbox, by one rename."""
    folder.rename(daemon.spool.inbox / folder.name)


def test_a_folder_of_pictures_comes_back_done_with_all_that_was_promised(
    daemon: Daemon, tmp_path: Path
) -> None:
    job = picture_job(tmp_path / "beach", job=MATRIX)
    (job / "sketch.psd").write_bytes(b"8BPS")
    dropped = {path.name: path.read_bytes() for path in job.iterdir()}
    daemon.start()
    drop(daemon, job)
    folder = daemon.wait_closed("beach")

    assert folder.parent == daemon.spool.done
    status = status_of(folder)
    assert (status["state"], status["percent"]) == ("done", 100)
    assert status["counts"]["succeeded"] == status["counts"]["total"] == 8
    assert status["left_out"] == ["sketch.psd"]
    lines = manifest_of(folder)
    assert [line["prompt"] for line in lines] == list(range(1, 9))
    for line in lines:
        with Image.open(folder / line["output"]) as image:
            image.load()
            assert f"{image.width}x{image.height}" == line["params"]["size"]
            assert (line["width"], line["height"]) == image.size
            assert json.loads(image.info["prompt"])
        assert (folder / line["inputs"]["image"]).is_file()
        assert (folder / "graphs" / f"{line['graph']}.json").is_file()
        assert yaml.safe_load((folder / f"{line['output']}.yaml").read_text())["vqd"] == 1
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert all(Path(line["output"]).name in report for line in lines)
    log = (folder / "log.txt").read_text()
    assert " accepted: " in log
    assert " no input takes sketch.psd\n" in log
    assert (folder / "job.yaml").read_bytes() == dropped.pop("job.yaml")
    assert {name: (folder / "inputs" / name).read_bytes() for name in dropped} == dropped
    assert list(daemon.spool.active.iterdir()) == []
    assert [path.name for path in daemon.spool.inbox.iterdir()] == ["_vqd"]


def test_a_clip_is_scaled_and_keeps_its_frames_and_pace(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    drop(daemon, clip_job(tmp_path / "day", frames=12))
    folder = daemon.wait_closed("day")
    (line,) = manifest_of(folder)
    assert (line["width"], line["height"], line["frames"], line["fps"]) == (160, 100, 12, 12)
    with av.open(str(folder / line["output"])) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 12


def test_a_sidecar_dropped_into_the_inbox_makes_the_same_output(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    drop(daemon, picture_job(tmp_path / "first", pictures=1))
    first = daemon.wait_closed("first")
    (line,) = manifest_of(first)
    shutil.copy(first / f"{line['output']}.yaml", daemon.spool.inbox / "again.yaml")
    again = wait_for(
        lambda: next((path for path in daemon.spool.done.iterdir() if path != first), None),
        within_s=60,
    )
    (second,) = manifest_of(again)
    with Image.open(first / line["output"]) as one, Image.open(again / second["output"]) as other:
        assert one.tobytes() == other.tobytes()


BROKEN = {
    "not-yaml": ("vqd: 1\nworkflow: [image-scale\n", "job.yaml:", None),
    "unknown-key": ("vqd: 1\nworkflow: image-scale\nparam: {}\n", "job.yaml:3", "params"),
    "unknown-workflow": ("vqd: 1\nworkflow: image-scael\n", "job.yaml:2", "image-scale"),
    "missing-input": (
        "vqd: 1\nworkflow: image-scale\ninputs: {image: nope.png}\n",
        "job.yaml:3",
        "nope.png",
    ),
    "out-of-range": (
        "vqd: 1\nworkflow: image-scale\nparams: {size: 99999x10}\n",
        "job.yaml:3",
        "params.size",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_job_comes_back_failed_and_says_where(
    daemon: Daemon, tmp_path: Path, name: str
) -> None:
    text, place, named = BROKEN[name]
    daemon.start()
    drop(daemon, picture_job(tmp_path / name, job=text))
    folder = daemon.wait_closed(name)
    assert folder.parent == daemon.spool.failed
    why = (folder / "WHY.txt").read_text(encoding="utf-8")
    assert place in why
    assert named is None or named in why
    assert (folder / "inputs" / "p1.png").is_file()
    assert status_of(folder)["problems"][0]["code"]
    assert (folder / "report.html").is_file()


def test_an_input_that_is_no_image_fails_its_own_prompt_only(
    daemon: Daemon, tmp_path: Path
) -> None:
    job = picture_job(tmp_path / "mixed", pictures=2)
    write(job / "cat.png", "<!DOCTYPE html><title>404</title>")
    daemon.start()
    drop(daemon, job)
    folder = daemon.wait_closed("mixed")
    assert folder.parent == daemon.spool.failed
    assert status_of(folder)["counts"]["succeeded"] == 2
    why = (folder / "WHY.txt").read_text(encoding="utf-8")
    assert "cat.png" in why
    assert "invalid" in why
    assert len(manifest_of(folder)) == 2


def test_a_folder_that_is_written_slowly_is_taken_when_it_is_whole(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    source = picture_job(tmp_path / "slow", pictures=3)
    target = daemon.spool.inbox / "slow"
    target.mkdir()
    shutil.copy(source / "job.yaml", target)
    with (target / "p1.png").open("wb") as file:
        for byte in (source / "p1.png").read_bytes()[:40]:
            file.write(bytes([byte]))
            file.flush()
            os.fsync(file.fileno())
        wait_for(lambda: "slow" in daemon.waiting, within_s=60)
        assert daemon.closed("slow") is None
        file.write((source / "p1.png").read_bytes()[40:])
        shutil.copy(source / "p2.png", target)
        shutil.copy(source / "p3.png", target)
    folder = daemon.wait_closed("slow")
    assert folder.parent == daemon.spool.done
    assert len(manifest_of(folder)) == 3


def test_an_empty_folder_waits_and_disturbs_nothing(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    (daemon.spool.inbox / "empty").mkdir()
    drop(daemon, picture_job(tmp_path / "other", pictures=1))
    assert daemon.wait_closed("other").parent == daemon.spool.done
    assert (daemon.spool.inbox / "empty").is_dir()
    wait_for(lambda: "empty: no job.yaml here" in daemon.waiting, within_s=60)


def test_a_bare_job_file_takes_its_picture_along(daemon: Daemon) -> None:
    daemon.start()
    picture(daemon.spool.inbox / "in" / "cat.png")
    write(
        daemon.spool.inbox / "bare.yaml",
        "vqd: 1\nworkflow: image-scale\ninputs: {image: in/cat.png}\n",
    )
    folder = daemon.wait_closed("bare")
    assert folder.parent == daemon.spool.done
    assert (folder / "inputs" / "in" / "cat.png").is_file()


def test_a_failed_job_moved_back_runs_only_what_had_failed(daemon: Daemon, tmp_path: Path) -> None:
    job = picture_job(tmp_path / "mend", pictures=1)
    write(job / "cat.png", "no picture yet")
    daemon.start()
    drop(daemon, job)
    failed = daemon.wait_closed("mend")
    kept = next((failed / "outputs").rglob("*.png"))
    facts = (kept.stat().st_ino, kept.stat().st_mtime_ns)
    picture(failed / "inputs" / "cat.png", shade=9)
    assert daemon.vqd("retry", failed.name).returncode == 0
    done = wait_for(
        lambda: next(iter(daemon.spool.done.iterdir()), None), within_s=60, what="the second run"
    )
    assert done.name == failed.name
    assert len(manifest_of(done)) == 2
    again = done / kept.relative_to(failed)
    assert (again.stat().st_ino, again.stat().st_mtime_ns) == facts
    assert not (done / "WHY.txt").exists()


def test_a_rejected_job_that_was_mended_and_moved_back_runs(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    drop(daemon, picture_job(tmp_path / "typo", job="vqd: 1\nworkflow: image-scael\n"))
    failed = daemon.wait_closed("typo")
    write(failed / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    failed.rename(daemon.spool.inbox / "typo")
    done = wait_for(lambda: next(iter(daemon.spool.done.iterdir()), None), within_s=60)
    assert "-typo" in done.name
    assert len(manifest_of(done)) == 2


def test_a_paused_job_says_why_nothing_runs(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    sizes = ", ".join(f"{width}x16" for width in range(16, 416, 2))
    job = f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: [{sizes}]}}}}\n"
    picture_job(tmp_path / "beach", pictures=1, job=job).rename(daemon.spool.inbox / "beach")
    (status,) = wait_for(lambda: [*daemon.spool.active.glob("*-beach/STATUS.yaml")], within_s=60)
    folder = status.parent
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=60)
    (daemon.spool.root / "PAUSE").touch()
    wait_for(lambda: (status_of(folder)["reason"] or "").startswith("paused"), within_s=60)
    (daemon.spool.root / "PAUSE").unlink()
    assert status_of(daemon.wait_closed("beach"))["reason"] is None


def test_many_prompts_that_failed_alike_are_one_line_in_why(daemon: Daemon, tmp_path: Path) -> None:
    picture_job(
        tmp_path / "beach",
        job="vqd: 1\nworkflow: image-scale\nfan_out: {matrix: {size: [16x16, 24x16, 32x16]}}\n",
    )
    write(tmp_path / "beach" / "p2.png", "no picture")
    daemon.start()
    (tmp_path / "beach").rename(daemon.spool.inbox / "beach")
    why = (daemon.wait_closed("beach") / "WHY.txt").read_text()
    assert why.count("p2.png is not a usable image") == 1
    assert " and 2 more: invalid: p2.png" in why
