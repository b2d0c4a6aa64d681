"""One job's life, in a folder of its own: dropped, carried out, cut off at a point, gone on with.

The daemon and its engine are processes forked from this one, which has imported both: so a life
costs a quarter of a second, and thousands of them can be had.
"""

import json
import os
import re
import signal
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import requests
import yaml

from tests.crashes import points
from tests.crashes.kinds import HOT, KINDS, Kind, lay_workflow_out
from tests.crashes.powercut import Disk
from tests.crashes.states import leftovers, state_of
from tests.daemons import manifest_of, status_of
from tests.opened import opened
from tests.waiting import wait_for
from vqd import daemon, logs
from vqd.engine.server import serve
from vqd.settings.load import load
from vqd.spool.layout import Spool
from vqd.store.integrity import faults_of, miscounted
from vqd.store.store import Store

_ENDS_WITHIN_S = 90.0
_WELCOME = "welcome"
"""It has no part in any job's life, and takes half of what the daemon takes for one."""
_FAILED = re.compile(r'"event": "[a-z]+\.failed"')


class Fault(StrEnum):
    """What happens at a point."""

    NONE = "nothing"
    KILL = "the daemon is killed"
    TORN = "the daemon is killed, and half of the file is there"
    ENGINE = "the engine is killed"
    POWER = "the power is cut"


@dataclass(frozen=True, slots=True)
class Trial:
    """A kind of job, and what happens at which point of its life."""

    kind: str
    fault: Fault = Fault.NONE
    at: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.fault} {self.at}"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it: the points it reached, in order, where nothing happened; whether the fault
    did happen; the state right after it; and what is not as it must be."""

    trial: Trial
    reached: tuple[str, ...] = ()
    was_hit: bool = False
    state: str | None = None
    wrong: str | None = None
    seconds: float = 0.0


def lay_out(folder: Path) -> None:
    """Make what every life begins with: a spool, a workflow, and a queue of nothing."""
    Spool.create(folder / "spool")
    lay_workflow_out(folder / "workflows")
    settings = {
        "spool": "spool",
        "state_dir": "state",
        "workflows": ["workflows"],
        "defaults": {HOT: {"size": "16x16"}},
        "settle_s": 0.05,
        "gather_s": 0.2,
        "rescan_s": 2,
    }
    (folder / "vqd.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "state").mkdir()
    Store(folder / "state" / "queue.db").close()


def live(trial: Trial, base: Path, folder: Path) -> Told:
    """Let a job live in a copy of `base`."""
    begun_at = time.monotonic()
    folder.mkdir()
    try:
        with Disk(base, folder / "house", is_cut=trial.fault is Fault.POWER) as disk:
            told = _Life(trial, disk, folder).told()
    except Exception:  # noqa: BLE001 - a life that cannot be judged is told of, too
        told = Told(trial, wrong=traceback.format_exc(limit=-4))
    return Told(
        trial, told.reached, told.was_hit, told.state, told.wrong, time.monotonic() - begun_at
    )


class _Life:
    def __init__(self, trial: Trial, disk: Disk, folder: Path) -> None:
        self._trial = trial
        self._kind = KINDS[trial.kind]
        self._disk = disk
        self._house = disk.folder
        self._spool = self._house / "spool"
        self._queue = self._house / "state" / "queue.db"
        self._reached = folder / "reached"
        self._hit = folder / "hit"
        self._engine = _Engine(folder / "engine")
        self._is_steered = self._kind.meanwhile is None

    def told(self) -> Told:
        self._kind.drop(self._spool / "inbox")
        self._disk.sync()
        with self._engine:
            state, wrong = None, None
            living = self._begin(self._reach())
            try:
                self._wait_for_the_end(living)
                if self._trial.fault not in (Fault.NONE, Fault.ENGINE):
                    living.kill()
                    self._disk.restore()
                    state = state_of(self._spool, self._queue, self._kind.files.values())
                    living = self._begin(_pass_over)
                    self._wait_for_the_end(living)
                self._check(living)
            except AssertionError as error:
                wrong = f"{error}\n{traceback.format_exc(limit=-2)}"
            finally:
                living.kill()
        return Told(self._trial, self._points(), self._hit.exists(), state, wrong)

    def _begin(self, reach: points.Reach) -> "_Daemon":
        syncs = self._trial.fault is Fault.POWER
        return _Daemon(self._house, self._engine.url, reach, syncs=syncs)

    def _wait_for_the_end(self, living: "_Daemon") -> None:
        wait_for(
            lambda: not living.is_alive() or self._is_over(),
            within_s=_ENDS_WITHIN_S,
            what="the end of the job",
        )

    def _is_over(self) -> bool:
        self._engine.keep_alive()
        if not self._is_steered and self._kind.meanwhile is not None:
            self._is_steered = self._kind.meanwhile(self._spool, self._engine.url)
        return _closed_in(self._queue)

    def _reach(self) -> points.Reach:
        """Give what is done in the daemon at each point: note it, or bring the fault about."""
        trial, hit = self._trial, self._hit
        if trial.fault is Fault.NONE:
            told = os.open(self._reached, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            return lambda point: _note(told, point)

        def reach(point: points.Point) -> None:
            if str(point) != trial.at or hit.exists():
                return
            os.close(os.open(hit, os.O_WRONLY | os.O_CREAT))
            if trial.fault is Fault.ENGINE:
                self._engine.kill()
                return
            if trial.fault is Fault.TORN:
                points.tear(point.path)
            if trial.fault is Fault.POWER:
                self._disk.cut()
            points.kill()

        return reach

    def _points(self) -> tuple[str, ...]:
        if not self._reached.exists():
            return ()
        return tuple(self._reached.read_text(encoding="utf-8").splitlines())

    def _check(self, living: "_Daemon") -> None:
        """See that the job came back once and whole, and that nothing else is left."""
        hot = (HOT,) if self._kind.folder == HOT else ()
        wait_for(
            lambda: not (living.is_alive() and leftovers(self._spool, hot=hot)),
            within_s=10,
            what="the end of what it worked with",
        )
        assert living.is_alive(), f"the daemon ended:\n{living.log}"
        state_of(self._spool, self._queue, self._kind.files.values())
        assert _faults_of(self._queue) == []
        (folder,) = [*(self._spool / "done").iterdir(), *(self._spool / "failed").iterdir()]
        check_back(folder, self._kind, renders=self._renders())
        _check_log(living.log)

    def _renders(self) -> int | None:
        """Give how often prompts were carried out; None where the engine may have forgotten."""
        if self._trial.fault is Fault.ENGINE:
            return None
        history = requests.get(f"{self._engine.url}/history", timeout=5).json()
        return len(history)


def check_back(folder: Path, kind: Kind, *, renders: int | None) -> None:
    """See that a job is back as its kind says, once and whole; every file of it opens.

    Raises:
        AssertionError: it is not so.
    """
    is_cut_short = kind.meanwhile is not None
    assert is_cut_short or folder.parent.name == kind.home, f"it is in {folder.parent.name}"
    kinds = opened(folder)
    lines = manifest_of(folder) if (folder / "manifest.jsonl").exists() else []
    counts = status_of(folder)["counts"]
    made = len({line["output"] for line in lines})
    assert len(lines) == made == kinds["output"] == counts["succeeded"], (lines, kinds, counts)
    assert is_cut_short or made == kind.outputs, f"{made} outputs of {kind.outputs}"
    assert kinds["status"] == kinds["log"] == kinds["report"] == kinds["job"] == 1, kinds
    assert kinds["why"] == (folder.parent.name == "failed"), kinds
    pictures = sum(name.endswith(".png") for name in kind.files)
    assert kinds["dropped"] == pictures, kinds
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert log.count(" succeeded on ") == made, log
    assert log.count(" accepted: ") == 1, log
    if renders is not None and not is_cut_short:
        assert renders == kind.renders, f"rendered {renders} times instead of {kind.renders}"


class _Engine:
    """The built-in engine in a process of its own; started again on its port when it was killed."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = 0
        self._pid = 0
        self.url = ""

    def __enter__(self) -> "_Engine":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        _reap(self._pid)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def keep_alive(self) -> None:
        """Start it again if it was killed."""
        if _is_dead(self._pid):
            self._start()

    def _start(self) -> None:
        told, tell = os.pipe()

        def announce(url: str) -> None:
            os.write(tell, url.encode())
            os.close(tell)

        self._pid = os.fork()
        if not self._pid:
            _end_as(lambda: self._serve(announce))
        os.close(tell)
        with os.fdopen(told, encoding="utf-8") as announced:
            self.url = announced.read()
        self._port = int(self.url.rpartition(":")[2])

    def _serve(self, announce: Callable[[str], None]) -> None:
        _write_into(self._data / "engine.log")
        serve("127.0.0.1", self._port, self._data, announce=announce)


class _Daemon:
    """The daemon on a house, in a process of its own, with `reach` told of its points."""

    def __init__(
        self, house: Path, engine: str, reach: points.Reach, *, syncs: bool = False
    ) -> None:
        self._house = house
        self._log = house / "daemon.log"
        self._is_dead = False
        self._pid = os.fork()
        if not self._pid:
            _end_as(lambda: self._run(engine, reach, syncs=syncs))

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def is_alive(self) -> bool:
        self._is_dead = self._is_dead or _is_dead(self._pid)
        return not self._is_dead

    def kill(self) -> None:
        if self.is_alive():
            os.kill(self._pid, signal.SIGKILL)
            _reap(self._pid)
            self._is_dead = True

    def _run(self, engine: str, reach: points.Reach, *, syncs: bool) -> None:
        _write_into(self._log)
        os.environ["VQD_SERVERS"] = json.dumps([engine])
        logs.set_up_logs(as_json=True)
        _leave_out(_WELCOME)
        points.install(reach, syncs=syncs)
        settings = self._house / "vqd.yaml"
        daemon.run(load(settings).settings, lambda: load(settings).settings)


def _check_log(log: str) -> None:
    """See that the daemon found no fault of its own."""
    failed = [line for line in log.splitlines() if _FAILED.search(line)]
    assert not failed, failed


def _closed_in(queue: Path) -> bool:
    """Tell whether the job is over in the queue; no while that is not there, or its disk is not."""
    try:
        with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True, timeout=5)) as connection:
            row = connection.execute("SELECT count(finished_at) FROM jobs").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(row[0])


def _faults_of(queue: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        return [*faults_of(connection), *miscounted(connection)]


def _note(told: int, point: points.Point) -> None:
    os.write(told, f"{point}\n".encode())


def _leave_out(thread: str) -> None:
    """Let no thread of that name do anything."""
    run = threading.Thread.run

    def run_unless_left_out(self: threading.Thread) -> None:
        if self.name != thread:
            run(self)

    threading.Thread.run = run_unless_left_out  # type: ignore[method-assign]


def _write_into(log: Path) -> None:
    """Let this process write into a file what it would have said."""
    log.parent.mkdir(exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for said in (1, 2):
        os.dup2(descriptor, said)


def _pass_over(_: points.Point) -> None:
    """Let everything go on."""


def _is_dead(pid: int) -> bool:
    """Tell whether a child has ended; it is told of once."""
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _end_as(run: Callable[[], object]) -> NoReturn:
    try:
        run()
    except BaseException:  # noqa: BLE001 - it must not go on as its parent would
        traceback.print_exc()
        os._exit(70)
    os._exit(0)
