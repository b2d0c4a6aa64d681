"""How a job must be back: once, whole, and in a queue that is sound."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.crashes.kinds import Kind
from tests.daemons import manifest_of, status_of
from tests.opened import opened
from vqd.store.connection import open_for_reading
from vqd.store.counters import miscounted
from vqd.store.integrity import faults_of

_FAILED = re.compile(r'"event": "[a-z]+\.failed"')


def check_back(folder: Path, kind: Kind, *, renders: int | None) -> None:
    """See that a job is back as its kind says, once and whole; every file of it opens.

    Raises:
        AssertionError: it is not so.
    """
    assert kind.is_cut_short or folder.parent.name == kind.home, f"it is in {folder.parent.name}"
    empty = [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]
    assert not empty, empty
    kinds = opened(folder)
    lines = manifest_of(folder) if (folder / "manifest.jsonl").exists() else []
    counts = status_of(folder)["counts"]
    made = len({line["output"] for line in lines})
    assert len(lines) == made == kinds["output"] == counts["succeeded"], (lines, kinds, counts)
    assert kind.is_cut_short or made == kind.outputs, f"{made} outputs of {kind.outputs}"
    assert kinds["status"] == kinds["log"] == kinds["report"] == kinds["job"] == 1, kinds
    assert kinds["why"] == (folder.parent.name == "failed"), kinds
    pictures = sum(name.endswith(".png") for name in kind.files)
    assert kinds["dropped"] == pictures + 2 * kind.aside, kinds  # each with its sidecar
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert log.count(" succeeded on ") == made + kind.aside, log
    assert log.count(" accepted: ") == (1 if kind.edited is None else 2), log
    if renders is not None and not kind.is_cut_short:
        assert renders == kind.renders, f"rendered {renders} times instead of {kind.renders}"


def check_log(log: str) -> None:
    """See that the daemon found no fault of its own."""
    failed = [line for line in log.splitlines() if _FAILED.search(line)]
    assert not failed, failed


def faults_in(queue: Path) -> list[str]:
    """Give what is wrong with a queue."""
    with closing(open_for_reading(queue)) as connection:
        return [*faults_of(connection), *miscounted(connection)]


def is_closed_in(queue: Path, *, since: float | None) -> bool:
    """Tell whether the job is over in the queue, and was accepted after it was `since`; no while
    the queue is not there, or its disk is not."""
    try:
        return any(ended and at != since for at, ended in _times_in(queue))
    except sqlite3.DatabaseError:
        return False


def accepted_in(queue: Path) -> float | None:
    """Give when the job in a queue was accepted; None if it has none."""
    return next((at for at, _ in _times_in(queue)), None)


def _times_in(queue: Path) -> list[tuple[float, float | None]]:
    with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute("SELECT accepted_at, finished_at FROM jobs").fetchall()
