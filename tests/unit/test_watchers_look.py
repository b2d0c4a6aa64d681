import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders import write
from tests.canary import Canary
from vqd.spool.jobfiles import job_file_in
from vqd.watchers.look import is_held, look_at


def test_a_file_that_is_open_for_writing_is_held_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.write(b"half")
        file.flush()
        assert is_held(str(path)) is True
    assert is_held(str(path)) is False


WRITER_MEANWHILE = """
import fcntl, subprocess, sys
from vqd.watchers.look import is_held

really = fcntl.fcntl

def fcntl_with_a_writer(descriptor, command, argument=0):
    told = really(descriptor, command, argument)
    if (command, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
        subprocess.Popen(["sh", "-c", 'exec 3>> "$0"', sys.argv[1]])
        while really(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK:
            pass  # until the kernel has told of the writer
    return told

fcntl.fcntl = fcntl_with_a_writer
print(is_held(sys.argv[1]))
"""


def test_a_writer_that_comes_while_it_is_looked_does_not_end_the_process(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", WRITER_MEANWHILE, str(write(tmp_path / "a.txt", "x"))]
    ended = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "False\n"), ended.stderr


def test_a_reader_does_not_hold_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "x")
    with path.open("rb"):
        assert is_held(str(path)) is False


def test_the_fingerprint_changes_with_size_time_name_and_blocks(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    path = write(folder / "sub" / "a.txt", "12345")
    seen = [look_at([folder], has_leases=True).fingerprint]
    path.write_text("123456")
    seen.append(look_at([folder], has_leases=True).fingerprint)
    os.utime(path, (1, 1))
    seen.append(look_at([folder], has_leases=True).fingerprint)
    path.rename(path.with_name("b.txt"))
    seen.append(look_at([folder], has_leases=True).fingerprint)
    os.truncate(path.with_name("b.txt"), 1 << 20)
    seen.append(look_at([folder], has_leases=True).fingerprint)
    assert len(set(seen)) == len(seen)
    assert look_at([folder], has_leases=True).fingerprint == seen[-1]


def test_data_that_come_into_a_file_of_full_size_with_its_old_time_change_the_fingerprint(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.png", "\0" * 100)
    os.utime(path, (1, 1))
    before = look_at([path], has_leases=False).fingerprint
    path.write_bytes(b"x" * 100)
    os.utime(path, (1, 1))
    assert look_at([path], has_leases=False).fingerprint != before


def test_files_and_bytes_are_counted_but_folders_are_not(tmp_path: Path) -> None:
    write(tmp_path / "job" / "a.txt", "123")
    write(tmp_path / "job" / "sub" / "b.txt", "4567")
    look = look_at([tmp_path / "job"], has_leases=True)
    assert (look.files, look.size_bytes, look.held) == (2, 7, False)


def test_a_link_is_not_followed_and_a_fifo_is_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    write(tmp_path / "outside" / "secret.txt", "x" * 100)
    (folder / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "pipe")
    look = look_at([folder], has_leases=True)
    assert (look.files, look.size_bytes) == (0, 0)


def test_what_is_gone_is_no_error(tmp_path: Path) -> None:
    assert look_at([tmp_path / "gone"], has_leases=True).files == 0


def test_folders_too_deep_for_a_path_do_not_keep_a_drop_from_being_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    monkeypatch.chdir(tmp_path)
    for _ in range(25):
        Path("d" * 200).mkdir()
        monkeypatch.chdir("d" * 200)
    monkeypatch.undo()
    assert look_at([tmp_path], has_leases=True).size_bytes == 5


@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_folder_that_turns_into_a_link_while_it_is_looked_at_is_not_read_through(
    tmp_path: Path, below: str
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "folder" / below).mkdir(parents=True)
    swapped = tmp_path / "folder" / below if below else tmp_path / "folder"
    over = threading.Event()
    with Canary(tmp_path / "secret") as canary:
        turning = threading.Thread(target=_turn, args=(swapped, tmp_path / "link", over))
        turning.start()
        try:
            for _ in range(1000):
                with suppress(OSError):
                    look_at([tmp_path / "folder"], has_leases=True)
                with suppress(OSError):
                    job_file_in(swapped)
        finally:
            over.set()
            turning.join()
        assert canary.touched() == []


def _turn(folder: Path, link: Path, over: threading.Event) -> None:
    """Let the folder and the link change places in turn, each time by one rename."""
    aside = link.with_name("aside")
    while not over.is_set():
        folder.rename(aside)
        link.rename(folder)
        folder.rename(link)
        aside.rename(folder)
