"""How fast jobs are read and planned, in a process of its own: what 100,000 prompts cost."""

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from tests.bench.figure import Figure
from vqd.definitions.load import Definitions
from vqd.definitions.shipped import shipped_folder
from vqd.domain.jobspec import FoundInputs, InputFile
from vqd.intake import jobfile
from vqd.intake.inputs import with_rows
from vqd.intake.places import Places
from vqd.planning.expand import plan

INPUTS = 1000
ROWS = 10_000
TICK_S = 0.002

T = TypeVar("T")


def planning(folder: Path) -> list[Figure]:
    """Read and plan large jobs, and tell how late another thread was meanwhile."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.planning", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [Figure(**facts) for facts in json.loads(told.stdout)]


def _measured(folder: Path) -> list[Figure]:
    _write_jobs(folder)
    figures: list[Figure] = []

    def timed(name: str, at_most_s: float, measured: Callable[[], T]) -> T:
        late = _Lateness()
        began = time.perf_counter()
        made = measured()
        figures.append(Figure(name, time.perf_counter() - began, "s", at_most_s))
        figures.append(Figure(f"{name}: another thread late", late.stop_ms(), "ms"))
        return made

    workflow = Definitions((shipped_folder(),)).get("image-scale")
    many = FoundInputs({"image": tuple(InputFile(f"{at}.png", 1) for at in range(INPUTS))})
    spec, _ = jobfile.read(folder / "table.yaml")
    timed("table of 10,000 rows read", 0.2, lambda: with_rows(spec, Places(folder)))
    timed("job file of 1 MB read", 0.2, lambda: jobfile.read(folder / "large.yaml"))
    wide, _ = jobfile.read(folder / "wide.yaml")
    planned = timed(
        "100,000 prompts planned", 10, lambda: plan(wide, workflow, many, job="j", created_at=0)
    )
    timed("100,000 prompts made", 10, lambda: sum(1 for _ in planned.prompts()))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*figures, Figure("memory for all of this", peak_mb, "MB", 200)]


def _write_jobs(folder: Path) -> None:
    sizes = [f"{16 + at % 4096}x{16 + at // 4096}" for at in range(ROWS)]
    head = "vqd: 1\nworkflow: image-scale\nfan_out:\n"
    table = "".join(f"{size},area,center\n" for size in sizes)
    (folder / "shots.csv").write_text(f"size,method,crop\n{table}")
    (folder / "table.yaml").write_text(f"{head}  rows: shots.csv\n")
    told = "# a remark that somebody wrote behind this row of the table in the job file"
    rows = "".join(f"    - {{size: {size}, method: area}} {told}\n" for size in sizes)
    (folder / "large.yaml").write_text(f"{head}  rows:\n{rows}"[: 1 << 20])
    matrix = f"{{size: [{', '.join(sizes[:50])}], method: [lanczos, area]}}"
    (folder / "wide.yaml").write_text(f"{head}  matrix: {matrix}\n")


class _Lateness:
    """How late a thread is that only wants to run every 2 ms."""

    def __init__(self) -> None:
        self._late_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick)
        self._thread.start()

    def stop_ms(self) -> float:
        self._over.set()
        self._thread.join()
        return self._late_s * 1000

    def _tick(self) -> None:
        before = time.perf_counter()
        while not self._over.wait(TICK_S):
            now = time.perf_counter()
            self._late_s = max(self._late_s, now - before - TICK_S)
            before = now


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(figure) for figure in _measured(Path(sys.argv[1]))]))
