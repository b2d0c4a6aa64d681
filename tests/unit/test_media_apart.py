"""Decoding in another process: the same answers, and no file takes the daemon with it."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.samples import picture
from tests.waiting import wait_for
from vqd.media import apart
from vqd.media.apart import Decoders, NoDecoder, Patience, Undecodable
from vqd.media.dimensions import dimensions
from vqd.media.probe import blackness, probe
from vqd.media.samples import draw_clip
from vqd.media.thumbnail import thumbnails


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders()
    yield made
    made.close()


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that takes about a second to decode."""
    path = tmp_path_factory.mktemp("huge") / "p.png"
    Image.new("RGB", (9000, 9000)).save(path, compress_level=1)
    return path


def test_it_gives_what_decoding_here_gives(tmp_path: Path) -> None:
    still, film = picture(tmp_path / "\udcff.png"), tmp_path / "c.mp4"
    draw_clip(film, frames=4, fps=12)
    for path in (still, film):
        assert apart.probe(path) == probe(path)
        assert apart.blackness(path) == blackness(path)
        assert apart.dimensions(path) == dimensions(path)
        assert apart.thumbnails(path, below=tmp_path) == thumbnails(path, below=tmp_path)


def test_it_refuses_what_decoding_here_refuses(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(picture(tmp_path / "whole.png").read_bytes()[:-20])
    with pytest.raises(Undecodable) as here:
        probe(tmp_path / "p.png")
    with pytest.raises(Undecodable) as there:
        apart.probe(tmp_path / "p.png")
    assert there.value.message == here.value.message
    with pytest.raises(FileNotFoundError) as gone:
        apart.probe(tmp_path / "gone.png")
    assert gone.value.filename == str(tmp_path / "gone.png")
    with pytest.raises(ValueError, match="null byte"):
        apart.probe(tmp_path / "a\0b.png")


def test_no_link_is_followed_below_the_folder(tmp_path: Path) -> None:
    picture(tmp_path / "real" / "p.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(NotADirectoryError):
        apart.probe(tmp_path / "link" / "p.png", below=tmp_path)


def test_one_decoder_answers_one_question_after_the_other(
    decoders: Decoders, tmp_path: Path
) -> None:
    path = picture(tmp_path / "p.png")
    seen: set[int] = set()
    for _ in range(3):
        decoders.ask("probe", path)
        seen.update(decoders.pids)
    assert len(seen) == 1


def test_many_ask_at_the_same_time(decoders: Decoders, tmp_path: Path) -> None:
    paths = [picture(tmp_path / f"{number}.png", shade=number) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        told = [*threads.map(lambda path: decoders.ask("probe", path)["sha256"], paths)]
    assert told == [probe(path).sha256 for path in paths]


def reader_of(path: Path, pids: set[int]) -> int | None:
    """Give the process that has a file open; one that is still starting has none."""
    for pid in pids:
        with suppress(FileNotFoundError):
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    if handle.readlink() == path:
                        return pid
    return None


def test_a_decoder_that_crashes_is_asked_once_more_and_twice_is_the_file_s_fault(
    decoders: Decoders, huge: Path
) -> None:
    for crashes, is_told in ((1, True), (2, False)):
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(decoders.ask, "probe", huge)
            seen: set[int] = set()
            for _ in range(crashes):
                pid = wait_for(lambda: reader_of(huge, {*decoders.pids} - seen), within_s=60)  # noqa: B023
                seen.add(pid)
                os.kill(pid, signal.SIGSEGV)
            if is_told:
                assert asked.result()["width"] == 9000
            else:
                with pytest.raises(Undecodable, match=r"crashes its decoder \(SIGSEGV\)"):
                    asked.result()


def test_a_decoder_that_does_not_come_to_an_end_is_ended(huge: Path) -> None:
    decoders = Decoders(patience=Patience(0.05, 1e12))
    try:
        with pytest.raises(Undecodable, match="it keeps its decoder busy for over"):
            decoders.ask("probe", huge)
    finally:
        decoders.close()


def test_a_decoder_ends_when_nobody_asks_and_another_is_started(tmp_path: Path) -> None:
    path = picture(tmp_path / "p.png")
    decoders = Decoders(idle_s=0.05)
    try:
        decoders.ask("probe", path)
        wait_for(lambda: not decoders.pids, within_s=30)
        assert decoders.ask("probe", path)["width"] == 32
    finally:
        decoders.close()


def test_decoders_that_end_as_they_are_asked_are_no_fault_of_the_file(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, go = picture(tmp_path / "p.png"), tmp_path / "go"
    ending = write(
        tmp_path / "ending",
        f"#!/bin/sh\necho started; read one; until [ -e {go} ]; do :; done\n"
        "echo '{\"value\": 1}'; read another; exit 0\n",
    )
    ending.chmod(0o700)
    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(sys, "executable", str(ending))
        asked = [threads.submit(decoders.ask, "probe", path) for _ in range(2)]
        wait_for(lambda: len(decoders.pids) == 2, within_s=60)
        go.touch()
        assert [one.result() for one in asked] == [1, 1]
    assert decoders.ask("probe", path)["width"] == 32


def test_a_decoder_ends_with_who_started_it(tmp_path: Path) -> None:
    program = (  # dies as a daemon that is killed
        "import os, pathlib, sys; from vqd.media.apart import Decoders;"
        "asked = Decoders(idle_s=60);"
        "asked.ask('probe', pathlib.Path(sys.argv[1])); print(*asked.pids, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", program, str(picture(tmp_path / "p.png"))]
    killed = subprocess.run(command, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    wait_for(lambda: not is_running(int(killed.stdout)), within_s=30)


def test_a_decoder_whose_asker_is_gone_ends_without_a_word() -> None:
    answers, nobody = os.pipe()
    os.close(answers)
    command = [sys.executable, "-m", "vqd.media.decoder", "5", "0"]
    ended = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, check=False)
    os.close(nobody)
    assert (ended.returncode, ended.stderr) == (-signal.SIGPIPE, b"")


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_decoder_that_does_not_start_is_no_fault_of_the_file(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture(tmp_path / "p.png")
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/bin/false")
        with pytest.raises(NoDecoder, match="no decoder starts: it ends at once"):
            decoders.ask("probe", path)
        patched.setattr(sys, "executable", "/gone/python3")
        with pytest.raises(NoDecoder, match="/gone/python3: No such file or directory"):
            decoders.ask("probe", path)
    assert decoders.ask("probe", path)["width"] == 32


def test_what_the_machine_refuses_starts_no_decoder_now_and_one_later(
    decoders: Decoders, tmp_path: Path
) -> None:
    path = picture(tmp_path / "p.png")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [*Path("/proc/self/fd").iterdir()]
    resource.setrlimit(resource.RLIMIT_NOFILE, (4, hard))
    try:
        with pytest.raises(NoDecoder, match="no decoder starts: Too many open files"):
            decoders.ask("probe", path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [*Path("/proc/self/fd").iterdir()] == opened
    assert decoders.ask("probe", path)["width"] == 32


def test_it_starts_no_thread(decoders: Decoders, tmp_path: Path) -> None:
    before = threading.active_count()
    decoders.ask("probe", picture(tmp_path / "p.png"))
    assert threading.active_count() == before
