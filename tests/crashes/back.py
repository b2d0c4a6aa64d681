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


def check_log(log: str) -> None:
    """See that the daemon found no fault of its own."""
    failed = [line for line in log.splitlines() if _FAILED.search(line)]
    assert not failed, failed


def faults_in(queue: Path) -> list[str]:
    """Give what is wrong with a queue."""
    with closing(open_for_reading(queue)) as connection:
        return [*faults_of(connection), *miscounted(connection)]


def is_closed_in(queue: Path) -> bool:
    """Tell whether the job is over in the queue; no while that is not there, or its disk is not."""
    try:
        with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True, timeout=5)) as connection:
            row = connection.execute("SELECT count(finished_at) FROM jobs").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(row[0])
