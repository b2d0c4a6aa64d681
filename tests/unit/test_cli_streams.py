"""Verbs whose output nobody takes: it is closed, or goes to a full disk."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import House
from vqd.cli.codes import EXIT_REFUSED


def said_in_shell(house: House, words: str, redirected: str) -> "subprocess.CompletedProcess[str]":
    """Run a verb as a shell does that redirects its streams."""
    command = shlex.join([sys.executable, "-m", "vqd", *words.split()])
    return subprocess.run(
        ["sh", "-c", f"{command} {redirected}"],
        env={"VQD_SETTINGS": str(house.settings), "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("words", ["workflows list", "settings show", "--version"])
def test_a_verb_whose_output_is_closed_ends_as_ever(tmp_path: Path, words: str) -> None:
    said = said_in_shell(House(tmp_path), words, ">&-")
    assert (said.returncode, said.stderr) == (0, "")


def test_what_is_wrong_is_told_where_output_and_input_are_closed(tmp_path: Path) -> None:
    said = said_in_shell(House(tmp_path), "show beach", "<&- >&-")
    assert said.returncode == EXIT_REFUSED
    assert said.stderr.startswith("error: ")


def test_where_every_stream_is_closed_a_verb_does_what_it_is_to(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.store().close()
    said = said_in_shell(house, "backup", "<&- >&- 2>&-")
    assert said.returncode == 0
    assert len([*(tmp_path / "state" / "backups").glob("*.db")]) == 1


@pytest.mark.parametrize("words", ["--help", "backup --help", "--version", "settings show"])
def test_a_full_disk_that_takes_no_output_is_told_in_words(tmp_path: Path, words: str) -> None:
    said = said_in_shell(House(tmp_path), words, ">/dev/full")
    assert said.returncode == EXIT_REFUSED
    assert said.stderr == "error: No space left on device [os_error]\n"
