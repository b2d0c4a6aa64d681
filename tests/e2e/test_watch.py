"""`vqd watch` and `submit --wait` while a daemon works, on a terminal and into a pipe."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.daemons import Daemon
from tests.ports import lasting_port
from tests.samples import picture_job
from tests.waiting import wait_for

VQD = [sys.executable, "-m", "vqd"]
SIZES = ", ".join(f"{width}x16" for width in range(16, 40))
LONG = f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: [{SIZES}]}}}}\n"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SIZED_BY = ("LINES", "COLUMNS")  # what stands there counts for more than the terminal's size
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _SIZED_BY} | {
    "TERM": "xterm-256color"
}
OTHER_SCREEN, OWN_SCREEN, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the API, which all tests here ask."""
    made = Daemon(tmp_path_factory.mktemp("house"), web={"listen": "127.0.0.1:0"})
    try:
        yield made.start()
    finally:
        made.close()


class Terminal:
    """A verb on a terminal of so many rows and columns."""

    def __init__(self, *words: str, rows: int, columns: int) -> None:
        self.seen = b""
        self._leader, follower = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            [*VQD, *words],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=_ENVIRONMENT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C comes to it
        )
        os.close(follower)
        os.set_blocking(self._leader, False)

    def resize(self, rows: int, columns: int) -> None:
        """Let it have another size, of which its process is told."""
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._leader, keys)

    def shows(self, text: bytes, *, since: int = 0) -> bool:
        """Tell whether something was drawn so far."""
        with suppress(OSError):  # nothing new (EAGAIN), or its end (EIO)
            self.seen += os.read(self._leader, 1 << 16)
        return text in self.seen[since:]

    def end(self) -> int:
        """Wait for its end, and give the exit code."""
        wait_for(lambda: self.shows(OWN_SCREEN), within_s=60, what="the end of the board")
        code = self.process.wait(60)
        os.close(self._leader)
        return code

    def close(self) -> None:
        """Kill it if it is still there."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def terminal(*words: str, rows: int = 20, columns: int = 100) -> Iterator[Terminal]:
    made = Terminal(*words, rows=rows, columns=columns)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _said_by(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Give a verb whose output can be read while it goes on."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*VQD, *words], stdout=pipe, stderr=pipe, text=True) as verb:
        try:
            yield verb
        finally:
            verb.kill()


def _line(said: IO[str] | None) -> str:
    assert said is not None
    return said.readline()


def url_of(daemon: Daemon) -> str:
    return str(daemon.logged("web.started")[-1]["url"])


def frames(drawn: bytes) -> list[list[str]]:
    """Give the lines of each time that the board was drawn."""
    parts = drawn.decode(errors="replace").split("\x1b[H")[1:]
    return [_ESCAPES.sub("", part).replace("\r", "").split("\n") for part in parts]


@pytest.mark.parametrize("way", ["beside", "over the API"])
def test_a_job_is_watched_until_it_is_over(daemon: Daemon, tmp_path: Path, way: str) -> None:
    name = f"watched-{way.replace(' ', '-').lower()}"
    daemon.vqd("pause")
    daemon.vqd("submit", str(picture_job(tmp_path / name, pictures=1, job=LONG)))
    daemon.wait_accepted(name)
    where = ["--settings", str(daemon.settings)] if way == "beside" else ["--url", url_of(daemon)]
    command = [*VQD, "watch", name, "--json", "--every", "0.2", *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        daemon.vqd("resume")
        told = [json.loads(line) for line in watching.stdout]
    assert watching.returncode == 0
    assert (first["state"], first["counts"]["succeeded"]) == ("queued", 0)
    assert (told[-1]["state"], told[-1]["counts"]["succeeded"]) == ("done", 24)


@pytest.mark.parametrize(("how", "code"), [("Ctrl-C", 0), ("SIGTERM", 143)])
def test_the_terminal_is_left_as_it_was(daemon: Daemon, how: str, code: int) -> None:
    with terminal("watch", "--settings", str(daemon.settings), "--every", "0.2") as board:
        wait_for(lambda: board.shows(b"nothing runs"), within_s=60, what="the board")
        if how == "Ctrl-C":
            board.type(b"\x03")
        else:
            board.process.send_signal(getattr(signal, how))
        assert board.end() == code
    assert board.seen.count(OTHER_SCREEN) == board.seen.count(OWN_SCREEN) == 1
    assert board.seen.rindex(CURSOR) > board.seen.rindex(b"nothing runs")
    assert b"Traceback" not in board.seen


def test_the_board_is_as_large_as_the_terminal(daemon: Daemon, tmp_path: Path) -> None:
    daemon.vqd("pause")
    names = [f"a-long-name-for-a-job-that-is-cut-{turn}" for turn in range(3)]
    for name in names:
        daemon.vqd("submit", str(picture_job(tmp_path / name, pictures=1)))
    jobs = [daemon.wait_accepted(name) for name in names]
    with terminal("watch", "--url", url_of(daemon), "--every", "0.2", columns=60) as board:
        wait_for(lambda: board.shows(b"3 jobs"), within_s=60, what="the board")
        board.resize(6, 40)
        since = len(board.seen)
        wait_for(lambda: board.shows(b"more lines", since=since), within_s=60, what="a small one")
        board.process.send_signal(signal.SIGINT)  # a terminal would write ^C behind the last line
        assert board.end() == 0
    for job in jobs:
        daemon.vqd("cancel", job.name)
    daemon.vqd("resume")
    drawn = frames(board.seen[:since])
    assert max(len(line) for frame in drawn for line in frame) <= 60
    small = frames(board.seen)[-1]
    assert len(small) <= 6
    assert max(len(line) for line in small) <= 40


def test_a_daemon_that_is_gone_leaves_the_last_board_and_says_so(tmp_path: Path) -> None:
    gone = Daemon(tmp_path / "house", web={"listen": "127.0.0.1:0"})
    try:
        gone.start()
        with terminal("watch", "--url", url_of(gone), "--every", "0.2") as board:
            wait_for(lambda: board.shows(b"nothing runs"), within_s=60, what="the board")
            gone.kill()
            wait_for(lambda: board.shows(b"not as it is now: "), within_s=60, what="what is so")
            board.process.send_signal(signal.SIGTERM)
            assert board.end() == 143
    finally:
        gone.close()


def test_who_waits_over_the_api_outlasts_a_restart_of_the_daemon(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{lasting_port()}"
    daemon = Daemon(tmp_path / "house", web={"listen": listen})
    folder = picture_job(tmp_path / "long-wait", pictures=1, job=LONG)
    where = ["--url", f"http://{listen}"]
    try:
        daemon.start()
        daemon.vqd("pause")
        with _said_by("submit", str(folder), "--wait", *where) as submitting:
            daemon.wait_accepted("long-wait")
            daemon.vqd("pause", "long-wait")  # of which the log tells
            with (
                _said_by("watch", "long-wait", *where) as watching,
                _said_by("log", "long-wait", "--follow", *where) as reading,
            ):
                verbs = [submitting, watching, reading]
                assert _line(watching.stdout)
                assert _line(reading.stdout)
                daemon.stop()
                assert ["nobody answers" in _line(verb.stderr) for verb in verbs] == [True] * 3
                daemon.start()
                daemon.vqd("resume", "long-wait")
                daemon.vqd("resume")
                told = [verb.communicate(timeout=120) for verb in verbs]
    finally:
        daemon.close()
    assert [verb.returncode for verb in verbs] == [0, 0, 0]
    assert all("nobody answers" not in errors for _, errors in told), "it is said once"
    assert "done" in told[0][0]
    assert "24/24" in told[1][0]
    assert "done: 24 succeeded" in told[2][0]
