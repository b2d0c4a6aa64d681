"""The daemon and its engine as processes forked from this one, which has imported both."""

import json
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tests.crashes import points
from tests.ports import lasting_port
from vqd import daemon, logs
from vqd.engine.server import serve
from vqd.service import submit
from vqd.settings.load import load
from vqd.store import store
from vqd.watchers import hotfolder

LOG = "daemon.log"
"""What the daemon logs, beside its house: no power cut takes it."""
_WELCOME = "welcome"
"""It has no part in any job's life, and takes half of what the daemon takes for one."""


class ForkedEngine:
    """The built-in engine in a process of its own; started again on its port when it was killed."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = lasting_port()
        self._pid = 0
        self.url = ""

    def __enter__(self) -> "ForkedEngine":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        _reap(self._pid)

    def kill(self) -> None:
        """End it as kill -9 does; any process may."""
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

    def _serve(self, announce: Callable[[str], None]) -> None:
        _write_into(self._data / "engine.log")
        serve("127.0.0.1", self._port, self._data, announce=announce)


class ForkedDaemon:
    """The daemon on a house, in a process of its own, with `reach` told of its points."""

    def __init__(
        self, house: Path, engine: str, reach: points.Reach, *, syncs: bool = False
    ) -> None:
        self._house = house
        self._log = house.with_name(LOG)
        self._is_dead = False
        self._pid = os.fork()
        if not self._pid:
            _end_as(lambda: self._run(engine, reach, syncs=syncs))

    @property
    def log(self) -> str:
        """Give what it logged, over all starts."""
        return self._log.read_text(encoding="utf-8")

    def is_alive(self) -> bool:
        """Tell whether it has not ended."""
        self._is_dead = self._is_dead or _is_dead(self._pid)
        return not self._is_dead

    def kill(self) -> None:
        """End it as kill -9 does, and wait until it is gone."""
        if self.is_alive():
            os.kill(self._pid, signal.SIGKILL)
            _reap(self._pid)
            self._is_dead = True

    def _run(self, engine: str, reach: points.Reach, *, syncs: bool) -> None:
        _write_into(self._log)
        os.environ["VQD_SERVERS"] = json.dumps([engine])
        logs.set_up_logs(as_json=True)
        _leave_out(_WELCOME)
        _take_as_large()
        _wait_for_no_job_file()
        points.install(reach, syncs=syncs)
        settings = self._house / "vqd.yaml"
        daemon.run(load(settings).settings, lambda: load(settings).settings)


def _leave_out(thread: str) -> None:
    """Let no thread of that name do anything."""
    run = threading.Thread.run

    def run_unless_left_out(self: threading.Thread) -> None:
        if self.name != thread:
            run(self)

    threading.Thread.run = run_unless_left_out  # type: ignore[method-assign]


def _take_as_large() -> None:
    """Let a job of two prompts be assembled in several commits, and one of four beside others, as
    those of thousands are."""
    setattr(store, "SLICE", 1)  # noqa: B010
    setattr(submit, "LARGE", 3)  # noqa: B010


def _wait_for_no_job_file() -> None:
    """Let a folder named after a workflow be a hot folder at once."""
    setattr(hotfolder, "NEW_QUIET_S", 0.0)  # noqa: B010


def _write_into(log: Path) -> None:
    """Let this process write into a file what it would have said."""
    log.parent.mkdir(exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for said in (1, 2):
        os.dup2(descriptor, said)


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
