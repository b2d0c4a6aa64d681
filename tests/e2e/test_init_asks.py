"""`vqd init` on a terminal: what it asks, and what comes of the answers."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import yaml

from tests.waiting import wait_for


class Terminal:
    """A terminal on which somebody types."""

    def __init__(self, *words: str, home: Path) -> None:
        self.said = ""
        ours, theirs = pty.openpty()
        self._fd = ours
        os.set_blocking(ours, False)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VQD_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vqd", *words],
            cwd=home,
            env={**kept, "HOME": str(home), "PYTHONWARNINGS": "error"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def answer(self, question: str, words: str) -> None:
        """Wait for a question, and type a line."""
        wait_for(lambda: question in self._read(), within_s=60, what=question)
        self.said = self.said.partition(question)[2]
        os.write(self._fd, f"{words}\n".encode())

    def end(self) -> int:
        """Wait for the end, and give the exit code."""
        wait_for(lambda: self._read() and self.process.poll() is not None, within_s=60)
        os.close(self._fd)
        return self.process.returncode

    def _read(self) -> str:
        with suppress(OSError):  # nothing more yet, or at the end nobody who could say more
            self.said += os.read(self._fd, 65536).decode()
        return self.said


def test_what_is_answered_is_what_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    terminal = Terminal("init", home=tmp_path)

    terminal.answer("[" + str(tmp_path / "vqd") + "]: ", "~/file")
    terminal.answer("is no folder", "~nobody-has-this-name/renders")
    terminal.answer("there is no user of that name", "~/renders")
    terminal.answer("[" + str(tmp_path / ".local" / "state" / "vqd") + "]: ", "~/renders/state")
    terminal.answer("lie in one another", "~/state")
    terminal.answer("Which servers", "builtin, gpu1")
    terminal.answer("gpu1 is no server", "builtin, http://gpu1:8188")

    assert terminal.end() == 0
    assert "Now: vqd run --settings vqd.yaml" in terminal.said
    assert yaml.safe_load((tmp_path / "vqd.yaml").read_text(encoding="utf-8")) == {
        "spool": str(tmp_path / "renders"),
        "state_dir": str(tmp_path / "state"),
        "servers": ["builtin", "http://gpu1:8188"],
    }
    assert (tmp_path / "renders" / "inbox" / "_vqd" / "README.txt").is_file()


def test_who_thinks_better_of_it_has_nothing_made(tmp_path: Path) -> None:
    terminal = Terminal("init", home=tmp_path)
    terminal.answer("]: ", "\x04")
    assert terminal.end() == 1
    assert list(tmp_path.iterdir()) == []
