"""Whether a share answers is found out soon, and by no process that anybody waits for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_for
from vqd.cli import knocking
from vqd.cli.knocking import Door


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Let folders be looked into by a script; gives the file that has a line for each look."""

    def by(script: str) -> Path:
        tool = tmp_path / "tools" / "ls"
        tool.parent.mkdir()
        tool.write_text(f"#!/bin/sh\necho look >> {tmp_path}/looks\n{script}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
        return tmp_path / "looks"

    return by


def test_a_folder_that_is_there_or_not_there_answers(tmp_path: Path) -> None:
    assert Door([tmp_path, tmp_path / "none"]).answers()


def test_where_nobody_can_knock_the_folder_counts_as_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    before = {*Path("/proc/self/fd").iterdir()}
    assert Door([tmp_path]).answers()
    assert {*Path("/proc/self/fd").iterdir()} == before


def test_an_answer_counts_for_a_moment(
    tmp_path: Path, looks: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knocking, "_GOOD_FOR_S", 60.0)
    made = looks("exit 2")
    door = Door([tmp_path])
    assert [door.answers() for _ in range(3)] == [True, True, True]
    assert made.read_text() == "look\n"


def test_nobody_waits_twice_for_what_is_silent_and_it_may_come_back(
    tmp_path: Path, looks: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knocking, "ANSWERS_WITHIN_S", 0.2)
    os.mkfifo(tmp_path / "share")
    made = looks(f"read line < {tmp_path}/share")
    door = Door([tmp_path])
    assert [door.answers() for _ in range(3)] == [False, False, False]
    (tmp_path / "share").write_text("it is back\n")
    wait_for(door.answers, within_s=60)
    assert made.read_text() == "look\n"
