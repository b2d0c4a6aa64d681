"""What was made last is read from the end of a manifest, however long and however it ends."""

from pathlib import Path

import pytest

from tests.builders import write
from vqd.spool.madelast import made_last

LINE = (
    '{"output":"outputs/%s.png","prompt":1,"inputs":{},"params":{},"seed":null,"server":"gpu0",'
    '"attempt":1,"started_at":"2026-01-01T00:00:00.000Z","seconds":1.0,"sha256":"f","bytes":3,'
    '"kind":"image","width":8,"height":8,"frames":null,"fps":null,"duration_s":null,'
    '"sample_rate":null,"channels":null,"chars":null,"graph":"0","mark":null,"key":"%s",'
    '"kept":false,"slot":"image","stem":"%s","sign":null,"files":{},"asked":{}}\n'
)


def manifest(folder: Path, *names: str, end: str = "") -> None:
    write(folder / "manifest.jsonl", "".join(LINE % (name, "0" * 64, name) for name in names) + end)
    for name in names:
        write(folder / "outputs" / f"{name}.png", "png")


def stems(folder: Path) -> list[str]:
    return [line.stem for line in made_last(folder)]


def test_the_newest_is_first(tmp_path: Path) -> None:
    manifest(tmp_path, "a", "b", "c")
    assert stems(tmp_path) == ["c", "b", "a"]


@pytest.mark.parametrize("end", ['{"output":"outp', "\n\n", "\x00\x00", "[]\n"])
def test_what_a_crash_left_at_the_end_is_passed_over(tmp_path: Path, end: str) -> None:
    manifest(tmp_path, "a", "b", end=end)
    assert stems(tmp_path) == ["b", "a"]


def test_what_does_not_lie_there_any_more_is_passed_over(tmp_path: Path) -> None:
    manifest(tmp_path, "a", "b")
    (tmp_path / "outputs" / "b.png").unlink()
    (tmp_path / "outputs" / "b.png").symlink_to(tmp_path / "outputs" / "a.png")
    assert stems(tmp_path) == ["a"]


def test_of_a_very_long_one_only_the_end_is_read(tmp_path: Path) -> None:
    manifest(tmp_path, *(f"p{number}" for number in range(2000)))
    told = stems(tmp_path)
    assert told[0] == "p1999"
    assert 100 < len(told) < 1000


@pytest.mark.parametrize("there", [None, "a folder"])
def test_where_there_is_no_manifest_nothing_is_told(tmp_path: Path, there: str | None) -> None:
    if there:
        (tmp_path / "manifest.jsonl").mkdir()
    assert stems(tmp_path) == []
