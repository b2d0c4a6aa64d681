"""What the engine's files are called."""

from pathlib import Path

import pytest

from vqd.engine.nodes.names import input_path, place_for, without_kind
from vqd.engine.nodes.signature import Folders


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Empty folders of a server."""
    made = Folders(tmp_path / "input", tmp_path / "output", tmp_path / "temp")
    for folder in (made.input, made.output, made.temp):
        folder.mkdir()
    return made


def next_counter(folders: Folders, prefix: str = "a") -> int:
    """The number that the next file of a prefix gets."""
    return place_for(folders, prefix, 1, 1).counter


@pytest.mark.parametrize(
    ("name", "counter"),
    [
        ("a_00007_.png", 8),
        ("a_00007_.mp4", 8),
        ("a_7_left.txt", 8),
        ("a_123456_.png", 123457),
        ("a_00007.png", 1),
        ("A_00007_.png", 1),
        ("aa_00007_.png", 1),
        ("a_x_.png", 1),
        (".a_00007_.png", 1),
    ],
)
def test_files_with_the_prefix_and_a_number_count(
    folders: Folders, name: str, counter: int
) -> None:
    (folders.output / name).touch()
    assert next_counter(folders) == counter


def test_a_prefix_that_numbers_its_batch_does_not_begin_again(folders: Folders) -> None:
    place = place_for(folders, "n%batch_num%", 1, 1)
    for number in range(2):
        with place.writing(number, "png") as (hidden, _):
            hidden.touch()
    assert sorted(path.name for path in folders.output.iterdir()) == [
        "n0_00001_.png",
        "n1_00002_.png",
    ]
    assert next_counter(folders, "n%batch_num%") == 3


def test_a_file_gets_its_name_when_it_is_whole(folders: Folders) -> None:
    with place_for(folders, "sub/a", 1, 1).writing(0, "png") as (hidden, shown):
        hidden.write_bytes(b"whole")
        assert not (folders.output / "sub" / "a_00001_.png").exists()
    assert shown == {"filename": "a_00001_.png", "subfolder": "sub", "type": "output"}
    assert (folders.output / "sub" / "a_00001_.png").read_bytes() == b"whole"
    assert not hidden.exists()


def test_a_file_that_failed_is_gone(folders: Folders) -> None:
    place = place_for(folders, "a", 1, 1)

    def fail() -> None:
        with place.writing(0, "png") as (hidden, _):
            hidden.write_bytes(b"half")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert [*folders.output.iterdir()] == []


@pytest.mark.parametrize("prefix", ["../x", "/abs/x", "a/../../x", "..", "a/../.."])
def test_a_prefix_may_not_leave_the_folder(folders: Folders, prefix: str) -> None:
    with pytest.raises(ValueError, match="outside the output folder"):
        place_for(folders, prefix, 1, 1)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("x.png", "input/x.png"),
        ("sub/x.png", "input/sub/x.png"),
        ("sub/../x.png", "input/x.png"),
        ("x.png [input]", "input/x.png"),
        ("o.png [output]", "output/o.png"),
        ("t.png [temp]", "temp/t.png"),
        ("o.png", None),
        ("o.png[output]", None),
        ("../output/o.png", None),
        ("../input/../output/o.png", None),
        ("/etc/passwd", None),
        ("x" * 5000, None),
        ("nul\0", None),
    ],
)
def test_an_input_is_found_in_the_servers_folders_only(
    folders: Folders, name: str, found: str | None
) -> None:
    (folders.input / "sub").mkdir()
    for path in ("input/x.png", "input/sub/x.png", "output/o.png", "temp/t.png"):
        (folders.input.parent / path).touch()
    expected = folders.input.parent / found if found else None
    assert input_path(folders, name) == expected


def test_only_the_last_suffix_names_a_folder() -> None:
    assert without_kind("x [temp] [output]") == ("x [temp]", "output")
