"""Publishes a job whose prompts are over, as the daemon does, in a process for each trial.

    {"folder": "/tmp/trial", "job": "J", "at": 12}  ->  {"killed": true, "points": ["…", …]}

Each line on standard input is one trial: a folder with a spool and a queue, a job, and the point
before which the process is killed, counted from 0; none to let it end. `torn` leaves half of the
file that was to be synced there.
"""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import structlog

from tests.crashes import points
from vqd.media.thumbnails import Thumbnails
from vqd.runner.publish import Publisher
from vqd.spool.layout import Spool
from vqd.store.store import Store


def main() -> None:
    """Carry out one trial after the other."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for line in sys.stdin:
        print(json.dumps(_tried(**json.loads(line))), flush=True)  # noqa: T201


def _tried(folder: str, job: str, at: int | None = None, *, torn: bool = False) -> dict[str, Any]:
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        _end_as(lambda: _publish(Path(folder), job, _reach(at, tell, is_torn=torn)))
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


def _publish(folder: Path, job: str, reach: points.Reach) -> None:
    points.install(reach)
    store = Store(folder / "state" / "queue.db")
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    kept = Thumbnails(folder.parent / "thumbnails")
    ended = threading.Event()
    publisher = Publisher(store, Spool(folder / "spool"), on_change=ended.set, kept=kept)
    publisher.start()
    publisher.publish(found.job_key, job)
    assert ended.wait(30)
    publisher.stop()
    store.close()


def _reach(at: int | None, tell: int, *, is_torn: bool) -> points.Reach:
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


if __name__ == "__main__":
    main()
