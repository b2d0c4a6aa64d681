"""`script/bench`: run every figure, print the table, keep the history."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figure import Figure
from tests.bench.figures import FIGURES

HISTORY = Path(__file__).parents[2] / "bench" / "history.jsonl"


def main() -> int:
    """Measure; gives 1 if a figure misses its target."""
    wanted = sys.argv[1:]
    figures: list[Figure] = []
    for name, measure in FIGURES.items():
        if wanted and name not in wanted:
            continue
        Console(stderr=True).print(f"measuring {name} …")
        with tempfile.TemporaryDirectory(prefix="vqd-bench-") as folder:
            figures += measure(Path(folder))
    Console().print(_table(figures))
    _keep(figures)
    return int(any(figure.missed for figure in figures))


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "measured", "target", "", title=f"vqd at {_commit()}")
    for figure in figures:
        mark = ("missed" if figure.missed else "ok") if figure.target else ""
        table.add_row(figure.name, f"{figure.value:.3g} {figure.unit}", figure.target, mark)
    return table


def _keep(figures: list[Figure]) -> None:
    HISTORY.parent.mkdir(exist_ok=True)
    line = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": _commit(),
        "figures": {figure.name: round(figure.value, 4) for figure in figures},
    }
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(json.dumps(line) + "\n")


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(
        asked, capture_output=True, text=True, check=False, cwd=HISTORY.parents[1]
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
