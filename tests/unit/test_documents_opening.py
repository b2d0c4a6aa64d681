"""Files are opened through no link, and nothing but files is."""

import os
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import write
from vqd.documents.opening import NotAFile, created, opened, read_from


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that nobody may reach through `tmp_path / "job"`."""
    (tmp_path / "job").mkdir()
    return write(tmp_path / "elsewhere" / "secret", "s")


def test_a_file_is_read_through_folders(tmp_path: Path) -> None:
    path = write(tmp_path / "a" / "b" / "c", "text")
    for below in (None, tmp_path, tmp_path / "a", tmp_path / "not on the way"):
        with opened(path, below=below) as file:
            assert file.read() == b"text"


@pytest.mark.parametrize("length", [0, 57, 65_535, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("most_bytes", [0, 50, 65_536, 65_537, 1 << 20])
def test_as_much_is_read_as_is_asked_for_and_there(
    tmp_path: Path, length: int, most_bytes: int
) -> None:
    content = os.urandom(length)
    path = tmp_path / "file"
    path.write_bytes(content)
    with opened(path) as file:
        assert read_from(file, most_bytes) == content[:most_bytes]


def test_a_short_file_takes_little_memory_however_much_may_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "job.yaml", "vqd: 1")
    with opened(path) as file:
        tracemalloc.start()
        read_from(file, 1 << 20)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_bytes < 1 << 18


def test_the_folder_to_stay_below_may_be_reached_by_a_link_but_is_none(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "job" / "a", "text")
    share = tmp_path / "share"
    share.symlink_to(tmp_path / "disk")
    with opened(share / "job" / "a", below=share / "job") as file:
        assert file.read() == b"text"
    with pytest.raises(NotADirectoryError), opened(share / "job" / "a", below=share):
        pass


def test_a_link_is_not_followed_wherever_below_it_is(tmp_path: Path, secret: Path) -> None:
    job = tmp_path / "job"
    (job / "file").symlink_to(secret)
    (job / "folder").symlink_to(secret.parent)
    with pytest.raises(NotAFile, match="is a link"), opened(job / "file", below=job):
        pass
    with pytest.raises(NotADirectoryError), opened(job / "folder" / "secret", below=job):
        pass


def strange_things(folder: Path) -> Iterator[tuple[Path, str]]:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    for name in ("folder", "fifo", "socket"):
        yield folder / name, f"a {name}"
    yield from ((folder / name, "a link") for name in ("dangling", "loop"))
    yield Path("/dev/null"), "a device"


def test_what_is_no_file_is_named_and_not_opened(tmp_path: Path) -> None:
    for path, what in strange_things(tmp_path):
        with pytest.raises(NotAFile) as caught, opened(path):
            pass
        assert caught.value.what == what


def test_an_error_names_the_file_as_its_owner_knows_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, opened(tmp_path / "gone"):
        pass
    assert caught.value.filename == str(tmp_path / "gone")


def test_a_new_file_takes_the_place_of_a_link_and_leaves_what_that_led_to(
    tmp_path: Path, secret: Path
) -> None:
    for place in (lambda path: path.symlink_to(secret), lambda path: os.link(secret, path)):
        path = tmp_path / "job" / "new"
        place(path)
        with created(path) as file:
            file.write(b"ours")
        assert (path.read_bytes(), secret.read_bytes()) == (b"ours", b"s")
        path.unlink()
