"""Write a queue, have one call refused, tell what was acknowledged, and what is there afterwards.

    python -m tests.faults.committing FOLDER REFUSALS

A line of JSON for each trial: of each kind of call the first is refused, then the second, and so on
until none is; of writes, which are many, every twentieth.
"""

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import structlog

from tests.builders import A_JOB_FILE, NOW, a_planned_job
from vqd.domain.errors import VqdError
from vqd.store.store import Store, StoreReader

JOBS = 5
CALLS = {
    "create": (errno.EIO, 1),
    "truncate": (errno.EIO, 1),
    "unlink": (errno.EIO, 1),
    "fsync": (errno.EIO, 1),
    "write": (errno.ENOSPC, 20),
}
"""What is refused with which errno, and how far apart."""


def trials(folder: Path, refusals: Path) -> Iterator[dict[str, object]]:
    """Give what came of each trial."""
    log = Path(f"{refusals}.log")
    for call, (number, step) in CALLS.items():
        for nth in count(1, step):
            trial = folder / "trials"
            shutil.rmtree(trial, ignore_errors=True)
            trial.mkdir()
            log.unlink(missing_ok=True)
            refusals.write_text(f"{number} {nth} {call}", encoding="ascii")
            told = _carried_out(trial / "queue.db")
            refusals.unlink()
            if not log.exists():
                break
            refused = log.read_text(encoding="utf-8").replace(f"{trial}/", "").strip()
            yield {**told, "refused": refused, "found": _jobs_in(trial / "queue.db")}


def _carried_out(queue: Path) -> dict[str, object]:
    """Bring jobs in, in a process of its own, of which the calls are counted."""
    told, tell = os.pipe()
    if not (pid := os.fork()):
        try:
            os.close(told)
            _bring_in(queue, tell)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(told, encoding="utf-8") as lines:
        acknowledged = lines.read().splitlines()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    ended_by = acknowledged.pop() if acknowledged and acknowledged[-1][:5] == "store" else None
    return {"acknowledged": acknowledged, "ended_by": ended_by}


def _bring_in(queue: Path, tell: int) -> None:
    """Bring jobs in, each tried twice, and tell of each commit; at last what kept others away."""
    kept_away = ""
    try:
        with closing(Store(queue)) as store:
            for number in range(JOBS):
                job = f"20260101-00000{number}-a"
                kept_away = _bring(store, job) and _bring(store, job)
                if not kept_away:
                    os.write(tell, f"{job}\n".encode())
    except VqdError as error:
        kept_away = error.code
    if kept_away:
        os.write(tell, f"{kept_away}\n".encode())


def _bring(store: Store, job: str) -> str:
    """Bring a job in; gives what kept it away, "" if nothing did."""
    try:
        store.accept(job, a_planned_job(20), A_JOB_FILE, input_folder="", now=NOW)
    except VqdError as error:
        return error.code
    return ""


def _jobs_in(queue: Path) -> list[str]:
    with closing(Store(queue)):
        pass
    with closing(StoreReader(queue)) as reader, reader.reading() as session:
        return sorted(session.adopted.states())


structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
for one in trials(Path(sys.argv[1]), Path(sys.argv[2])):
    print(json.dumps(one), flush=True)  # noqa: T201
