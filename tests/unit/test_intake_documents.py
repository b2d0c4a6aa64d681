"""YAML read as text with its marks, and refused in words."""

import os
from pathlib import Path

import pytest

from vqd.documents.builder import Limits
from vqd.documents.reader import parse, read
from vqd.domain.errors import Faults, Problem


def faults_of(text: str, *, most_nodes: int = 1000) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        parse(text, "job.yaml", Limits(most_nodes=most_nodes))
    return list(caught.value.problems)


def written(folder: Path, content: bytes, name: str = "job.yaml") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_faults(path: Path) -> Problem:
    with pytest.raises(Faults) as caught:
        read(path)
    return caught.value.problems[0]


def test_scalars_stay_what_was_written() -> None:
    root = parse("a: on\nb: 010\nc: 22:00\nd: ~\ne: 'no'\n", "job.yaml").root
    assert dict(root) == {"a": "on", "b": "010", "c": "22:00", "d": "~", "e": "no"}


def test_every_node_knows_its_line_and_column() -> None:
    document = parse("a: 1\nb:\n  c: [x, y]\n", "job.yaml")
    node, _ = document.reach(("b", "c", 1))
    assert (node, node.line, node.column) == ("y", 3, 10)
    key = document.key(("b", "c"))
    assert (key, key.line, key.column) == ("c", 3, 3)


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbfvqd: 1\r\nname: zut\xc3\xa9\r\n")
    assert dict(read(path).root) == {"vqd": "1", "name": "zuté"}


def test_json_is_read_with_its_nulls_and_surrogate_pairs(tmp_path: Path) -> None:
    content = rb'{"a":1, "b":null, "c":"null", "d":"\ud83d\ude00", "e":"\\ud83d\\ude00", "f":"\/"}'
    root = read(written(tmp_path, content, "job.json")).root
    assert dict(root) == {
        "a": "1",
        "b": "",
        "c": "null",
        "d": "\N{GRINNING FACE}",
        "e": r"\ud83d\ude00",
        "f": "/",
    }


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate_key", 3),
        ("a: 1\nb: !!python/object:os.system x\n", "tag", 2),
        ("a: &x [1]\n", "alias", 1),
        ("a: *x\n", "alias", 1),
        ("a: 1\n---\nb: 2\n", "several_documents", 2),
        ("a:\n\tb: 1\n", "tab", 2),
        ("a: 1\nb: [1, 2\n", "not_yaml", 3),
        ("? [a]\n: 1\n", "key_not_text", 1),
        ("a: 1\nb: \x07\n", "control_character", 2),
        ("ä: ü\nö: \x87\n", "control_character", 2),
        ("- a\n", "no_mapping", 1),
        ("", "no_mapping", 1),
        ("a: " + "[" * 10_000, "too_deep", 1),
    ],
)
def test_what_is_not_plain_is_refused_where_it_stands(text: str, code: str, line: int) -> None:
    (problem,) = faults_of(text)
    assert (problem.code, problem.line) == (code, line)


def test_a_space_that_is_none_is_told_of_where_it_is_in_the_way() -> None:
    (problem,) = faults_of("a: 1\nb:\u00a02\nc: 3\n")
    assert problem.code == "not_yaml"
    assert problem.hint == "Here or in the line above stands a space that is none (U+00A0)."


def test_every_duplicate_key_is_told_at_once() -> None:
    assert [problem.line for problem in faults_of("a: 1\na: 2\nb: 3\nb: 4\n")] == [2, 4]


def test_a_bomb_is_refused_at_the_first_node_too_many() -> None:
    (problem,) = faults_of("a: [" + "1," * 1000 + "]", most_nodes=100)
    assert problem.code == "too_many_values"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("vqd: 1\n".encode("utf-16"), "not_utf8"),
        ("vqd: 1\n".encode("utf-16-le"), "not_utf8"),
        (b"vqd: 1\nname: zut\xe9\n", "not_utf8"),
        (b"vqd: 1\nname: x\0\n", "nul_byte"),
        (b"#" * ((1 << 20) + 1), "too_large"),
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes, code: str) -> None:
    assert read_faults(written(tmp_path, content)).code == code


def test_the_line_of_a_byte_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    problem = read_faults(written(tmp_path, b"vqd: 1\nname: zut\xe9\n"))
    assert (problem.line, problem.column, problem.found) == (2, 10, "byte 0xe9")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    os.truncate(path, 1 << 33)
    assert read_faults(path).code == "too_large"


def test_a_link_a_fifo_and_a_folder_are_never_read(tmp_path: Path) -> None:
    secret = written(tmp_path, b"vqd: 1\n", "secret")
    (tmp_path / "link.yaml").symlink_to(secret)
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("link.yaml", "fifo.yaml", "folder.yaml"):
        assert read_faults(tmp_path / name).code == "not_a_file"


def test_a_file_that_is_gone_is_no_fault_of_its_owner(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.yaml")
