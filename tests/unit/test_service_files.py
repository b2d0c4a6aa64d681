"""Files of jobs that are opened while their folders move."""

from pathlib import Path

import pytest

from tests.builders import write
from vqd.service.files import found_again


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_file_is_found_where_it_went_between_the_look_and_the_opening(
    tmp_path: Path, moves: int
) -> None:
    left = moves
    write(tmp_path / "0" / "a.txt", "here")

    def look() -> str:
        nonlocal left
        (folder,) = tmp_path.iterdir()
        if left:
            folder.rename(tmp_path / str(left))
            left -= 1
        return (folder / "a.txt").read_text()

    assert found_again(look) == "here"


def test_a_file_that_is_gone_is_not_looked_for_for_ever(tmp_path: Path) -> None:
    looks: list[Path] = []

    def look() -> bytes:
        looks.append(tmp_path)
        return (tmp_path / "gone").read_bytes()

    with pytest.raises(FileNotFoundError):
        found_again(look)
    assert len(looks) == 3
