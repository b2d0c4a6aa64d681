"""Under a daemon of a test: kills it at the point that $CRASH_AT names, or lets it publish nothing
(`never published`); and sets its clock off by the seconds that the file $CLOCK_OFF_BY tells.
"""

import os
import threading
import time
from pathlib import Path

from tests.crashes import points

_PUBLISHER = "publisher"
_RUN = threading.Thread.run
_TIME = time.time


def _kill_at(named: str) -> points.Reach:
    def reach(point: points.Point) -> None:
        if str(point) == named:
            points.kill()

    return reach


def _run(self: threading.Thread) -> None:
    if self.name == _PUBLISHER:
        threading.Event().wait()
    _RUN(self)


def _off_by(told: Path) -> None:
    def off() -> float:
        return _TIME() + float(told.read_text(encoding="ascii"))

    time.time = off


match os.environ.pop("CRASH_AT", None):  # not of its children
    case None:
        pass
    case "never published":
        threading.Thread.run = _run  # type: ignore[method-assign]
    case named:
        points.install(_kill_at(named))

if "CLOCK_OFF_BY" in os.environ:
    _off_by(Path(os.environ["CLOCK_OFF_BY"]))
