"""vqd as a service of a booted machine, and how its people use it."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.boot.machine import Machine
from tests.waiting import wait_for

ANNA = "anna"
"""Somebody in vqd's group."""


class Service:
    """One unit; `spool` is as seen from here."""

    def __init__(self, machine: Machine, unit: str = "vqd.service", name: str = "vqd") -> None:
        self.machine = machine
        self.unit = unit
        self.spool = machine.root / "srv" / name
        self._queue = machine.tree / "var" / "lib" / name / "queue.db"
        self._settings = machine.root / "etc" / "vqd" / f"{name.removeprefix('vqd-')}.yaml"
        self._as_installed = self._settings.read_text(encoding="utf-8")
        self._is_changed = False
        self._drop_ins = machine.root / "etc" / "systemd" / "system" / f"{unit}.d"

    @property
    def facts(self) -> Mapping[str, str]:
        """What systemd knows of it."""
        return self.machine.shown(self.unit)

    @property
    def pid(self) -> int:
        """Its main process, as the machine numbers it; 0 where it has none."""
        return int(self.facts["MainPID"])

    def is_active(self) -> bool:
        """Tell whether it is up."""
        return self.facts["ActiveState"] == "active"

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Every line of one name in its log, over all starts."""
        return self.machine.logged(self.unit, event)

    def start(self) -> None:
        """Start it, which returns when it is ready."""
        self.machine.run("systemctl", "start", self.unit)

    def stop(self) -> None:
        """Stop it, which returns when it has ended."""
        self.machine.run("systemctl", "stop", self.unit)

    def drop_in(self, text: str, *, may_fail: bool = False) -> None:
        """Change the unit as `systemctl edit` does, and start it anew."""
        self._is_changed = True
        self.machine.write(f"{self._drop_ins.relative_to(self.machine.root)}/test.conf", text)
        self.machine.run("systemctl", "daemon-reload")
        ended = self.machine.attempt("systemctl", "restart", self.unit)
        assert may_fail or ended.returncode == 0, ended.stderr

    def settle(self, **changes: Any) -> None:
        """Write settings that differ so from those it was installed with."""
        self._is_changed = True
        values = {**yaml.safe_load(self._as_installed), **changes}
        self._settings.write_text(yaml.safe_dump(values), encoding="utf-8")

    def tidy(self) -> None:
        """Leave it as it was installed; stopped, if it was changed."""
        if not self._is_changed:
            return
        self._settings.write_text(self._as_installed, encoding="utf-8")
        shutil.rmtree(self._drop_ins, ignore_errors=True)
        self.machine.run("systemctl", "daemon-reload")
        self.stop()
        self.machine.attempt("systemctl", "reset-failed", self.unit)
        self._is_changed = False

    def drop(self, folder: Path, *, umask: str = "002") -> None:
        """Have anna copy a job folder into the inbox."""
        theirs, inbox = self._hand_over(folder), self._seen(self.spool / "inbox")
        copy = f"umask {umask}; cp -r --no-preserve=mode {theirs} {inbox}"
        self.machine.run("sh", "-ec", copy, as_user=ANNA)

    def submit(self, folder: Path) -> None:
        """Have anna drop a job folder by `vqd submit`."""
        self.machine.run("vqd", "submit", self._hand_over(folder), as_user=ANNA)

    def open_up(self, name: str) -> None:
        """Have anna let her group write in a folder of the inbox."""
        folder = self._seen(self.spool / "inbox" / name)
        self.machine.run("chmod", "-R", "g+w", folder, as_user=ANNA)

    @property
    def waiting(self) -> str:
        """What is said of drops that are not taken."""
        return (self.spool / "inbox" / "_vqd" / "WAITING.txt").read_text(encoding="utf-8")

    def wait_done(self, name: str) -> Path:
        """Wait until a job is over, and see that it has not failed."""

        def closed() -> Path | None:
            for place in ("done", "failed"):
                for folder in (self.spool / place).glob(f"*-{name}"):
                    return folder
            return None

        folder = wait_for(closed, within_s=90, what=f"the end of {name}")
        assert folder.parent.name == "done", (folder / "WHY.txt").read_text(encoding="utf-8")
        return folder

    def remove(self, folder: Path) -> None:
        """Have anna delete a job's folder."""
        self.machine.run("rm", "-r", self._seen(folder), as_user=ANNA)

    @contextmanager
    def queue_locked(self) -> Iterator[None]:
        """Keep the daemon from writing its database, until the block ends."""
        with closing(sqlite3.connect(self._queue, isolation_level=None)) as theirs:
            theirs.execute("BEGIN IMMEDIATE")
            yield

    def _hand_over(self, folder: Path) -> str:
        """Put a folder where anna can read it; give its path as the machine has it."""
        theirs = self.machine.root / "var" / "tmp" / "anna" / folder.name
        shutil.copytree(folder, theirs)
        return self._seen(theirs)

    def _seen(self, path: Path) -> str:
        """Give a path as the machine has it."""
        return f"/{path.relative_to(self.machine.root)}"
