"""How long the command line takes to start, as a ratio to Python itself, which no machine's speed
changes. Python takes 11 ms where `vqd status` is to take 150."""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench.figure import Figure

_TURNS = 7


def starting(folder: Path) -> list[Figure]:
    """Start verbs on a queue in which nothing is, and Python with nothing to do."""
    environment = {**os.environ, "VQD_SETTINGS": str(folder / "vqd.yaml")}
    vqd = [sys.executable, "-m", "vqd"]
    made = [*vqd, "init", str(folder / "spool"), "--state", str(folder / "state")]
    _run([*made, "--settings", str(folder / "vqd.yaml")], environment)
    bare_s = _median(lambda: _cpu_s([sys.executable, "-c", ""], environment))
    help_s = _median(lambda: _cpu_s([*vqd, "--version"], environment))
    status_s = _median(lambda: _cpu_s([*vqd, "status"], environment))
    return [
        Figure("processor time of vqd --version / python", help_s / bare_s, "times"),
        Figure("processor time of vqd status / python", status_s / bare_s, "times", 14),
    ]


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_TURNS))


def _cpu_s(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Give the processor time of a command, of its own and of the kernel for it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    subprocess.run(command, env=dict(environment), capture_output=True, check=False, timeout=60)
