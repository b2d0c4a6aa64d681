"""Trials: something is carried out in a process of its own, which is killed before a chosen point.

Each line on standard input is one trial: what it is of, and `at`, the point before which the
process is killed, counted from 0; none to let it end. `torn` leaves half of the file that was to be
synced there. The answer tells whether it was killed, and the points that were reached.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import structlog

from tests.crashes import points

Reach = Callable[[str, Path | None], None]
"""Is told the name of a point, and of a file that is synced there its path."""
Act = Callable[..., None]
"""Is given the points to be told of, and what the trial is of."""


class Trials:
    """A process that carries out the trials of one module, one after the other."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.crashes.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def carry_out(self, **trial: Any) -> dict[str, Any]:
        """Carry out one, or have it killed meanwhile."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(trial), file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline())
        assert isinstance(told, dict)
        return told

    def close(self) -> None:
        """End it; a decoder of a trial that was killed may have its output open for a while."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def carry_out_trials(act: Act) -> None:
    """Carry out the trials that are asked for on standard input."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for line in sys.stdin:
        print(json.dumps(_tried(act, **json.loads(line))), flush=True)  # noqa: T201


def _tried(act: Act, *, at: int | None = None, torn: bool = False, **trial: Any) -> dict[str, Any]:
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        _end_as(lambda: act(_reach(at, tell, is_torn=torn), **trial))
    os.close(tell)
    with os.fdopen(told, encoding="utf-8") as names:
        reached = names.read().splitlines()
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return {"killed": os.WIFSIGNALED(status), "points": reached}


def _end_as(run: Callable[[], None]) -> NoReturn:
    try:
        run()
    except BaseException:  # noqa: BLE001 - it must not go on as its parent would
        traceback.print_exc()
        os._exit(70)
    os._exit(0)


def _reach(at: int | None, tell: int, *, is_torn: bool) -> Reach:
    reached = 0

    def reach(name: str, path: Path | None) -> None:
        nonlocal reached
        if reached == at:
            if is_torn:
                points.tear(path)
            points.kill()
        os.write(tell, f"{name}\n".encode())
        reached += 1

    return reach
