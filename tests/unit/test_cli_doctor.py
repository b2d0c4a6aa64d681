"""How `vqd doctor` looks and ends."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import House

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("VQD_")}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def command(house: House, *words: str) -> list[str]:
    return [sys.executable, "-m", "vqd", "doctor", "--settings", str(house.settings), *words]


def asked(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(house, *words), capture_output=True, text=True, check=False, env=ENVIRONMENT
    )


def on_a_terminal(house: House) -> list[str]:
    """What a terminal of 80 columns shows, without its colours."""
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm"}
    with subprocess.Popen(command(house), stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # how a terminal says that nobody writes any more (pty(7))
            os.close(ours)
        assert process.wait(30) == 7
    return shown.decode().splitlines()


def test_a_terminal_shows_what_is_wrong_and_its_cure_below_within_80_columns(house: House) -> None:
    (house.folder / "spool" / ".vqd-spool").unlink()
    lines = on_a_terminal(house)
    at = next(number for number, line in enumerate(lines) if line.startswith("  wrong  no vqd"))
    cures = [line for line in lines[at:] if line.startswith("         $ ")]
    assert lines[at - 1] == "spool"
    assert cures[0].startswith("         $ sudo mount ")
    assert [line for line in lines if len(line) > 80 and "  $ " not in line] == []
    assert any(line.startswith("1 wrong, ") for line in lines)


def test_programs_are_told_the_same_in_json(house: House) -> None:
    (house.folder / "spool" / "PAUSE").touch()
    ended = asked(house, "--json")
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["worst"]) == (6, "warn")
    (paused,) = [one for one in told["findings"] if one["code"] == "paused"]
    assert paused == {
        "about": "spool",
        "level": "warn",
        "code": "paused",
        "said": "PAUSE lies in the spool: nothing is sent to a server",
        "cure": ["vqd resume"],
    }
