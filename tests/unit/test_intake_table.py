"""Tables: CSV and TSV as people's programs write them."""

from pathlib import Path

import pytest

from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import Given, Rows
from vqd.intake.places import Places
from vqd.intake.table import read_table

NAMED = Given("shots.csv", "fan_out.rows", 4, 9)


def read(folder: Path, content: str | bytes) -> Rows:
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / "shots.csv").write_bytes(raw)
    rows, path = read_table(NAMED, Places(folder), "job.yaml")
    assert path == "shots.csv"
    return rows


def faults_of(folder: Path, content: str | bytes) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        read(folder, content)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "content",
    [
        "prompt,steps\na b,4\nc,5\n",
        "prompt;steps\r\na b;4\r\nc;5\r\n",
        "prompt\tsteps\na b\t4\nc\t5",
        "\ufeffprompt,steps\na b,4\nc,5\n",
        "prompt , steps,,\n a b,4,,\n\n,,,\nc,5\n",
        '"prompt","steps"\n"a b","4"\n"c","5"\n',
    ],
)
def test_a_table_is_read_however_it_was_written(tmp_path: Path, content: str) -> None:
    rows = read(tmp_path, content)
    assert rows.names == ("prompt", "steps")
    assert [*rows.texts] == [("a b", "4"), ("c", "5")]
    assert rows.where == "shots.csv"


def test_a_value_in_quotes_may_hold_anything(tmp_path: Path) -> None:
    rows = read(tmp_path, 'prompt,steps\n"one,\ntwo ""three""",4\nfour,5\n')
    assert rows.texts[0] == ('one,\ntwo "three"', "4")
    assert [*rows.lines] == [2, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_of_one_column_needs_no_quotes_for_separators(tmp_path: Path, end: str) -> None:
    rows = read(tmp_path, end.join(["prompt", "a dog, asleep", "one; two,", '"a, b"', ""]))
    assert [*rows.texts] == [("a dog, asleep",), ("one; two,",), ("a, b",)]


def test_a_spreadsheet_is_told_from_a_table_that_was_not_copied_whole(tmp_path: Path) -> None:
    (tmp_path / "shots.XLSX").write_bytes(b"PK\x03\x04")
    named = Given("shots.XLSX", "fan_out.rows", 4, 9)
    with pytest.raises(Faults) as caught:
        read_table(named, Places(tmp_path), "job.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("not_csv", "shots.XLSX")
    assert problem.hint == "Save its table as CSV (UTF-8), and name that file."


def test_a_row_knows_its_line_behind_empty_ones(tmp_path: Path) -> None:
    rows = read(tmp_path, "prompt\n\na\n\n\nb\n")
    assert [*rows.lines] == [3, 6]
    given = rows.given(1, 0)
    assert (given.text, given.where, given.line, given.key) == ("b", "shots.csv", 6, "prompt")


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", "no_rows", 1),
        ("\n\n", "no_rows", 1),
        ("prompt,steps\n", "no_rows", 1),
        ("prompt,steps\na\n", "uneven_row", 2),
        ("prompt,steps\na,4\nb,5,6\n", "uneven_row", 3),
        ("prompt,,steps\na,b,4\n", "missing_key", 1),
        ("prompt,prompt\na,b\n", "duplicate_key", 1),
        ('prompt\n"a\n', "not_csv", 2),
        ('prompt\na\n"b"c\n', "not_csv", 3),
        ("prompt\na\0b\n", "nul_byte", 2),
        ("prompt\ncaf\xe9\n".encode("latin-1"), "not_utf8", 2),
        ("prompt\na\n".encode("utf-16"), "not_utf8", 1),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "nul_byte", 3),
    ],
)
def test_what_is_no_table_is_told_with_its_line(
    tmp_path: Path, content: str | bytes, code: str, line: int
) -> None:
    problem = faults_of(tmp_path, content)[0]
    assert (problem.code, problem.where, problem.line) == (code, "shots.csv", line)
    assert problem.hint


def test_many_bad_rows_are_told_but_not_all(tmp_path: Path) -> None:
    assert len(faults_of(tmp_path, "a,b\n" + "1\n" * 5000)) == 20


def test_a_first_line_of_very_many_values_is_told_once(tmp_path: Path) -> None:
    line = ",".join(f"shot {number}" for number in range(200_000))
    (problem,) = faults_of(tmp_path, f"{line}\na,b\n")
    assert (problem.code, problem.line) == ("wrong_value", 1)
    assert "200000 columns" in problem.said


def test_a_table_that_is_not_there_may_still_come(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        read_table(NAMED, Places(tmp_path), "job.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.where, problem.line) == ("missing_input", "job.yaml", 4)


@pytest.mark.parametrize("text", ["../shots.csv", "/etc/passwd", "C:\\shots.csv", "a/../../b"])
def test_a_table_lies_with_its_job(tmp_path: Path, text: str) -> None:
    with pytest.raises(Faults) as caught:
        read_table(Given(text, "fan_out.rows"), Places(tmp_path), "job.yaml")
    assert caught.value.code == "outside_folder"


def test_a_link_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("prompt\nsecret\n")
    (tmp_path / "shots.csv").symlink_to(tmp_path / "real.csv")
    with pytest.raises(Faults) as caught:
        read_table(NAMED, Places(tmp_path), "job.yaml")
    assert "secret" not in str(caught.value)
