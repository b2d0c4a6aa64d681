"""What befalls the daemon: kill -9, SIGTERM, a dead engine, a share that is away, a full disk, a
clock that was set. Each lasts for some acts."""

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from tests.crashes import PATHS
from tests.crashes.named import OF_ANY_JOB
from tests.daemons import Daemon
from tests.soak.ledger import Ledger
from vqd.cli.codes import EXIT_REFUSED

AWAY, FULL, _DOWN = "the share is away", "the disk is full", "the daemon is down"
_LEFT_BYTES = 3 << 20
"""What is free of a disk that is full: less than half of what vqd wants to stay free."""


class Machine:
    """The daemon and what it stands on. `disk` is the file system of the spool, where it has one of
    its own that may be filled."""

    def __init__(self, daemon: Daemon, ledger: Ledger, disk: Path | None) -> None:
        self._daemon = daemon
        self._ledger = ledger
        self._disk = disk
        self._root = daemon.spool.root
        self._away = self._root.with_name("away")
        self._clock = daemon.folder / "clock"
        self._clock.write_text("0", encoding="ascii")
        self._lasts: dict[str, int] = {}
        self._crash_at: str | None = None
        self._dies_at: str | None = None
        self.found: list[str] = []
        """What was not as it must be meanwhile."""

    @property
    def is_usable(self) -> bool:
        """Tell whether people can write to the spool."""
        return not {AWAY, FULL} & {*self._lasts}

    def start(self, *, crash_at: str | None = None) -> None:
        """Start the daemon, to be killed at a point if one is named."""
        os.environ.update(PYTHONPATH=PATHS, CLOCK_OFF_BY=str(self._clock))
        os.environ.pop("CRASH_AT", None)
        if crash_at is not None:
            os.environ["CRASH_AT"] = crash_at
        self._dies_at = crash_at
        self._daemon.begin()

    def tend(self) -> None:
        """Count an act: what has lasted long enough is over, and who died is started again."""
        for what in [*self._lasts]:
            self._lasts[what] -= 1
            if not self._lasts[what]:
                self._end(what)
        if self._may_start():
            self._note_death()
            crash_at, self._crash_at = self._crash_at, None
            self.start(crash_at=crash_at)

    def mend(self) -> None:
        """Bring everything back, and a daemon that dies at no point."""
        for what in [*self._lasts]:
            self._end(what)
        if self._may_start():
            self._note_death()
        elif self._dies_at is None:
            return
        self._daemon.kill()
        self.start()

    def befall(self, what: str, chance: random.Random) -> None:
        """Let something happen, unless it lasts already."""
        if what in self._lasts or (what.startswith("the daemon") and _DOWN in self._lasts):
            return
        if self._BEFALL[what](self, chance):
            self._ledger.fault(what)

    def _kill(self, chance: random.Random) -> bool:
        self._daemon.kill()
        self._is_down(chance.randint(1, 20))
        return True

    def _kill_at_a_point(self, chance: random.Random) -> bool:
        """Have the next daemon killed at a point; it is counted when it was."""
        when, turn = chance.choice(("before", "after")), chance.choice(("", "", " #2", " #5"))
        self._crash_at = f"{when} {chance.choice(OF_ANY_JOB)}{turn}"
        self._daemon.kill()
        self._is_down(1)
        return False

    def _stop(self, chance: random.Random) -> bool:
        self._daemon.stop()
        self._is_down(chance.randint(1, 20))
        return True

    def _is_down(self, acts: int) -> None:
        self._dies_at = None
        self._lasts[_DOWN] = acts

    def _kill_engine(self, _: random.Random) -> bool:
        """Kill it; not while the daemon starts, which ends in words if its engine does not."""
        process, started = self._daemon.process, self._daemon.logged("daemon.started")
        if process is None or not started or started[-1]["pid"] != process.pid:
            return False
        engines = [*_engines(self._daemon)]
        for pid in engines:
            os.kill(pid, signal.SIGKILL)
        return bool(engines)

    def _take_share_away(self, chance: random.Random) -> bool:
        self._root.rename(self._away)
        self._root.mkdir()
        self._lasts[AWAY] = chance.randint(40, 200)
        return True

    def _fill_disk(self, chance: random.Random) -> bool:
        if self._disk is None:
            return False
        there = os.statvfs(self._disk)
        size_bytes = max(1, there.f_bavail * there.f_frsize - _LEFT_BYTES)
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        self._lasts[FULL] = chance.randint(40, 200)
        return True

    def _set_clock(self, chance: random.Random) -> bool:
        off_s = chance.choice((-86_400, -3_600, -5, 0, 5, 3_600, 86_400))
        told = self._clock.with_name("clock.part")
        told.write_text(str(off_s), encoding="ascii")
        told.replace(self._clock)  # a daemon may read it at any moment
        return True

    _BEFALL: ClassVar[Mapping[str, Callable[["Machine", random.Random], bool]]] = {
        "the daemon is killed": _kill,
        "the daemon is killed at a point": _kill_at_a_point,
        "the daemon is stopped": _stop,
        "the engine is killed": _kill_engine,
        AWAY: _take_share_away,
        FULL: _fill_disk,
        "the clock is set": _set_clock,
    }

    def _end(self, what: str) -> None:
        del self._lasts[what]
        if what == AWAY:
            left = [path.name for path in self._root.iterdir()]
            if left:
                self.found.append(f"{left} was written where the share was not")
                shutil.rmtree(self._root)
            else:
                self._root.rmdir()
            self._away.rename(self._root)
        elif what == FULL:
            self._filler.unlink()

    def _may_start(self) -> bool:
        process = self._daemon.process
        is_dead = process is None or process.poll() is not None
        return is_dead and not {_DOWN, AWAY, FULL} & {*self._lasts}

    def _note_death(self) -> None:
        """Note whom nobody here killed: it died at the point that it was to, or of a fault."""
        code = None if self._daemon.process is None else self._daemon.process.returncode
        if code == -signal.SIGKILL and self._dies_at is not None:
            self._ledger.fault("the daemon is killed at a point")
            self._ledger.note("killed", at_point=self._dies_at)
        elif code == EXIT_REFUSED and self._last_error().endswith("[spool_away]"):
            self._ledger.note("ended because the share went away while it started")
        elif code not in (0, -signal.SIGKILL, -signal.SIGTERM):  # the last, where it was starting
            self.found.append(f"the daemon ended by itself with {code}")

    def _last_error(self) -> str:
        """Give the last error that the daemon ended with; Python may warn of what it left open."""
        log = (self._daemon.folder / "daemon.log").read_text(encoding="utf-8", errors="replace")
        return next((line for line in reversed(log.splitlines()) if line.startswith("error:")), "")

    @property
    def _filler(self) -> Path:
        return self._root.with_name("filler")


def _engines(daemon: Daemon) -> Iterator[int]:
    """Give the processes of the built-in engine that the daemon started."""
    if daemon.process is not None and daemon.process.poll() is None:
        pid = daemon.process.pid
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, children.read_text(encoding="ascii").split()):
                if b"engine" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    yield child
