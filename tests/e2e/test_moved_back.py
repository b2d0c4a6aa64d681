"""A job that comes back, edited or not, whatever became of the queue: only what must be runs."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture, picture_job
from tests.waiting import wait_for

JOB = """\
vqd: 1
workflow: image-scale
params: {method: area}
fan_out: {matrix: {size: [16x16, 24x16, 32x16]}}
"""


def done(daemon: Daemon, name: str = "beach", *, job: str = JOB, pictures: int = 2) -> Path:
    """Drop a job and wait for its end; gives its folder."""
    made = picture_job(daemon.folder / "dropping" / name, job=job, pictures=pictures)
    made.rename(daemon.spool.inbox / name)
    return daemon.wait_closed(name)


def again(daemon: Daemon, folder: Path) -> Path:
    """Move a folder back into the inbox and wait for its end; gives where it lies then."""
    closed = len(daemon.logged("job.closed"))
    folder.rename(daemon.spool.inbox / folder.name)
    wait_for(lambda: len(daemon.logged("job.closed")) > closed, within_s=60)
    return daemon.wait_closed(folder.name.split("-", 2)[2])


def rendered(daemon: Daemon) -> int:
    return len(daemon.logged("prompt.concluded"))


def counts(folder: Path) -> tuple[int, int]:
    """How many prompts succeeded, and how many of them were kept."""
    told = status_of(folder)["counts"]
    return told["succeeded"], told["kept"]


def outputs(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each output is, by its name."""
    facts = {path.name: path.stat() for path in (folder / "outputs").rglob("*.png")}
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in facts.items()}


def lines(folder: Path) -> list[dict[str, Any]]:
    """The manifest, which must tell of exactly the outputs that are there."""
    told = manifest_of(folder)
    files = sorted(str(path.relative_to(folder)) for path in (folder / "outputs").rglob("*.png"))
    assert sorted(line["output"] for line in told) == files
    return told


def test_a_value_added_to_an_axis_runs_that_alone(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    before, ran = outputs(first), rendered(daemon)
    write(first / "job.yaml", JOB.replace("32x16", "32x16, 40x16"))
    second = again(daemon, first)
    assert (second, counts(second)) == (first, (8, 6))
    assert rendered(daemon) - ran == 2
    assert before.items() <= outputs(second).items()
    assert [line["kept"] for line in lines(second)].count(True) == 6
    assert "kept" in (second / "report.html").read_text(encoding="utf-8")


def test_a_parameter_that_becomes_an_axis_keeps_what_was_made_with_it(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon, pictures=1)
    write(
        first / "job.yaml",
        "vqd: 1\nworkflow: image-scale\n"
        "fan_out: {matrix: {size: [16x16, 24x16], method: [area, lanczos]}}\n",
    )
    second = again(daemon, first)
    assert counts(second) == (4, 2)
    kept = [line for line in lines(second) if line["kept"]]
    assert {line["params"]["method"] for line in kept} == {"area"}
    aside = [path.name for path in (second / "previous").rglob("*.png")]
    assert aside == ["p1_size-32x16.png"]


def test_edited_twice_and_back_again_it_keeps_what_there_is_each_time(daemon: Daemon) -> None:
    daemon.start()
    folder = done(daemon, pictures=1)
    for text, expected in (
        (JOB.replace("area", "lanczos"), (3, 0)),
        (JOB.replace("area", "lanczos").replace("16x16, ", ""), (2, 2)),
        (JOB.replace("area", "lanczos"), (3, 2)),
        (JOB, (3, 0)),
    ):
        write(folder / "job.yaml", text)
        folder = again(daemon, folder)
        assert counts(folder) == expected
        assert len(lines(folder)) == expected[0]


def test_an_exchanged_input_and_a_deleted_output_are_made_again(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    before = outputs(first)
    picture(first / "inputs" / "p1.png", shade=77)
    (first / "outputs" / "p2_size-16x16.png").unlink()
    write(first / "outputs" / "p2_size-24x16.png", "painted over")
    checked = daemon.vqd("check", str(first)).stdout
    assert "1 kept, 5 to run" in checked
    assert "image is another file" in checked
    assert "what it made is gone, or was changed" in checked
    second = again(daemon, first)
    assert counts(second) == (6, 1)
    kept = "p2_size-32x16.png"
    assert outputs(second)[kept] == before[kept]
    assert (second / "previous" / "outputs" / "p2_size-24x16.png").read_text() == "painted over"
    assert len(lines(second)) == 6


def test_what_is_kept_whole_runs_nothing_and_says_so(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    before, ran = outputs(first), rendered(daemon)
    assert daemon.vqd("retry", "beach").returncode == 0
    wait_for(lambda: len(daemon.logged("job.closed")) == 2, within_s=60)
    second = daemon.wait_closed("beach")
    assert (second, counts(second), rendered(daemon)) == (first, (6, 6), ran)
    assert outputs(second) == before
    assert "nothing was left to run" in status_of(second)["reason"]
    assert not list(second.glob("previous*"))


def test_a_failed_job_is_mended_where_it_was_wrong(daemon: Daemon) -> None:
    daemon.start()
    made = picture_job(daemon.folder / "mend", pictures=2, job=JOB)
    write(made / "cat.png", "no picture yet")
    made.rename(daemon.spool.inbox / "mend")
    failed = daemon.wait_closed("mend")
    assert failed.parent == daemon.spool.failed
    (failed / "inputs" / "cat.png").unlink()
    write(failed / "job.yaml", JOB + 'inputs: {image: "p*.png"}\n')
    mended = again(daemon, failed)
    assert (mended.parent, counts(mended)) == (daemon.spool.done, (6, 6))
    assert not (mended / "WHY.txt").exists()


def test_an_edit_that_cannot_run_touches_no_output(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    before = outputs(first)
    write(first / "job.yaml", JOB.replace("area", "aera"))
    broken = again(daemon, first)
    assert (broken.parent, outputs(broken)) == (daemon.spool.failed, before)
    assert "aera" in (broken / "WHY.txt").read_text()
    write(broken / "job.yaml", JOB)
    assert counts(again(daemon, broken)) == (6, 6)


def test_a_queue_that_was_lost_costs_nothing_that_was_made(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    before, ran = outputs(first), rendered(daemon)
    daemon.stop()
    (daemon.folder / "state").rename(daemon.folder / "lost")
    (daemon.folder / "state").mkdir()
    (first / "outputs" / "p1_size-16x16.png").unlink()
    daemon.start()
    second = again(daemon, first)
    assert (second.name, counts(second)) == (first.name, (6, 5))
    assert rendered(daemon) - ran == 1
    assert len(before.items() & outputs(second).items()) == 5
    assert " accepted: " in next(second.glob("previous/log.txt")).read_text()


def test_a_job_that_ran_when_its_queue_was_lost_goes_on_where_it_was(daemon: Daemon) -> None:
    daemon.start()
    sizes = ", ".join(f"{width}x16" for width in range(16, 176, 2))
    made = picture_job(
        daemon.folder / "long",
        pictures=1,
        job=f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: [{sizes}]}}}}\n",
    )
    made.rename(daemon.spool.inbox / "long")
    wait_for(lambda: rendered(daemon) >= 5, within_s=60)
    daemon.kill()
    (daemon.folder / "state").rename(daemon.folder / "lost")  # where its engine may still write
    daemon.start()
    folder = daemon.wait_closed("long")
    succeeded, kept = counts(folder)
    assert (folder.parent, succeeded) == (daemon.spool.done, 80)
    assert kept >= 5
    assert len(lines(folder)) == 80
    assert sorted(path.name for path in (folder / "inputs").iterdir()) == ["p1.png"]


@pytest.mark.parametrize("place", ["inbox", "active"])
def test_a_folder_from_another_spool_keeps_what_it_has(
    daemon: Daemon, tmp_path: Path, place: str
) -> None:
    daemon.start()
    first = done(daemon)
    copied = tmp_path / "copied" / first.name
    shutil.copytree(first, copied)
    other = Daemon(tmp_path / "other")
    try:
        other.start()
        copied.rename(getattr(other.spool, place) / first.name)
        second = other.wait_closed("beach")
        assert (second.name, counts(second), rendered(other)) == (first.name, (6, 6), 0)
    finally:
        other.close()


def test_a_copy_of_a_job_that_is_still_there_is_a_job_of_its_own(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    copied = shutil.copytree(first, daemon.folder / "copy")
    copied.rename(daemon.spool.inbox / "copy")
    wait_for(lambda: len(daemon.logged("job.closed")) == 2, within_s=60)
    (second,) = (folder for folder in daemon.spool.done.iterdir() if folder != first)
    assert counts(first) == (6, 0)
    assert counts(second) == (6, 6)
    assert status_of(second)["job"] == second.name


def test_a_kill_while_it_is_taken_in_changes_nothing(daemon: Daemon) -> None:
    daemon.start()
    first = done(daemon)
    before = outputs(first)
    for _ in range(4):
        first.rename(daemon.spool.inbox / first.name)
        wait_for(
            lambda: first.name not in {p.name for p in daemon.spool.inbox.iterdir()}, within_s=60
        )
        daemon.kill()
        daemon.start()
        folder = daemon.wait_closed("beach")
        assert (folder, counts(folder), outputs(folder)) == (first, (6, 6), before)
    assert rendered(daemon) == 6
