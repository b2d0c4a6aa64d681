"""`script/bench [--check] [GROUP]…`: measure, print the table, keep the history.

With `--check` the exit code tells of ratios that are worse than they were, too.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figure import Figure
from tests.bench.figures import FIGURES
from tests.bench.judging import Usual, values_of, worse

HISTORY = Path(__file__).parents[2] / "bench" / "history.jsonl"


CHECK = "--check"


def main() -> int:
    """Measure; gives 1 if a figure misses its target, or with `--check` is worse than it was."""
    wanted = [name for name in sys.argv[1:] if name != CHECK]
    if unknown := set(wanted) - FIGURES.keys():
        sys.exit(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}.")
    figures: list[Figure] = []
    for name, measure in FIGURES.items():
        if wanted and name not in wanted:
            continue
        Console(stderr=True).print(f"measuring {name} …")
        with tempfile.TemporaryDirectory(prefix="vqd-bench-") as folder:
            figures += measure(Path(folder))
    before = worse(figures, values_of(HISTORY.read_text("utf-8").splitlines()))
    Console().print(_table(figures, before))
    _keep(figures)
    is_checked = CHECK in sys.argv
    return int(any(figure.missed for figure in figures) or (is_checked and bool(before)))


def _table(figures: list[Figure], before: Mapping[str, Usual]) -> Table:
    table = Table("figure", "measured", "target", "", title=f"vqd at {_commit()}")
    for figure in figures:
        marks = [("missed" if figure.missed else "ok")] if figure.target else []
        if figure.name in before:
            marks.append(f"worse: {before[figure.name].median:.3g} before")
        table.add_row(
            figure.name, f"{figure.value:.3g} {figure.unit}", figure.target, ", ".join(marks)
        )
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
