"""Under a daemon of a test: kills it at the point that $CRASH_AT names; `never published` lets it
publish nothing instead."""

import os
import threading
from pathlib import Path

from tests.crashes import points


def _reach(name: str, _: Path | None) -> None:
    if name == os.environ["CRASH_AT"]:
        points.kill()


def _run(self: threading.Thread) -> None:
    if self.name == _PUBLISHER:
        threading.Event().wait()
    _RUN(self)


_PUBLISHER = "publisher"
_RUN = threading.Thread.run

match os.environ.get("CRASH_AT"):
    case None:
        pass
    case "never published":
        threading.Thread.run = _run  # type: ignore[method-assign]
    case _:
        points.install(points.before(_reach, {_PUBLISHER, "store-writer"}))
