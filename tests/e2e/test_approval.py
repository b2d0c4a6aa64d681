"""What waits until a person has approved of it: a proof that was made, and a job that is large."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture, picture_job
from tests.waiting import wait_for

JOB = """\
vqd: 1
workflow: image-scale
fan_out: {matrix: {size: [16x16, 24x16]}}
"""
PROOF = f"{JOB}proof: {{inputs: 1}}\n"
MADE = "proof made: look at proof.html, then put APPROVE into the folder"


def put(daemon: Daemon, name: str, job: str, *, pictures: int) -> None:
    """Drop a job of some pictures."""
    made = picture_job(daemon.folder / "dropping" / name, pictures=pictures, job=job)
    made.rename(daemon.spool.inbox / name)


def drop(daemon: Daemon, name: str, job: str) -> Path:
    """Drop a job of three pictures that is going to wait; gives its folder once it was taken."""
    put(daemon, name, job, pictures=3)
    return daemon.wait_accepted(name)


def told(folder: Path) -> tuple[str, str | None] | None:
    """A job's state and reason, once it has a status."""
    if not (folder / "STATUS.yaml").exists():
        return None
    status = status_of(folder)
    return status["state"], status["reason"]


def wait_told(folder: Path, state: str, reason: str) -> None:
    wait_for(lambda: told(folder) == (state, reason), within_s=60, what=reason)


def test_a_proof_waits_for_approve_through_a_kill_and_is_not_made_again(daemon: Daemon) -> None:
    daemon.start()
    folder = drop(daemon, "beach", PROOF)
    wait_told(folder, "queued", MADE)
    assert MADE in daemon.vqd("status").stdout
    page = (folder / "proof.html").read_text(encoding="utf-8")
    assert MADE in page
    made = sorted(path.name for path in (folder / "outputs").glob("*.png"))
    assert made == ["p1_size-16x16.png", "p1_size-24x16.png"]
    assert all(name in page for name in made)
    assert 'href="p1.png"' in unquote(page)
    before = {name: (folder / "outputs" / name).stat().st_mtime_ns for name in made}

    daemon.kill()
    (folder / "proof.html").unlink()
    daemon.start()
    put(daemon, "other", JOB, pictures=1)
    daemon.wait_closed("other")
    wait_for((folder / "proof.html").exists, within_s=60, what="the page's return")
    wait_told(folder, "queued", MADE)
    assert status_of(folder)["counts"]["succeeded"] == 2

    assert daemon.vqd("approve", "beach").returncode == 0
    done = daemon.wait_closed("beach")
    assert done.parent == daemon.spool.done
    lines = manifest_of(done)
    assert [line["prompt"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert {line["attempt"] for line in lines} == {1}
    after = {name: (done / "outputs" / name).stat().st_mtime_ns for name in made}
    assert after == before
    assert (done / "report.html").is_file()
    assert not (done / "proof.html").exists()


def test_a_daemon_that_dies_while_it_makes_the_proof_makes_it_whole_and_no_more(
    daemon: Daemon,
) -> None:
    daemon.start()
    sizes = ", ".join(f"{width}x16" for width in range(16, 96, 2))
    folder = drop(daemon, "beach", PROOF.replace("16x16, 24x16", sizes))
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=60)
    daemon.kill()
    daemon.start()
    wait_told(folder, "queued", MADE)
    assert status_of(folder)["counts"]["succeeded"] == 40
    assert len([*(folder / "outputs").glob("*.png")]) == 40


def test_cancel_ends_a_job_whose_proof_was_not_liked(daemon: Daemon) -> None:
    daemon.start()
    folder = drop(daemon, "beach", PROOF)
    wait_told(folder, "queued", MADE)
    assert daemon.vqd("cancel", "beach").returncode == 0
    closed = daemon.wait_closed("beach")
    status = status_of(closed)
    assert (closed.parent, status["state"]) == (daemon.spool.failed, "cancelled")
    assert (status["counts"]["succeeded"], status["counts"]["cancelled"]) == (2, 4)
    assert not (closed / "proof.html").exists()


def test_a_proof_that_failed_is_shown_mended_and_shown_anew(daemon: Daemon) -> None:
    daemon.start()
    job = picture_job(daemon.folder / "beach", job=f"{PROOF}retry: {{limit: 0}}\n")
    write(job / "p1.png", "no picture")
    job.rename(daemon.spool.inbox / "beach")
    folder = daemon.wait_accepted("beach")
    wait_told(folder, "queued", MADE)
    assert "is not a usable image" in (folder / "proof.html").read_text(encoding="utf-8")
    picture(folder / "p1.png")
    assert daemon.vqd("retry", "beach").returncode == 0
    wait_for(lambda: status_of(folder)["counts"]["succeeded"] == 2, within_s=60)
    wait_for(
        lambda: "p1_size-16x16.png" in (folder / "proof.html").read_text(encoding="utf-8"),
        within_s=60,
        what="the new page",
    )
    wait_told(folder, "queued", MADE)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that quotes what has more than four prompts."""
    made = Daemon(tmp_path / "strict", quote_over={"prompts": 4})
    yield made
    made.close()


def test_a_large_job_is_quoted_and_starts_when_it_is_approved(strict: Daemon) -> None:
    strict.start()
    folder = drop(strict, "beach", JOB)
    wait_told(folder, "quoted", "quoted: 6 prompts, time unknown; APPROVE starts it")
    strict.kill()
    strict.start()
    put(strict, "small", JOB, pictures=2)
    strict.wait_closed("small")
    assert told(folder) == ("quoted", "quoted: 6 prompts, time unknown; APPROVE starts it")
    again = drop(strict, "again", JOB)
    wait_for(lambda: told(again) is not None, within_s=60)
    assert "6 prompts, about " in status_of(again)["reason"]
    write(folder / "approve.txt", "")
    done = strict.wait_closed("beach")
    assert status_of(done)["counts"]["succeeded"] == 6
    assert [path.name[:12] for path in done.rglob("APPROVE*")] == ["APPROVE.done"]
    assert strict.vqd("cancel", "again").returncode == 0
    assert status_of(strict.wait_closed("again"))["counts"]["cancelled"] == 6
