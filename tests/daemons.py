"""The daemon as a process, and the folder it works on, as a person has them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from tests.waiting import wait_for
from vqd.domain.place import Database, Place
from vqd.spool.layout import Spool
from vqd.store.store import StoreReader


class Daemon:
    """A spool of its own and the daemon on it; `start`, `kill` and `start` again as one likes.

    `inside` stands before its command, to run it in a namespace.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.inside: Sequence[str] = ()
        self.spool = Spool.create(Path(settings.get("spool", folder / "spool")))
        self.settings = folder / "vqd.yaml"
        values = {
            "spool": str(self.spool.root),
            "state_dir": str(folder / "state"),
            "rescan_s": 5,
            "drain_s": 2,
            **settings,
        }
        self._queue: Place = Path(values["state_dir"]) / "queue.db"
        if "database" in values:
            self._queue = Database(values["database"])
        self.settings.write_text(yaml.safe_dump(values), encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> list[dict[str, Any]]:
        """Everything logged so far, over all starts."""
        path = self.folder / "daemon.log"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        written_out = text.rpartition("\n")[0]
        return [line for line in map(_line_of, written_out.splitlines()) if line is not None]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Every line of one name."""
        return [line for line in self.log if line["event"] == event]

    @property
    def waiting(self) -> str:
        """What is said of drops that are not taken; nothing while a share has not got the file,
        which is so for an instant, too, when it is replaced."""
        with suppress(FileNotFoundError):
            return (self.spool.inbox / "_vqd" / "WAITING.txt").read_text(encoding="utf-8")
        return ""

    def start(self, *, within_s: float = 120, may_end: bool = False) -> "Daemon":
        """Start the daemon and wait until it is ready, or has ended where it `may_end`."""
        starts = len(self.logged("daemon.started"))
        self.begin()
        wait_for(
            lambda: len(self.logged("daemon.started")) > starts or self._has_ended(),
            within_s=within_s,
            what="the daemon's start",
        )
        assert may_end or not self._has_ended(), (self.folder / "daemon.log").read_text()
        return self

    def begin(self) -> None:
        """Start the daemon, and wait for nothing."""
        with (self.folder / "daemon.log").open("ab+") as log:
            _end_half_line(log)
            self.process = subprocess.Popen(
                [*self.inside, *self._vqd, "run", "--settings", str(self.settings), "--json-logs"],
                stdin=subprocess.DEVNULL,
                stderr=log,
                env=_environment(),
            )

    def wait_up(self, servers: int = 1) -> None:
        """Wait until so many servers are up: of one that is slow to answer the log tells before
        that it is down."""

        def states() -> list[str]:
            changes = self.logged("server.changed")
            return [*{line["server"]: line["state"] for line in changes}.values()]

        wait_for(lambda: states().count("up") >= servers, within_s=90, what=f"{servers} servers")

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def stop(self) -> int:
        """SIGTERM, and give the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)

    def close(self) -> None:
        """End it however it is."""
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def vqd(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on this spool."""
        return subprocess.run(
            [*self._vqd, *words, "--settings", str(self.settings)],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
            timeout=120,
        )

    def wait_accepted(self, name: str) -> Path:
        """Wait until the job `name` is open in the queue, whose folder lies in active/ an instant
        before, and give that."""

        def accepted() -> Path | None:
            found = self.spool.active.glob(f"*-{name}")
            return next((folder for folder in found if self._is_open(folder.name)), None)

        return wait_for(accepted, within_s=60, what=f"the taking of {name}")

    def closed(self, name: str) -> Path | None:
        """The folder of the job `name` if it is in done/ or failed/."""
        for place in (self.spool.done, self.spool.failed):
            for folder in place.iterdir():
                if folder.name.split("-", 2)[2] == name:
                    return folder
        return None

    def wait_closed(self, name: str, *, within_s: float = 120) -> Path:
        """Wait until the job `name` is in done/ or failed/, and a running daemon knows it is over,
        which it writes down an instant later."""
        folder = wait_for(lambda: self.closed(name), within_s=within_s, what=f"the end of {name}")
        wait_for(
            lambda: self._has_ended() or not self._is_open(folder.name),
            within_s=within_s,
            what=f"the end of {name} in the queue",
        )
        return folder

    def wait_done(self, name: str, *, within_s: float = 120) -> Path:
        """Wait until the job `name` is over, and see that it has not failed."""
        folder = self.wait_closed(name, within_s=within_s)
        assert folder.parent == self.spool.done, (folder / "WHY.txt").read_text()
        return folder

    def _is_open(self, job: str) -> bool:
        with closing(StoreReader(self._queue)) as reader, reader.reading() as session:
            found = session.jobs.find(job)
        return found is not None and found.finished_at is None

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def _vqd(self) -> list[str]:
        return [sys.executable, "-m", "vqd"]


def _end_half_line(log: BinaryIO) -> None:
    """End the line that a kill cut off, or the next daemon's first line would be lost in it."""
    if log.seek(0, os.SEEK_END):
        log.seek(-1, os.SEEK_END)
        if log.read(1) != b"\n":
            log.write(b"\n")
            log.flush()


def _line_of(text: str) -> dict[str, Any] | None:
    """Read a line of the log; None for half a line, which a kill leaves."""
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VQD_")}
    return {**kept, "PYTHONWARNINGS": "error"}


def status_of(folder: Path) -> dict[str, Any]:
    """What a job's STATUS.yaml says."""
    said = yaml.safe_load((folder / "STATUS.yaml").read_text(encoding="utf-8"))
    assert isinstance(said, dict)
    return said


def manifest_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of a job's manifest."""
    text = (folder / "manifest.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
