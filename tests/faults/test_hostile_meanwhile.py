"""What people do to a job, to its folder and to the spool while the daemon works on them."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders import write
from tests.canary import Canary
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for

NOBODY = 65534


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder elsewhere that nobody may open."""
    picture(tmp_path / "elsewhere" / "secret" / "p1.png", shade=9)
    write(tmp_path / "elsewhere" / "secret" / "job.yaml", TWO_LINES)
    return tmp_path / "elsewhere" / "secret"


def drop(daemon: Daemon, folder: Path) -> None:
    folder.rename(daemon.spool.inbox / folder.name)


def wait_active(daemon: Daemon, name: str) -> Path:
    return wait_for(
        lambda: next(daemon.spool.active.glob(f"[0-9]*-{name}"), None),
        within_s=60,
        what=f"{name} in active/",
    )


def wait_status(folder: Path) -> None:
    wait_for(lambda: (folder / "STATUS.yaml").exists(), within_s=60, what="its status")


def replace_by_link(path: Path, target: Path) -> None:
    link = path.with_name("a link")
    link.symlink_to(target)
    if path.is_dir():
        shutil.rmtree(path)
    link.replace(path)  # by one step, whatever is written there meanwhile


def test_links_put_into_a_waiting_job_are_neither_read_nor_written_through(
    daemon: Daemon, tmp_path: Path, secret: Path
) -> None:
    daemon.spool.pause()
    daemon.start()
    picture(picture_job(tmp_path / "job") / "sub" / "p1.png", shade=3)
    drop(daemon, tmp_path / "job")
    folder = wait_active(daemon, "job")
    wait_status(folder)
    with Canary(secret) as canary:
        replace_by_link(folder / "p1.png", secret / "p1.png")
        replace_by_link(folder / "sub", secret)
        for name in (".part", ".dropped", "outputs", "graphs", "inputs"):
            replace_by_link(folder / name, secret)
        for name in (".STATUS.yaml.part", ".log.txt.part", "manifest.jsonl", "WHY.txt"):
            replace_by_link(folder / name, secret / "job.yaml")
        (folder / "report.html").mkdir()
        daemon.spool.resume()
        closed = daemon.wait_closed("job")
        assert canary.touched() == []
    assert (closed.parent, status_of(closed)["counts"]["succeeded"]) == (daemon.spool.failed, 1)
    why = (closed / "WHY.txt").read_text()
    assert "p1.png is not a usable image: it is a link, not a file" in why
    assert "sub/p1.png cannot be read: Not a directory" in why
    (line,) = manifest_of(closed)
    assert (closed / line["output"]).is_file()
    assert (closed / "report.html").is_file()


def test_a_job_folder_swapped_for_a_link_is_not_read_through(
    daemon: Daemon, tmp_path: Path, secret: Path
) -> None:
    daemon.spool.pause()
    daemon.start()
    drop(daemon, picture_job(tmp_path / "job", pictures=1))
    folder = wait_active(daemon, "job")
    wait_status(folder)
    with Canary(secret) as canary:
        folder.rename(tmp_path / "taken away")
        folder.symlink_to(secret)
        daemon.spool.resume()
        drop(daemon, picture_job(tmp_path / "other"))
        assert daemon.wait_closed("other").parent == daemon.spool.done
        wait_for(lambda: "cancelled" in daemon.vqd("list").stdout, within_s=60)
        assert canary.touched() == []


def test_what_becomes_a_file_a_folder_and_a_link_in_turn_is_taken_when_it_stays_one(
    daemon: Daemon, tmp_path: Path, secret: Path
) -> None:
    daemon.start()
    place = daemon.spool.inbox / "turns.yaml"
    turns: list[Callable[[Path], object]] = [
        lambda path: picture_job(path),
        lambda path: write(path, "half: ["),
        lambda path: path.symlink_to(secret),
    ]
    with Canary(secret) as canary:
        for turn in range(200):
            made = tmp_path / f"made-{turn}"
            turns[turn % len(turns)](made)
            made.rename(place)
            with suppress(FileNotFoundError):  # it was taken
                place.rename(tmp_path / f"away-{turn}")
        drop(daemon, picture_job(tmp_path / "last"))
        picture_job(tmp_path / "stays").rename(place)
        for name in ("last", "turns.yaml"):
            wait_for(lambda name=name: ended(daemon, name), within_s=60, what=name)  # type: ignore[misc]
        assert canary.touched() == []
    assert not daemon.logged("drop.failed")
    assert not place.exists()


def ended(daemon: Daemon, name: str) -> bool:
    """Tell whether every job that a drop of this name became has ended, and one did."""
    jobs = [line["job"] for line in daemon.logged("drop.taken") if line["drop"] == name]
    closed = {line["job"] for line in daemon.logged("job.closed")}
    return not os.path.lexists(daemon.spool.inbox / name) and {*jobs} <= closed and bool(jobs)


def test_a_folder_that_claims_to_be_another_job_does_that_no_harm(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    drop(daemon, picture_job(tmp_path / "first"))
    done = daemon.wait_closed("first")
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    daemon.spool.pause()
    drop(daemon, picture_job(tmp_path / "second"))
    active = wait_active(daemon, "second")
    wait_status(active)
    for told, name in ((done, "as-done"), (active, "as-active")):
        claims = picture_job(tmp_path / name, pictures=1)
        shutil.copy(told / "STATUS.yaml", claims)
        shutil.copy(told / "job.yaml", claims)
        write(claims / "outputs" / "p1.png", "not vqd's")
        drop(daemon, claims)
        wait_active(daemon, name)
    daemon.spool.resume()
    assert status_of(daemon.wait_closed("second"))["counts"]["succeeded"] == 2
    for name in ("as-done", "as-active"):
        closed = daemon.wait_closed(name)
        assert (closed.parent, len(manifest_of(closed))) == (daemon.spool.done, 1)
        assert "not vqd's" in {
            path.read_text() for path in closed.glob("**/previous/outputs/p1.png")
        }
    assert {path: path.read_bytes() for path in done.rglob("*") if path.is_file()} == before


def test_strange_things_in_active_keep_no_job_from_running_and_no_daemon_from_starting(
    daemon: Daemon, tmp_path: Path, secret: Path
) -> None:
    active = daemon.spool.active
    (active / "20260101-000000-link").symlink_to(secret)
    picture_job(active / os.fsdecode(b"not-utf8-\xff"))
    write(active / "20260101-000000-a-file", "x")
    os.mkfifo(active / "20260101-000000-a-fifo")
    (active / "no job.yaml in it").mkdir()
    write(active / ".20260101-000000-x.part" / "y.png", "x")
    with Canary(secret) as canary:
        for turn in range(2):
            daemon.start()
            drop(daemon, picture_job(tmp_path / f"job{turn}"))
            assert daemon.wait_closed(f"job{turn}").parent == daemon.spool.done
            assert daemon.stop() == 0
        assert canary.touched() == []
    (taken,) = daemon.spool.done.glob("*not-utf8*")
    assert status_of(taken)["counts"]["succeeded"] == 2


def test_what_vqd_writes_into_the_inbox_is_not_written_through_a_link(
    daemon: Daemon, tmp_path: Path, secret: Path
) -> None:
    (daemon.spool.inbox / "_vqd").symlink_to(secret)
    write(daemon.spool.inbox / "notes.txt", "x")
    with Canary(secret) as canary:
        daemon.start()
        wait_for(lambda: "notes.txt" in daemon.waiting, within_s=60, what="WAITING.txt")
        assert canary.touched() == []
    assert not (daemon.spool.inbox / "_vqd").is_symlink()


@pytest.mark.parametrize("name", [b"hot", b"h\xf6t", b"image-scale"])
def test_odd_things_in_a_hot_folder_are_told_and_keep_nothing_else_from_being_taken(
    daemon: Daemon, secret: Path, name: bytes
) -> None:
    hot = daemon.spool.inbox / os.fsdecode(name)
    write(hot / "_defaults.yaml", TWO_LINES)
    picture(hot / "a\nb.png")
    picture(hot / "CON.png", shade=2)
    picture(hot / "x.png", shade=3).rename(hot / os.fsdecode(b"\xff.png"))
    (hot / "link.png").symlink_to(secret / "p1.png")
    (hot / "linked").symlink_to(secret)
    (hot / "CON.yaml").symlink_to(secret / "job.yaml")
    os.mkfifo(hot / "fifo.png")
    with Canary(secret) as canary:
        daemon.start()
        done = wait_for(lambda: [*daemon.spool.done.iterdir()], within_s=60, what="a job of it")
        wait_for(lambda: daemon.waiting.count("neither a file nor a folder") == 4, within_s=60)
        assert canary.touched() == []
    assert {line["inputs"]["image"] for line in manifest_of(done[0])} == {
        "inputs/a\nb.png",
        "inputs/CON.png",
    }
    assert "its name is not UTF-8" in daemon.waiting
    assert not daemon.logged("drop.failed")


class PlainDaemon(Daemon):
    """A daemon of root's without root's right to read and write everything."""

    @property
    def _vqd(self) -> list[str]:
        return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *super()._vqd]


@pytest.fixture
def plain_daemon(tmp_path: Path) -> Iterator[PlainDaemon]:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can let a daemon have less rights, with setpriv")
    made = PlainDaemon(tmp_path / "house")
    yield made
    made.close()


def test_what_the_daemon_may_not_read_or_move_is_told_and_keeps_nothing_else_waiting(
    plain_daemon: PlainDaemon, tmp_path: Path
) -> None:
    daemon = plain_daemon.start()
    for name, make in MAY_NOT.items():
        drop(daemon, make(picture_job(tmp_path / name)))
    drop(daemon, picture_job(tmp_path / "good"))
    assert daemon.wait_closed("good").parent == daemon.spool.done
    closed = daemon.wait_closed("input")
    assert "p1.png cannot be read: Permission denied" in (closed / "WHY.txt").read_text()
    assert status_of(closed)["counts"]["succeeded"] == 2
    closed = daemon.wait_closed("file")
    assert [one["code"] for one in status_of(closed)["problems"]] == ["unreadable"]
    closed = daemon.wait_closed("inside")
    assert (closed / "inputs" / "sub" / "a.png").exists()
    assert status_of(closed)["counts"]["succeeded"] == 3
    for name in ("folder", "foreign", "sub"):
        wait_for(lambda name=name: f"{name}: " in daemon.waiting, within_s=60, what=name)  # type: ignore[misc]
    assert "Permission denied" in daemon.waiting
    os.chown(daemon.spool.inbox / "foreign", 0, 0)
    (daemon.spool.inbox / "folder").chmod(0o755)
    (daemon.spool.inbox / "sub" / "sub").chmod(0o755)
    for name in ("folder", "foreign", "sub"):
        assert daemon.wait_closed(name).parent == daemon.spool.done


def without_right(inside: str, mode: int, *, owner: int = 0) -> Callable[[Path], Path]:
    """Let something in a job folder, or the folder itself, have this mode and owner."""

    def make(folder: Path) -> Path:
        picture(folder / "sub" / "a.png", shade=7)
        (folder / inside).chmod(mode)
        os.chown(folder / inside, owner, owner)
        return folder

    return make


MAY_NOT = {
    "folder": without_right(".", 0o000),
    "foreign": without_right(".", 0o755, owner=NOBODY),
    "sub": without_right("sub", 0o000),
    "input": without_right("p1.png", 0o000),
    "file": without_right("job.yaml", 0o000),
    "inside": without_right("sub", 0o555),
}
